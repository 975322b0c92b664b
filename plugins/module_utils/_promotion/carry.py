# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing what is attached to an image to where the image goes, so that it is found there: what the tag comes after."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._oci import referrers as oci
from ansible_collections.slipway.platform.plugins.module_utils._oci import refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Manifest, Registry
from ansible_collections.slipway.platform.plugins.module_utils._promotion import signatures, tree
from ansible_collections.slipway.platform.plugins.module_utils._promotion.attached import Attached
from ansible_collections.slipway.platform.plugins.module_utils._promotion.transfer import Transfer
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Node, Tree

_ONE_PAGE = 1000  # of the tags of a destination: asking for the few that matter is cheaper than a second


def prepare(transfer: Transfer, attached: Attached) -> None:
    """What can be done while the image itself is still being stored: where it turned out that nothing is there, bring the blobs."""
    if not transfer.place.empty:
        return
    asking = transfer.session.start(lambda: _tags_there(transfer))
    trees = [*attached.referrers, *(one for _, one in attached.tags)]
    transfer.bring(blob for one in trees for node in one.nodes for blob in node.blobs)
    asking.result()


def carry(transfer: Transfer, attached: Attached) -> list[str]:
    """Bring what is attached to the destination, and see that it is there. The names (digests, tags) of what was there already are left out."""
    session = transfer.session
    fresh = fresh_tags(transfer, attached.tags)
    transfer.place.tags |= {name for name, _ in fresh}
    nodes = list({node.digest: node for one in (*attached.referrers, *(one for _, one in fresh)) for node in one.nodes}.values())
    targets: dict[Digest, str] = {}
    again = [(name, one) for name, one in fresh if targets.setdefault(one.root.digest, name) != name]  # the same under another name

    def target(node: Node) -> str:
        return targets.get(node.digest, str(node.digest))

    leaves = [node for node in nodes if not node.is_index]
    answers = dict(zip((node.digest for node in leaves), transfer.store(leaves, [target(node) for node in leaves]), strict=True))
    for indexes in tree.rising(nodes):
        stored = session.each(lambda node: transfer.put(node, target(node)), indexes)
        answers |= dict(zip((node.digest for node in indexes), stored, strict=True))
    session.each(lambda pair: transfer.put(pair[1].root, pair[0]), again)
    checks: list[Callable[[], None]] = [partial(_see, transfer, name, one.root) for name, one in fresh]
    checks += _listings(transfer, attached.referrers, answers)
    session.each(lambda check: check(), checks)
    return sorted([str(one.root.digest) for one in attached.referrers] + [name for name, _ in fresh])


def unlisted(transfer: Transfer, referring: Sequence[Tree]) -> tuple[Tree, ...]:
    """Those that the destination does not list as what refers to their subject."""
    subjects = list({one.root.subject for one in referring if one.root.subject})
    listed = transfer.session.each(lambda subject: {d.digest for d in oci.referrers(transfer.destination, transfer.repository, subject)}, subjects)
    there = dict(zip(subjects, listed, strict=True))
    return tuple(one for one in referring if one.root.subject and one.root.digest not in there[one.root.subject])


def _listings(transfer: Transfer, referring: Sequence[Tree], answers: Mapping[Digest, Response]) -> list[Callable[[], None]]:
    """What is still to be done so that the destination lists what was stored under its subject: something for each subject."""
    by_subject: dict[Digest, list[Node]] = {}
    for one in referring:
        if one.root.subject:
            by_subject.setdefault(one.root.subject, []).append(one.root)
    return [partial(_list, transfer, subject, nodes, answers) for subject, nodes in by_subject.items()]


def _list(transfer: Transfer, subject: Digest, nodes: Sequence[Node], answers: Mapping[Digest, Response]) -> None:
    """Have the destination list these under their subject, and see that it does."""
    registry, repository = transfer.destination, transfer.repository
    silent = [node for node in nodes if not answers[node.digest].header("oci-subject")]
    if silent:
        there = _tags_there(transfer)
        absent = there is not None and oci.tag_of(subject) not in there
        oci.list_in_tag(registry, repository, subject, [_described(node) for node in silent], absent)
    if len(silent) < len(nodes):
        _verify(registry, repository, subject, nodes)


def _see(transfer: Transfer, name: str, node: Node) -> None:
    """Read a tag again: no registry has compare-and-swap."""
    registry, repository = transfer.destination, transfer.repository
    found = registry.find(repository, name)
    if found is None or found.digest != node.digest:
        raise Conflict(f"{registry.host}/{repository}:{name} is not what was just stored there: someone else changes it; run again", host=registry.host)


def _tags_there(transfer: Transfer) -> frozenset[str] | None:
    """The tags of a destination that seems to hold nothing, so that one question stands for many; None if each tag has to be asked for."""
    if transfer.place.new:
        return frozenset()
    if not transfer.place.empty:
        return None
    return transfer.session.tags(transfer.destination.host, transfer.repository, _ONE_PAGE)


def fresh_tags(transfer: Transfer, tags: Sequence[tuple[str, Tree]]) -> list[tuple[str, Tree]]:
    """The tags that are to be set, with what they are to be set to: all signatures of the source, and those that are there already."""
    registry, repository = transfer.destination, transfer.repository
    listed, ours = _tags_there(transfer), transfer.place.tags

    def look(pair: tuple[str, Tree]) -> tuple[str, Tree] | None:
        name, one = pair
        there = registry.find(repository, name) if listed is None or name in listed or name in ours else None
        if there is None:
            return pair
        tree.parse(there)
        held, brought = signatures.entries(there), signatures.entries(one.root.manifest)
        if brought <= held:
            return None
        return pair if held <= brought else (name, _joined(transfer, name, there, one.root.manifest))

    return [pair for pair in transfer.session.each(look, tags) if pair is not None]


def _joined(transfer: Transfer, name: str, there: Manifest, brought: Manifest) -> Tree:
    """The signatures of both ends behind one tag. Raises ``Conflict`` where that can't be done without losing something."""
    registry, repository = transfer.destination, transfer.repository
    joined = None
    if signatures.can_be_joined(there) and signatures.can_be_joined(brought):
        content = io.BytesIO()
        registry.read_blob(repository, tree.parse(there).blobs[0], content)
        joined = signatures.join(there, content.getvalue(), brought)
    if joined is None:
        message = f"{registry.host}/{repository}:{name} holds what the source does not have, in a form that cannot be added to; it was left as it is"
        raise Conflict(f"{message}. Sign the destination again", host=registry.host)
    manifest, config = joined
    transfer.made[Digest.of(config)] = config
    transfer.place.blobs |= {blob.digest for blob in tree.parse(there).blobs}
    return Tree(((tree.parse(manifest),),))


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
