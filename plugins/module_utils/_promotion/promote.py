# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image promotion: tags of a destination point at the digest that a source has, with all that belongs to it. Nothing is ever deleted.

The order: children, blobs, the root by its digest, what refers to it, and the tag last, so that whoever sees the tag sees everything. What refers
to an image is looked for while the image is being stored.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci import refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Transport
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest, Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion import attached as attachments
from ansible_collections.slipway.platform.plugins.module_utils._promotion import carry, plan, tags, tree
from ansible_collections.slipway.platform.plugins.module_utils._promotion.attached import Attached
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import (
    CHANGED,
    FAILED,
    IGNORE,
    REQUIRE,
    UNCHANGED,
    Done,
    Image,
    Promoted,
    Request,
    Result,
)
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Session, Tally, counted, groups
from ansible_collections.slipway.platform.plugins.module_utils._promotion.transfer import Transfer
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Node, Tree


def promote(
    request: Request, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep, transport: Transport | None = None
) -> Result:
    """Promote all images at the same time. What goes wrong with one is said in its place of the result and stops no other."""
    started = clock()
    with Session(request.access, clock, sleep, transport) as session:
        _expect(session, request)
        with ThreadPoolExecutor(request.access.concurrency, "image") as threads:
            jobs = [threads.submit(contextvars.copy_context().run, _promote, session, request, image) for image in request.images]
            images = tuple(job.result() for job in jobs)
        return Result(images, session.requests, round(clock() - started, 3))


def _expect(session: Session, request: Request) -> None:
    """One token for all that a promotion asks of a registry."""
    actions = ("pull",) if request.check_mode else ("pull", "push")
    hosts = {reference.registry for image in request.images for reference in (image.source, image.destination)}
    for host in sorted(hosts):
        inside = [(i.source.repository, i.destination.repository) for i in request.images if i.source.registry == i.destination.registry == host]
        read = [i.source.repository for i in request.images if i.source.registry == host != i.destination.registry]
        written = [i.destination.repository for i in request.images if i.destination.registry == host != i.source.registry]
        registry = session.registry(host)
        for repository in {*read} - {*written}:
            registry.expect({repository: ("pull",)})
        for repository in written:
            registry.expect({repository: actions})
        for sources, destinations in groups(inside):
            registry.expect({name: actions if name in destinations or name in written else ("pull",) for name in sources | destinations})


def _promote(session: Session, request: Request, image: Image) -> Promoted:
    with counted() as tally:
        work = _Work(session, request, image, tally)
        try:
            state = work.run()
            return work.result(state)
        except SlipwayError as error:
            return work.result(FAILED, refusals.reason_of(error), error.message)


@dataclass
class _Work:
    """One image on its way; what is known so far is in the result also when it fails."""

    session: Session
    request: Request
    image: Image
    tally: Tally
    digest: str = ""
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    done: Done = field(default_factory=Done)
    stored: bool = False

    def run(self) -> str:
        source = self._look()
        wanted = tags.to_set(self.request, self.image, source.digest, self.before)
        if not wanted and self.request.referrers != REQUIRE:
            return UNCHANGED
        early = attachments.start(self.session, self._source, self.image.source.repository, source.digest) if self._looks_around else {}
        whole = Tree(((tree.parse(source),),)) if self._same_repository and not self._looks_around else self._read(source)
        finding = self._find(whole, early)
        transfer = Transfer(self.session, self._source, self.image.source.repository, self._destination, self.image.destination.repository, self.done)
        if self.request.check_mode:
            attached = finding.result()
            plan.fill(transfer, self.image, whole, Attached() if self._same_repository else attached, wanted, self.before)
            self.after |= dict.fromkeys(wanted, self.digest)
            return CHANGED if self.done.operations else UNCHANGED
        if not self._same_repository:
            self._store(transfer, whole, finding, wanted)
        tags.set_and_read(self.session, self.image, self._destination, wanted, source.digest, lambda tag: self._put(transfer, whole, tag))
        self.after |= dict.fromkeys(wanted, self.digest)
        return CHANGED if wanted or self.done.manifests else UNCHANGED

    @property
    def _source(self) -> Registry:
        return self.session.registry(self.image.source.registry)

    @property
    def _destination(self) -> Registry:
        return self.session.registry(self.image.destination.registry)

    @property
    def _same_repository(self) -> bool:
        source, destination = self.image.source, self.image.destination
        return (source.registry, source.repository) == (destination.registry, destination.repository)

    @property
    def _looks_around(self) -> bool:
        """Whether it matters what refers to the image. Within a repository nothing has to be carried."""
        return self.request.referrers == REQUIRE or (self.request.referrers != IGNORE and not self._same_repository)

    def _look(self) -> Manifest:
        """The source and the tags of the destination, at the same time. From here on only the digest counts."""
        repository = self.image.destination.repository
        found: list[Manifest] = []

        def look(tag: str | None) -> None:
            if tag is None:
                found.append(self._source.manifest(self.image.source.repository, str(self.image.source.digest or self.image.source.tag)))
            else:
                self.before[tag] = self.after[tag] = tags.read(self.session, self._destination, repository, tag)

        self.session.each(look, [None, *self.image.tags])
        self.before = {tag: self.before[tag] for tag in self.image.tags}
        self.after = dict(self.before)
        tree.parse(found[0])
        self.digest = str(found[0].digest)
        return found[0]

    def _read(self, source: Manifest) -> Tree:
        return tree.read(self.session, self._source, self.image.source.repository, [source])[0]

    def _find(self, whole: Tree, early: attachments.Early) -> Future[Attached]:
        """What refers to the image, looked for while the image is stored; with ``require`` nothing is stored before something is found."""
        if not self._looks_around:
            nothing: Future[Attached] = Future()
            nothing.set_result(Attached())
            return nothing
        finding = self.session.beside(lambda: attachments.discover(self.session, self._source, self.image.source.repository, whole, early))
        if self.request.referrers == REQUIRE and not finding.result().names:
            message = f"nothing refers to {self.image.source} ({self.digest}): no signature, SBOM or attestation, and referrers is 'require'"
            raise SlipwayError(message, reason=refusals.POLICY_REFUSED)
        return finding

    def _store(self, transfer: Transfer, whole: Tree, finding: Future[Attached], wanted: list[str]) -> None:
        """Everything but the tags: children first, then the root where something refers to it, then what refers to it."""
        if not wanted:
            attached = finding.result()
            attached = replace(attached, referrers=carry.unlisted(transfer, attached.referrers))
        else:
            try:
                self._store_below(transfer, [node for node in whole.nodes if node is not whole.root])
            finally:
                wait([finding])  # whatever it asks for is counted here
            attached = finding.result()
            if attached.names and whole.root.is_index:
                rooting = self.session.start(lambda: self._put(transfer, whole, self.digest))
                carry.prepare(transfer, attached)
                rooting.result()
            elif attached.names:
                self._put(transfer, whole, self.digest)
        if attached.names:
            self.done.referrers = carry.carry(transfer, attached)

    def _store_below(self, transfer: Transfer, below: list[Node]) -> None:
        transfer.store([node for node in below if not node.is_index])
        for indexes in tree.rising(below):
            self.session.each(lambda node: transfer.put(node, str(node.digest)), indexes)

    def _put(self, transfer: Transfer, whole: Tree, target: str) -> None:
        """Store the root; the first time with its blobs, unless they are there already."""
        root = whole.root
        if self.stored or root.is_index or self._same_repository:
            transfer.put(root, target)
        elif transfer.is_careful or target == self.digest:
            transfer.store([root], [target])
        else:
            # It is not known whether the registry looks for the blobs: the tag must not show before they are there.
            transfer.store([root])
            transfer.put(root, target)
        self.stored = True

    def result(self, state: str, reason: str = "", msg: str = "") -> Promoted:
        done = self.done
        return Promoted(
            source=str(self.image.source),
            destination=str(self.image.destination),
            digest=self.digest,
            state=state,
            reason=reason,
            msg=msg,
            before=self.before,
            after=self.after,
            manifests=done.manifests,
            blobs_mounted=done.mounted,
            blobs_copied=done.copied,
            bytes=done.bytes,
            requests=self.tally.requests,
            referrers=done.referrers,
            operations=done.operations,
        )
