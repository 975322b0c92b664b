# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading an image as a whole: the manifest, the manifests that it lists, and the blobs that they name; every byte checked.

OCI image specification 1.1: "Image Index", "Image Manifest". An index is never thinned out: its digest would not be its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest, Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Session

_DEEPEST = 8
_MOST = 2000
_FOREIGN = ("application/vnd.docker.image.rootfs.foreign.diff.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar")


@dataclass(frozen=True)
class Node:
    """A manifest with what it lists: other manifests (an index) or blobs (an image or artifact), and its subject, if it refers to one."""

    manifest: Manifest
    children: tuple[Descriptor, ...] = ()
    blobs: tuple[Descriptor, ...] = ()
    subject: Digest | None = None
    is_index: bool = False

    @property
    def digest(self) -> Digest:
        return self.manifest.digest


@dataclass(frozen=True)
class Tree:
    """A manifest and all that it leads to, by level: the root first, then what it lists, and so on; each manifest once."""

    levels: tuple[tuple[Node, ...], ...]

    @property
    def root(self) -> Node:
        return self.levels[0][0]

    @property
    def nodes(self) -> Iterator[Node]:
        return (node for level in self.levels for node in level)


def parse(manifest: Manifest) -> Node:
    """A manifest's parts. Raises ``InvalidInput`` (reason unsupported_manifest) for what is no OCI or Docker schema 2 manifest."""
    media_type, value = manifest.descriptor.media_type, _object(manifest)
    if media_type in names.SCHEMA_1 or value.get("schemaVersion") == 1:
        raise _unsupported(manifest, "it is of Docker's schema 1, whose digest is not that of its bytes; build it anew")
    if value.get("mediaType") not in (None, media_type):
        raise _unsupported(manifest, f"it says that it is {value['mediaType']} and is served as {media_type}")
    try:
        subject = Digest.parse(value["subject"]["digest"]) if value.get("subject") else None
        if media_type in (names.INDEX, names.DOCKER_LIST):
            return Node(manifest, tuple(Descriptor.from_json(one) for one in value["manifests"]), (), subject, True)
        if media_type in (names.MANIFEST, names.DOCKER_MANIFEST):
            listed = [value["config"], *(layer for layer in value["layers"] if not _is_elsewhere(layer))]
            # One blob may be named twice.
            return Node(manifest, (), tuple({d.digest: d for d in map(Descriptor.from_json, listed)}.values()), subject)
    except (KeyError, TypeError, ValueError, InvalidInput) as error:
        raise _unsupported(manifest, f"it cannot be read ({type(error).__name__}: {error})") from None
    raise _unsupported(manifest, f"its media type is {media_type or 'not given'}")


def read(session: Session, registry: Registry, repository: str, roots: Sequence[Manifest]) -> list[Tree]:
    """The trees of some manifests, level by level: what lies equally deep in any of them is read at the same time, and once."""
    trees: list[list[tuple[Node, ...]]] = [[(parse(root),)] for root in roots]
    seen = [{root.digest} for root in roots]
    while True:
        wanted = [_below(levels[-1], known) for levels, known in zip(trees, seen, strict=True)]
        if not any(wanted):
            return [Tree(tuple(levels)) for levels in trees]
        for root, levels, known, more in zip(roots, trees, seen, wanted, strict=True):
            known |= {d.digest for d in more}
            if more and (len(levels) >= _DEEPEST or len(known) > _MOST):
                raise _unsupported(root, f"indexes lie more than {_DEEPEST} deep in it, or it lists more than {_MOST} manifests")
        once = {(d.digest, d.size): d for more in wanted for d in more}
        nodes = dict(zip(once, session.each(lambda one: parse(fetch(registry, repository, one)), list(once.values())), strict=True))
        for levels, more in zip(trees, wanted, strict=True):
            if more:
                levels.append(tuple(nodes[d.digest, d.size] for d in more))


def _below(level: Iterable[Node], known: Collection[Digest]) -> list[Descriptor]:
    return list({child.digest: child for node in level for child in node.children if child.digest not in known}.values())


def rising(nodes: Iterable[Node]) -> Iterator[list[Node]]:
    """The indexes among some nodes, so that each comes after all that it leads to; those of one list do not lead to each other."""
    left = {node.digest: node for node in nodes if node.is_index}
    while left:
        ready = [node for node in left.values() if not any(child.digest in left for child in node.children)]
        yield ready
        for node in ready:
            del left[node.digest]


def fetch(registry: Registry, repository: str, described: Descriptor) -> Manifest:
    """The manifest that a descriptor points at, of the size that it promises."""
    try:
        manifest = registry.manifest(repository, str(described.digest))
    except NotFound as error:
        raise NotFound(f"{registry.host}/{repository} lists {described.digest} but does not have it: {error.message}", **error.facts) from error
    if len(manifest.body) != described.size:
        message = f"{registry.host}/{repository}@{described.digest} has {len(manifest.body)} bytes and is listed with {described.size}"
        raise Conflict(message, host=registry.host, reason=refusals.DIGEST_MISMATCH)
    return manifest


def _is_elsewhere(layer: dict[str, Any]) -> bool:
    """Whether a layer is one that registries do not keep: clients fetch it from its ``urls``."""
    return bool(layer.get("urls")) and str(layer.get("mediaType", "")).startswith(_FOREIGN)


def _object(manifest: Manifest) -> dict[str, Any]:
    try:
        value = manifest.json
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise _unsupported(manifest, "it is not JSON")
    return value


def _unsupported(manifest: Manifest, why: str) -> SlipwayError:
    return InvalidInput(f"manifest {manifest.digest} cannot be promoted: {why}", reason=refusals.UNSUPPORTED_MANIFEST)
