# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to an image without being part of it: OCI referrers (and what refers to those), and the tags that cosign sets beside it.

OCI distribution specification 1.1, "Listing Referrers", "Referrers Tag Schema"; cosign, "Signature Specification" (tag-based discovery).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._oci import referrers as oci
from ansible_collections.slipway.platform.plugins.module_utils._oci import refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest, Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion import tree
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Session
from ansible_collections.slipway.platform.plugins.module_utils._promotion.transfer import Transfer
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Node, Tree

_DEEPEST = 8
_COSIGN = ("sig", "att", "sbom")


@dataclass(frozen=True)
class Attached:
    """``referrers``: trees whose root has a subject; ``tags``: trees by the tag under which cosign keeps them."""

    referrers: tuple[Tree, ...] = ()
    tags: tuple[tuple[str, Tree], ...] = ()

    @property
    def names(self) -> list[str]:
        return sorted([str(one.root.digest) for one in self.referrers] + [tag for tag, _ in self.tags])


Early = dict[Digest, Future[list[Descriptor] | None]]


def start(session: Session, registry: Registry, repository: str, digest: Digest) -> Early:
    """Begin to look while the image itself is still being read."""
    session.start(lambda: session.tags(registry.host, repository))
    return {digest: session.start(lambda: _from_api(session, registry, repository, digest))}


def discover(session: Session, registry: Registry, repository: str, image: Tree, early: Early) -> Attached:
    """Everything attached to an image, to its children, and to what is attached, each once."""
    trees: list[Tree] = []
    frontier = [node.digest for node in image.nodes]
    seen = set(frontier)
    for _ in range(_DEEPEST):
        found: list[Manifest] = []
        for listed in _all_listed(session, registry, repository, frontier, early):
            fresh = {manifest.digest: manifest for manifest in listed if manifest.digest not in seen}
            seen |= set(fresh)
            found += fresh.values()
        if not found:
            break
        more = tree.read(session, registry, repository, found)
        trees += more
        frontier = [node.digest for one in more for node in one.nodes]
    else:
        message = f"what refers to {registry.host}/{repository}@{image.root.digest} is referred to again more than {_DEEPEST} times over"
        raise Conflict(message, host=registry.host, reason=refusals.UNSUPPORTED_MANIFEST)
    return Attached(tuple(trees), tuple(_cosign(session, registry, repository, seen, [node.digest for node in image.nodes])))


def _all_listed(session: Session, registry: Registry, repository: str, digests: Sequence[Digest], early: Early) -> Iterable[list[Manifest]]:
    def ask(digest: Digest) -> list[Manifest]:
        return _listed(session, registry, repository, digest, early)

    if registry.referrers_api is None and digests:
        return [ask(digests[0]), *session.each(ask, digests[1:])]
    return session.each(ask, digests)


def _listed(session: Session, registry: Registry, repository: str, digest: Digest, early: Early) -> list[Manifest]:
    """The manifests that refer to one, each checked to do so."""
    from_api = early[digest].result() if digest in early else _from_api(session, registry, repository, digest)
    tags = session.tags(registry.host, repository)
    look = oci.tag_of(digest) in tags if tags is not None else from_api is None
    from_tag = oci.from_tag(registry, repository, digest) if look else []
    found = []
    for described in {d.digest: d for d in (*(from_api or ()), *from_tag)}.values():
        try:
            manifest = tree.fetch(registry, repository, described)
        except NotFound:
            if described in (from_api or ()):
                raise
            continue  # nobody tidies the index under the tag when something that it lists is removed
        # Some registries list what has nothing to do with it, and any index may have the name of the tag.
        if tree.parse(manifest).subject == digest:
            found.append(manifest)
    return found


def _from_api(session: Session, registry: Registry, repository: str, digest: Digest) -> list[Descriptor] | None:
    if registry.referrers_api is None:
        # One question tells whether the registry has the API at all.
        with session.first(registry.host):
            return oci.from_api(registry, repository, digest)
    return oci.from_api(registry, repository, digest)


def _cosign(session: Session, registry: Registry, repository: str, digests: Iterable[Digest], image: Sequence[Digest]) -> Iterable[tuple[str, Tree]]:
    tags = session.tags(registry.host, repository)
    if tags is None:
        names = [f"{oci.tag_of(digest)}.{suffix}" for digest in image for suffix in _COSIGN]
    else:
        prefixes = {oci.tag_of(digest) for digest in digests}
        names = sorted(tag for tag in tags if tag.partition(".")[0] in prefixes and "." in tag)
    found = session.each(lambda name: registry.find(repository, name), names)
    present = [(name, manifest) for name, manifest in zip(names, found, strict=True) if manifest is not None]
    return zip((name for name, _ in present), tree.read(session, registry, repository, [manifest for _, manifest in present]), strict=True)


def carry(transfer: Transfer, attached: Attached) -> list[str]:
    """Bring what is attached to the destination, and see that it is there. The names (digests, tags) of what was there already are left out."""
    session, registry, repository = transfer.session, transfer.destination, transfer.repository
    fresh = fresh_tags(transfer, attached.tags)
    trees = [*attached.referrers, *(one for _, one in fresh)]
    targets: dict[Digest, str] = {}
    again = [(name, one) for name, one in fresh if targets.setdefault(one.root.digest, name) != name]  # the same under another name
    leaves = list({node.digest: node for one in trees for node in one.nodes if not node.is_index}.values())
    answers = dict(zip((n.digest for n in leaves), transfer.store(leaves, [targets.get(n.digest, str(n.digest)) for n in leaves]), strict=True))
    for one in trees:
        for level in reversed(one.levels):
            for node in level:
                if node.is_index:
                    answers[node.digest] = transfer.put(node, targets.get(node.digest, str(node.digest)))
    for name, one in again:
        transfer.put(one.root, name)
    _list(transfer, attached.referrers, answers)
    for (name, one), found in zip(fresh, session.each(lambda pair: registry.find(repository, pair[0]), fresh), strict=True):
        if found is None or found.digest != one.root.digest:
            raise Conflict(f"{registry.host}/{repository}:{name} is not what was just stored there: someone else changes it; run again", host=registry.host)
    return sorted([str(one.root.digest) for one in attached.referrers] + [name for name, _ in fresh])


def unlisted(transfer: Transfer, referring: Sequence[Tree]) -> tuple[Tree, ...]:
    """Those that the destination does not list as what refers to their subject."""
    subjects = list({one.root.subject for one in referring if one.root.subject})
    listed = transfer.session.each(lambda subject: {d.digest for d in oci.referrers(transfer.destination, transfer.repository, subject)}, subjects)
    there = dict(zip(subjects, listed, strict=True))
    return tuple(one for one in referring if one.root.subject and one.root.digest not in there[one.root.subject])


def _list(transfer: Transfer, referring: Sequence[Tree], answers: Mapping[Digest, Response]) -> None:
    """Have the destination list what was stored under its subject, and see that it does."""
    registry, repository = transfer.destination, transfer.repository
    by_subject: dict[Digest, list[Node]] = {}
    for one in referring:
        if one.root.subject:
            by_subject.setdefault(one.root.subject, []).append(one.root)
    for subject, nodes in by_subject.items():
        silent = [node for node in nodes if not answers[node.digest].header("oci-subject")]
        if silent:
            oci.list_in_tag(registry, repository, subject, [_described(node) for node in silent])
        if len(silent) < len(nodes):
            _verify(registry, repository, subject, nodes)


def fresh_tags(transfer: Transfer, tags: Sequence[tuple[str, Tree]]) -> list[tuple[str, Tree]]:
    """The tags that are to be set: absent ones, and those whose signatures are all among the source's."""
    registry, repository = transfer.destination, transfer.repository
    if transfer.session.place(registry.host, repository).empty:
        return list(tags)
    fresh = []
    for (name, one), there in zip(tags, transfer.session.each(lambda pair: registry.find(repository, pair[0]), tags), strict=True):
        if there is not None:
            held, brought = _entries(tree.parse(there)), _entries(one.root)
            if brought <= held:
                continue
            if not held <= brought:
                message = f"{registry.host}/{repository}:{name} holds signatures that the source does not have; nothing was changed. Sign the destination again"
                raise Conflict(message, host=registry.host)
        fresh.append((name, one))
    return fresh


def _entries(node: Node) -> set[Digest]:
    """What is signed with: the layers of a manifest without its configuration, or the manifests of an index."""
    return {one.digest for one in node.children or node.blobs[1:]}


def _verify(registry: Registry, repository: str, subject: Digest, nodes: Sequence[Node]) -> None:
    listed = {d.digest for d in oci.referrers(registry, repository, subject)}
    lost = [str(node.digest) for node in nodes if node.digest not in listed]
    if lost:
        message = f"{registry.host} took {', '.join(lost)} but does not list it as what refers to {repository}@{subject}; the tag was not set"
        raise Conflict(message, host=registry.host, reason=refusals.NOT_FOUND)


def _described(node: Node) -> Descriptor:
    """As the specification wants a referrer listed: with its artifact type (or its configuration's media type) and annotations."""
    value = node.manifest.json
    kind = value.get("artifactType") or (value.get("config") or {}).get("mediaType")
    return Descriptor(node.manifest.descriptor.media_type, node.digest, len(node.manifest.body), node.manifest.annotations, kind)
