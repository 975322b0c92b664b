# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a promotion would do, found out by reading only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.slipway.platform.plugins.module_utils._promotion.attached import Attached
from ansible_collections.slipway.platform.plugins.module_utils._promotion.carry import fresh_tags, unlisted
from ansible_collections.slipway.platform.plugins.module_utils._promotion.model import Image
from ansible_collections.slipway.platform.plugins.module_utils._promotion.transfer import Transfer
from ansible_collections.slipway.platform.plugins.module_utils._promotion.tree import Node, Tree


def fill(transfer: Transfer, image: Image, whole: Tree, attached: Attached, wanted: Sequence[str], before: Mapping[str, str]) -> None:
    """Write the operations, in the order in which they would be done, and their sum into the transfer's ``done``."""
    done, inside = transfer.done, (transfer.source, transfer.source_repository) == (transfer.destination, transfer.repository)
    to = f"{transfer.destination.host}/{transfer.repository}"
    if not inside:
        fresh, referring = fresh_tags(transfer, attached.tags), unlisted(transfer, attached.referrers)
        trees = [*([whole] if wanted else []), *referring, *(one for _, one in fresh)]
        nodes = list({node.digest: node for one in trees for level in reversed(one.levels) for node in level}.values())
        _blobs(transfer, nodes, to)
        done.referrers = sorted([str(one.root.digest) for one in referring] + [name for name, _ in fresh])
        done.operations += [f"attach {one.root.digest} to {to}@{one.root.subject}" for one in referring]
        done.operations += [f"set {to}:{name} to {one.root.digest}" for name, one in fresh]
    for tag in wanted:
        done.operations.append(f"set {image.destination}:{tag} to {whole.root.digest} ({'was ' + before[tag] if before[tag] else 'is absent'})")


def _blobs(transfer: Transfer, nodes: Sequence[Node], to: str) -> None:
    """The manifests that are absent, and their blobs that are."""
    session, registry, done = transfer.session, transfer.destination, transfer.done
    there = session.each(lambda node: registry.exists(transfer.repository, str(node.digest)), nodes)
    absent = [node for node, exists in zip(nodes, there, strict=True) if not exists]
    blobs = list({blob.digest: blob for node in absent for blob in node.blobs}.values())
    held = session.each(lambda blob: registry.has_blob(transfer.repository, blob.digest), blobs)
    for blob in (blob for blob, has in zip(blobs, held, strict=True) if not has):
        if blob.digest in transfer.made:
            done.copied += 1
            done.bytes += blob.size
            done.operations.append(f"store blob {blob.digest} ({blob.size} bytes) in {to}: the signatures of both ends")
        elif transfer.same_registry:
            done.mounted += 1
            done.operations.append(f"take blob {blob.digest} from {transfer.source_repository} into {to}")
        else:
            done.copied += 1
            done.bytes += blob.size
            done.operations.append(f"copy blob {blob.digest} ({blob.size} bytes) from {transfer.source.host}/{transfer.source_repository} to {to}")
    done.manifests = len(absent)
    done.operations += [f"store manifest {node.digest} in {to}" for node in absent]
