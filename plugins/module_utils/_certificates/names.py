# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a certificate is for the name or the address that a client asks for (RFC 9525, which replaces RFC 6125). Pure."""

from __future__ import annotations

import ipaddress

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Problem

_SHOWN = 5


def check(peer: str, leaf: Certificate) -> list[Problem]:
    """The problem ``wrong_name``, or none. Only subject alternative names count; a common name has not since RFC 9525 (and Chrome 58)."""
    if matches(peer, leaf.names):
        return []
    usable = [name.partition(":")[2] for name in leaf.names if name.startswith(("dns:", "ip:"))]
    if not usable:
        return [
            Problem("wrong_name", f"the certificate is for no host at all: it has no subject alternative names, and clients don't look at «{leaf.subject}»")
        ]
    more = f" and {len(usable) - _SHOWN} more" if len(usable) > _SHOWN else ""
    return [Problem("wrong_name", f"the certificate is not for {peer}, but for {', '.join(usable[:_SHOWN])}{more}")]


def matches(peer: str, names: tuple[str, ...]) -> bool:
    """Whether one of ``names`` (``dns:…``, ``ip:…``) covers the peer. An address is compared with addresses only, a host with DNS names only."""
    address = _address(peer)
    if address is not None:
        return any(_address(name[3:]) == address for name in names if name.startswith("ip:"))
    host = a_labels(peer)
    return bool(host) and any(_covers(name[4:].lower().rstrip("."), host) for name in names if name.startswith("dns:"))


def a_labels(host: str) -> str:
    """A host name as certificates and DNS spell it: lower case, no dot at the end, international labels as ``xn--…``; "" if it can't be one."""
    host = host.rstrip(".")
    if host.isascii():
        return host.lower()
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return ""


def _covers(pattern: str, host: str) -> bool:
    if pattern == host:
        return True
    star, _, rest = pattern.partition(".")
    first, _, behind = host.partition(".")
    # The star is a whole label, the first one, for exactly one label, and never for a whole top-level domain, as OpenSSL and browsers have it.
    return star == "*" and "." in rest and bool(first) and behind == rest


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" not in text and not text[-1:].isdigit():
        return None  # nearly always, so nothing is tried before
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])  # a zone says which link, and no certificate knows that
    except ValueError:
        return None
