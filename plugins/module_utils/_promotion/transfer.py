# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing manifests and their blobs into a repository with as few requests as can be.

A registry knows best what it lacks. So a manifest is offered first, and only the blobs that the refusal lists are brought. Where a first
manifest was refused for nearly all of its blobs, nothing is there, and the others are not offered before their blobs are. Where a
registry takes manifests without looking for their blobs, nothing is offered before its blobs are.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Done
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Place, Session
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Node

_UNKNOWN = ("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN")
_MAYBE_BLOBS = (400, 404, 422)  # what registries answer that do not say which blob is missing, or that any is


@dataclass
class Transfer:
    """The way from one repository to another; ``made`` are blobs of our own, which the source does not have."""

    session: Session
    source: Registry
    source_repository: str
    destination: Registry
    repository: str
    done: Done
    made: dict[Digest, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def same_registry(self) -> bool:
        return self.source is self.destination

    @property
    def place(self) -> Place:
        return self.session.place(self.destination.host, self.repository)

    @property
    def is_careful(self) -> bool:
        """Whether a manifest that is stored with its blobs (``store``) can't be seen before they are there."""
        host = self.destination.host
        return self.session.validates.get(host) is not None or self.place.empty

    def put(self, node: Node, target: str) -> Response:
        """Store a manifest under a tag or its digest; all that it names is there."""
        response = self.destination.put_manifest(self.repository, target, node.manifest.body, node.manifest.descriptor.media_type)
        with self._lock:
            self.done.manifests += 1
        return response

    def store(self, nodes: Sequence[Node], targets: Sequence[str] = ()) -> list[Response]:
        """Store manifests (no indexes) with their blobs, under their digests or these targets, and return the answers."""
        named = dict(zip((node.digest for node in nodes), targets, strict=True)) if targets else {node.digest: str(node.digest) for node in nodes}
        answers: dict[Digest, Response] = {}
        missing: dict[Digest, list[Descriptor]] = {}
        rest = list(nodes)
        place = self.place
        # The first is offered alone: what is said about it decides about the others.
        while rest:
            if place.empty or self.session.validates.get(self.destination.host) is False:
                missing |= {node.digest: list(node.blobs) for node in rest}
                break
            offered, rest = (rest[:1], rest[1:]) if not answers and not missing else (rest, [])
            for node, answer in zip(offered, self.session.each(lambda one: self._offer(one, named[one.digest]), offered), strict=True):
                if isinstance(answer, Response):
                    answers[node.digest] = answer
                else:
                    missing[node.digest] = answer
                    # The empty configuration may be there when nothing else is.
                    place.empty = len(node.blobs) > 1 and len(answer) >= len(node.blobs) - 1
        self._doubt([node for node in nodes if node.digest in answers], missing)
        self.bring(blob for blobs in missing.values() for blob in blobs)
        late = [node for node in nodes if node.digest in missing]
        answers |= dict(zip((node.digest for node in late), self.session.each(lambda one: self._insist(one, named[one.digest]), late), strict=True))
        for node in nodes:
            place.blobs |= {blob.digest for blob in node.blobs}
        return [answers[node.digest] for node in nodes]

    def bring(self, blobs: Iterable[Descriptor]) -> None:
        """Have these blobs in the destination, each once."""
        place = self.place
        wanted = {blob.digest: blob for blob in blobs if blob.digest not in place.blobs}
        self.session.each(self._bring, list(wanted.values()))
        place.blobs |= set(wanted)

    def _offer(self, node: Node, target: str) -> Response | list[Descriptor]:
        """Store a manifest if its blobs are there; else the blobs to bring."""
        try:
            return self.put(node, target)
        except SlipwayError as error:
            lacking = self._lacking(node, error)
            if lacking is None:
                raise
            return lacking

    def _insist(self, node: Node, target: str) -> Response:
        """Store a manifest whose blobs were brought; what is still said to be missing is brought whatever we believed."""
        try:
            return self.put(node, target)
        except SlipwayError as error:
            lacking = self._lacking(node, error)
            if lacking is None:
                raise
        place = self.place
        for blob in node.blobs if lacking == list(node.blobs) else lacking:
            place.blobs.discard(blob.digest)
            if not self.destination.has_blob(self.repository, blob.digest):
                self._bring(blob)
        return self.put(node, target)

    def _lacking(self, node: Node, error: SlipwayError) -> list[Descriptor] | None:
        """The blobs that a refusal is about: those that it lists, all if it lists none; None if it is about something else."""
        codes = error.facts.get("codes", [])
        if isinstance(error, Conflict):
            return None
        if any(code in _UNKNOWN for code in codes):
            self.session.validates[self.destination.host] = True
        elif error.facts.get("status") not in _MAYBE_BLOBS or not node.blobs or "reason" in error.facts:
            return None
        listed = set(error.facts.get("missing", ()))
        return [blob for blob in node.blobs if str(blob.digest) in listed] or list(node.blobs)

    def _doubt(self, accepted: Sequence[Node], missing: dict[Digest, list[Descriptor]]) -> None:
        """Not every registry looks for the blobs of a manifest. Until one is known to, look for the one blob that only this image has."""
        host = self.destination.host
        place = self.place
        doubtful = [node for node in accepted if node.blobs and node.blobs[0].digest not in place.blobs]
        if self.session.validates.get(host) or not doubtful:
            return
        found = self.session.each(lambda node: self.destination.has_blob(self.repository, node.blobs[0].digest), doubtful)
        if not all(found):
            self.session.validates[host] = False
            missing |= {node.digest: list(node.blobs) for node in doubtful}

    def _bring(self, blob: Descriptor) -> None:
        location = ""
        if blob.digest in self.made:
            self.destination.upload_blob(self.repository, blob.digest, self.made[blob.digest])
            self._count(copied=1, size=blob.size)
            return
        if self.same_registry:
            way = (self.source.host, self.source_repository, self.repository)
            if way not in self.session.no_mounts:
                answer = self.destination.mount_or_begin(self.repository, blob.digest, self.source_repository)
                if answer is None:
                    self._count(mounted=1)
                    return
                location = answer
                if not location:
                    self.session.no_mounts.add(way)
        elif self.session.validates.get(self.destination.host) is False and self.destination.has_blob(self.repository, blob.digest):
            return
        self.destination.copy_blob(self.source, self.source_repository, self.repository, blob, location)
        self._count(copied=1, size=blob.size)

    def _count(self, mounted: int = 0, copied: int = 0, size: int = 0) -> None:
        with self._lock:
            self.done.mounted += mounted
            self.done.copied += copied
            self.done.bytes += size
