# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to an image without being part of it: OCI referrers (and what refers to those), and the tags that cosign sets beside it.

OCI distribution specification 1.1, "Listing Referrers", "Referrers Tag Schema"; cosign, "Signature Specification" (tag-based discovery).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._oci import referrers as oci
from ansible_collections.slipway.platform.plugins.module_utils._oci import refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest, Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion import tree
from ansible_collections.slipway.platform.plugins.module_utils._promotion.session import Session
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Tree

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


@dataclass(frozen=True)
class _Listed:
    """What refers to one manifest, by the API (None: there is none) and by the fallback tag."""

    from_api: list[Descriptor] | None
    from_tag: list[Descriptor]


def start(session: Session, registry: Registry, repository: str, digest: Digest) -> Early:
    """Begin to look while the image itself is still being read."""
    session.start(lambda: session.tags(registry.host, repository))
    return {digest: session.start(lambda: _from_api(session, registry, repository, digest))}


def discover(session: Session, registry: Registry, repository: str, image: Tree, early: Early) -> Attached:
    """Everything attached to an image, to its children, and to what is attached, each once."""
    own = [node.digest for node in image.nodes]
    frontier, seen = own, set(own)
    trees: list[Tree] = []
    signed: dict[str, Manifest] = {}
    for _ in range(_DEEPEST):
        # All that can be asked about these is asked at the same time, then all that the answers list.
        finding = {name: session.start(partial(registry.find, repository, name)) for name in _cosign(session, registry, repository, frontier, own)}
        found = _referring(session, registry, repository, _lists(session, registry, repository, frontier, early), seen)
        signed |= {name: manifest for name, future in finding.items() if (manifest := future.result()) is not None}
        seen |= {manifest.digest for manifest in found}
        if not found:
            break
        more = tree.read(session, registry, repository, found)
        trees += more
        frontier = [node.digest for one in more for node in one.nodes]
    else:
        message = f"what refers to {registry.host}/{repository}@{image.root.digest} is referred to again more than {_DEEPEST} times over"
        raise Conflict(message, host=registry.host, reason=refusals.UNSUPPORTED_MANIFEST)
    names = sorted(signed)
    return Attached(tuple(trees), tuple(zip(names, tree.read(session, registry, repository, [signed[name] for name in names]), strict=True)))


def _lists(session: Session, registry: Registry, repository: str, digests: list[Digest], early: Early) -> dict[Digest, _Listed]:
    """What refers to each of these, according to the registry."""
    for future in early.values():
        future.result()  # it says whether there is an API
    tags = session.tags(registry.host, repository)
    if registry.referrers_api is False and tags is not None:
        digests = [digest for digest in digests if oci.tag_of(digest) in tags]

    def ask(digest: Digest) -> _Listed:
        from_api = early[digest].result() if digest in early else _from_api(session, registry, repository, digest)
        look = oci.tag_of(digest) in tags if tags is not None else from_api is None
        return _Listed(from_api, oci.from_tag(registry, repository, digest) if look else [])

    return dict(zip(digests, session.each(ask, digests), strict=True))


def _referring(session: Session, registry: Registry, repository: str, lists: Mapping[Digest, _Listed], seen: set[Digest]) -> list[Manifest]:
    """The manifests that are listed and new, each checked to refer to what it is listed for."""
    wanted: dict[Digest, Descriptor] = {}
    subjects: dict[Digest, set[Digest]] = {}
    for subject, listed in lists.items():
        for described in (*(listed.from_api or ()), *listed.from_tag):
            if described.digest not in seen:
                wanted[described.digest] = described
                subjects.setdefault(described.digest, set()).add(subject)
    sure = {described.digest for listed in lists.values() for described in listed.from_api or ()}

    def fetch(described: Descriptor) -> Manifest | None:
        try:
            return tree.fetch(registry, repository, described)
        except NotFound:
            if described.digest in sure:
                raise
            return None  # nobody tidies the index under the tag when something that it lists is removed

    found = [manifest for manifest in session.each(fetch, list(wanted.values())) if manifest is not None]
    # Some registries list what has nothing to do with it, and any index may have the name of the tag.
    return [manifest for manifest in found if tree.parse(manifest).subject in subjects[manifest.digest]]


def _from_api(session: Session, registry: Registry, repository: str, digest: Digest) -> list[Descriptor] | None:
    if registry.referrers_api is None:
        # One question tells whether the registry has the API at all.
        with session.first(registry.host):
            return oci.from_api(registry, repository, digest)
    return oci.from_api(registry, repository, digest)


def _cosign(session: Session, registry: Registry, repository: str, digests: Iterable[Digest], image: list[Digest]) -> list[str]:
    """The tags that cosign sets beside these; where a registry does not list its tags, those that may be beside the image itself."""
    tags = session.tags(registry.host, repository)
    if tags is None:
        return [f"{oci.tag_of(digest)}.{suffix}" for digest in digests if digest in image for suffix in _COSIGN]
    prefixes = {oci.tag_of(digest) for digest in digests}
    return sorted(tag for tag in tags if tag.partition(".")[0] in prefixes and "." in tag)
