# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm and the kubelet keep on a node, read from its file system as it is seen from here. Keys are not opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import content, files, paths

_PKI = "etc/kubernetes/pki"
_AUTHORITY = f"{_PKI}/ca.crt"
_PATTERNS = (f"{_PKI}/*.crt", f"{_PKI}/etcd/*.crt", "etc/kubernetes/*.conf", "var/lib/kubelet/pki/*.crt", "var/lib/kubelet/pki/*-current.pem")
_OF_KUBELET = "kubelet.conf"  # it names a file by its path on the node, which is looked at by itself


def found(root: Path, authorities: tuple[Certificate, ...], row: Found) -> Iterator[Found]:
    """The rows of a node of the cluster that has these authorities. This machine's own root is passed over if it is none."""
    own = str(root) == "/"
    if not paths.is_there(root / _AUTHORITY):
        if not own:
            yield _other(root, row, f"there is no {_AUTHORITY}, so it is no node of a cluster that kubeadm made")
        return
    known = {certificate.fingerprint for certificate in authorities}
    if not known & {certificate.fingerprint for certificate in _certificates(root / _AUTHORITY)}:
        if not own:
            yield _other(root, row, f"its {_AUTHORITY} is not the authority of this cluster, so it is a node of another one")
        return
    for pattern in _PATTERNS:
        for each in paths.matching(str(root / pattern)):
            if isinstance(each, OSError):
                yield _other(root, row, f"its folder {each.filename} can't be looked into: {each.strerror}")
            elif each.name != _OF_KUBELET:
                yield from _file(root, each, row)


def _file(root: Path, path: Path, row: Found) -> Iterator[Found]:
    row = replace(row, name=f"{row.name} {path}", labels={**row.labels, "path": str(path), "kind": "node"})
    # Every kubeconfig there repeats the authority of the cluster.
    return (each for each in files.of_file(_within(root, path), row) if each.labels["kind"] != "cluster")


def _within(root: Path, path: Path) -> Path:
    """Where a link leads on the node: an absolute one begins at the node's root, and not at ours."""
    try:
        target = path.readlink()
    except OSError:
        return path
    return root / str(target).lstrip("/") if target.is_absolute() else path.parent / target


def _certificates(path: Path) -> tuple[Certificate, ...]:
    try:
        chains = content.parse(paths.content(path)).chains
    except paths.Unreadable:
        return ()
    return tuple(certificate for chain in chains for certificate in chain.certificates)


def _other(root: Path, row: Found, text: str) -> Found:
    return replace(row, name=f"{row.name} node files {root}", labels={**row.labels, "path": str(root), "kind": "node"}, problems=(Problem("missing", text),))
