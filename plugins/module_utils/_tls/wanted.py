# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local certificate authority as it is wanted: what it may sign for, and its leaves."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import USAGES, permits

BACKDATED = timedelta(minutes=5)  # a client whose clock is a little behind must not refuse a new certificate

# Names that no public authority may certify: RFC 6761, RFC 9476 (internal), cluster names, private networks.
# Whoever steals the key of an authority that a browser trusts can't use it against the rest of the web.
PRIVATE = ("localhost", "test", "internal", "svc", "cluster.local", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
_FILE_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?")
_HOST_NAME = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True)
class Leaf:
    """A wanted certificate: DNS names, addresses, lifetime in days, usages (server, client)."""

    name: str
    dns: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    days: float = 90
    usages: tuple[str, ...] = ("server",)


@dataclass(frozen=True)
class Request:
    """A wanted authority with its leaves. ``permitted`` empty means: it may sign for any name. ``renew_all``: leaves are renewed though not due.

    ``rotation``: a step of ``_tls/rotation``, or none.
    """

    folder: Path
    certificates: tuple[Leaf, ...] = ()
    common_name: str = "Slipway local CA"
    days: int = 3650
    permitted: tuple[str, ...] = PRIVATE
    renew_all: bool = False
    rotation: str = ""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """The request that module arguments describe. Raises ``InvalidInput`` for what can't be certified."""
        leaves = tuple(leaf_from(entry) for entry in params["certificates"])
        names = [leaf.name for leaf in leaves]
        for name in names:
            if name == "ca" or name.startswith("ca-") or names.count(name) > 1:
                raise InvalidInput(f"certificate name {name!r} is taken: each needs a name of its own, and ca is the authority's", name=name)
        further = {tree for tree in map(_tree, params["permitted"]) if "/" in tree or not permits(PRIVATE, tree)}
        return cls(
            Path(params["path"]),
            leaves,
            params["common_name"],
            params["days"],
            tuple(sorted({*PRIVATE, *further})),
            params["renew"] == "all",
            params["rotation"],
        )


def leaf_from(entry: Mapping[str, Any]) -> Leaf:
    """The certificate that an entry of a module's arguments describes. Raises ``InvalidInput``."""
    name = entry["name"]
    if not _FILE_NAME.fullmatch(name):
        raise InvalidInput(f"certificate name {name!r} can't be a file name: use lower-case letters, digits, dot, dash, underscore (63 at most)", name=name)
    dns = tuple(sorted({host.lower().rstrip(".") for host in entry["dns"]}))
    for host in dns:
        if not _HOST_NAME.fullmatch(host) or len(host) > 253:
            raise InvalidInput(f"certificate {name!r}: {host!r} is not a host name (a wildcard replaces the first label only: *.example.test)", name=name)
    try:
        addresses = tuple(sorted({str(ipaddress.ip_address(address)) for address in entry["ip"]}))
    except ValueError as error:
        raise InvalidInput(f"certificate {name!r}: {error}", name=name) from None
    usages = tuple(sorted(set(entry["usages"])))
    if not usages or set(usages) - set(USAGES):
        raise InvalidInput(f"certificate {name!r}: usages are one or both of {', '.join(sorted(USAGES))}", name=name)
    if "server" in usages and not dns and not addresses:
        raise InvalidInput(f"certificate {name!r}: a server needs a name or an address in dns or ip", name=name)
    if timedelta(days=entry["days"]) <= BACKDATED:
        raise InvalidInput(f"certificate {name!r}: days must be more than 0.0035, since a certificate begins five minutes before it is made", name=name)
    return Leaf(name, dns, addresses, entry["days"], usages)


def _tree(tree: str) -> str:
    if "/" not in tree:
        return tree.lower().strip(".")
    try:
        return str(ipaddress.ip_network(tree))
    except ValueError as error:
        raise InvalidInput(f"permitted: {error}", tree=tree) from None
