# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What maintainer scripts would have made, for an image in which none runs: accounts, name lookup, trusted certificates, package records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._image import layer, rootfs

_CERTIFICATES = "usr/share/ca-certificates/"
NONROOT = 65532
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"


def entries(root: rootfs.Root, users: Sequence[Mapping[str, Any]]) -> list[layer.Entry]:
    """The entries that make unpacked packages a system that programs can run in."""
    found = layer.read_files(root.tar, lambda path: path.startswith(_CERTIFICATES) and path.endswith(".crt"))
    made = [
        layer.Entry("etc/passwd", content=_passwd(users).encode()),
        layer.Entry("etc/group", content=_group(users).encode()),
        layer.Entry("etc/nsswitch.conf", content=_NSSWITCH.encode()),
        layer.Entry("run", 0o755),
        layer.Entry("var/tmp", 0o1777),
        layer.Entry("home/nonroot", 0o700, NONROOT, NONROOT),
    ]
    if found:
        # What update-ca-certificates(8) does when every certificate is accepted, which is the package's default.
        bundle = b"".join(found[path].rstrip() + b"\n" for path in sorted(found))
        made.append(layer.Entry("etc/ssl/certs/ca-certificates.crt", content=bundle))
    return made + _records(root)


def _passwd(users: Sequence[Mapping[str, Any]]) -> str:
    rows = [("root", 0, 0, "/root"), ("nobody", 65534, 65534, "/nonexistent"), ("nonroot", NONROOT, NONROOT, "/home/nonroot")]
    rows += [(user["name"], user["uid"], user["gid"], user["home"]) for user in users]
    return "".join(f"{name}:x:{uid}:{gid}:{name}:{home}:/usr/sbin/nologin\n" for name, uid, gid, home in rows)


def _group(users: Sequence[Mapping[str, Any]]) -> str:
    rows = {"root": 0, "nogroup": 65534, "nonroot": NONROOT} | {user["name"]: user["gid"] for user in users}
    return "".join(f"{name}:x:{gid}:\n" for name, gid in rows.items())


def _records(root: rootfs.Root) -> list[layer.Entry]:
    """One file per package in /var/lib/dpkg/status.d, where scanners look for packages in images without dpkg."""
    result = []
    for package in root.packages:
        name = re.sub(r"[^A-Za-z0-9.+-]", "_", package.name)
        result.append(layer.Entry(f"var/lib/dpkg/status.d/{name}", content=package.control.encode()))
        if package.md5sums:
            result.append(layer.Entry(f"var/lib/dpkg/status.d/{name}.md5sums", content=package.md5sums.encode()))
    return result
