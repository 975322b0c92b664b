# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which endpoint is meant: ``example.com``, ``[2001:db8::1]:8443``, or a mapping that says more. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates.limits import thresholds
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._certificates.names import a_labels
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._proxies import credentials, proxy_of

# The protocols that begin in plain text, by the port where they do (IANA); elsewhere the endpoint says which one it is.
STARTTLS_PORTS = {
    21: "ftp",
    25: "smtp",
    110: "pop3",
    143: "imap",
    389: "ldap",
    587: "smtp",
    3306: "mysql",
    5222: "xmpp",
    5269: "xmpp-server",
    5432: "postgres",
}
STARTTLS = (*sorted(set(STARTTLS_PORTS.values())), "none")
KEYS = ("host", "port", "server_name", "addresses", "starttls", "proxy", "client_certificate", "client_key", "verify", "thresholds")


@dataclass(frozen=True)
class Endpoint:
    """A TLS server. ``host``: a name (A-labels) or an address; ``server_name``: what is asked for by SNI, and checked ("" for an address:
    nothing is asked for by SNI, and the address is checked); ``addresses``: where to connect to, () for all that the host resolves to;
    ``starttls``: a protocol of ``STARTTLS_PORTS`` or None; ``proxy``: ``host:port`` of an HTTP proxy (CONNECT) or None; ``proxy_authorization``: what it
    is told of who asks (the value of Proxy-Authorization), "" for nothing; ``client_certificate`` and ``client_key``: paths of PEM files or None;
    ``verify``: whether names and trust are checked; ``thresholds``: of its own, or None.
    """

    host: str
    port: int = 443
    server_name: str = ""
    addresses: tuple[str, ...] = ()
    starttls: str | None = None
    proxy: str | None = None
    proxy_authorization: str = field(default="", repr=False)
    client_certificate: str | None = None
    client_key: str | None = None
    verify: bool = True
    thresholds: Thresholds | None = None

    @property
    def name(self) -> str:
        """``example.com:443``, ``[2001:db8::1]:443``."""
        return _netloc(self.host, self.port)

    @property
    def peer(self) -> str | None:
        """The name or address that the certificate must be for; None where nothing is verified (``Found.peer``)."""
        return (self.server_name or self.host) if self.verify else None


def endpoint(written: Any, where: str, base: Thresholds, verify: bool = True, proxies: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that a string or a mapping describes; ``where`` names it in errors. Raises ``InvalidInput``.

    ``proxies``: the machine's, as ``getproxies_environment`` gives them. They are for what speaks TLS from the beginning, and is looked up by its name.
    """
    if isinstance(written, str):
        written = {"host": written}
    if not isinstance(written, Mapping) or not isinstance(written.get("host"), str):
        raise InvalidInput(f"{where}: write host, host:port, or a mapping with the key host")
    for key in written:
        if key not in KEYS:
            near = get_close_matches(str(key), KEYS, 1)
            raise InvalidInput(f"{where}.{key}: unknown key; {f'did you mean {near[0]}?' if near else 'known are ' + ', '.join(KEYS)}")
    host, port = split(written["host"], where)
    port = _port(written["port"], f"{where}.port") if written.get("port") is not None else port or 443
    starttls = written.get("starttls") or STARTTLS_PORTS.get(port, "none")
    if starttls not in STARTTLS:
        raise InvalidInput(f"{where}.starttls: {starttls!r} is not known; it is one of {', '.join(STARTTLS)}")
    certificate, key = written.get("client_certificate"), written.get("client_key")
    if key and not certificate:
        raise InvalidInput(f"{where}: client_key without client_certificate; give both, or the file with both as client_certificate")
    proxy, authorization = _proxy(written.get("proxy"), f"{where}.proxy"), ""
    if proxies and "proxy" not in written and starttls == "none" and not written.get("addresses"):
        proxy, authorization = _of_the_machine(_netloc(host, port), proxies)
    return Endpoint(
        host=host,
        port=port,
        server_name=_server_name(written.get("server_name"), host, f"{where}.server_name"),
        addresses=tuple(_address(each, f"{where}.addresses") for each in _list(written.get("addresses"), f"{where}.addresses")),
        starttls=None if starttls == "none" else starttls,
        proxy=proxy,
        proxy_authorization=authorization,
        client_certificate=certificate or None,
        client_key=key or None,
        verify=_bool(written.get("verify", verify), f"{where}.verify"),
        thresholds=thresholds(written.get("thresholds"), f"{where}.thresholds", base) if written.get("thresholds") else None,
    )


def split(text: str, where: str) -> tuple[str, int | None]:
    """Host and port of ``host``, ``host:port``, ``address``, ``[address]:port``. Raises ``InvalidInput``."""
    text = text.strip()
    if "://" in text or "/" in text or "@" in text or any(character.isspace() for character in text):
        raise InvalidInput(f"{where}: {text!r} is no host; write host or host:port, without scheme and path")
    if text.startswith("["):
        inside, closed, behind = text[1:].partition("]")
        if not closed or (behind and not behind.startswith(":")) or ":" not in inside:
            raise InvalidInput(f"{where}: {text!r} is no IPv6 address with a port; write [2001:db8::1]:443")
        return _host(inside, where), _port(behind[1:], where) if behind else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return _host(host, where), _port(port, where)
    return _host(text, where), None


def _netloc(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host(text: str, where: str) -> str:
    if ":" in text or text.replace(".", "").isdigit():
        return _address(text, where)
    host = a_labels(text)
    if not host or len(host) > 253 or not all(0 < len(label) < 64 for label in host.split(".")):
        raise InvalidInput(f"{where}: {text!r} can't be a host name")
    return host


def _address(text: Any, where: str) -> str:
    bare, zone = str(text).partition("%")[::2]
    try:
        address = str(ipaddress.ip_address(bare))
    except ValueError:
        raise InvalidInput(f"{where}: {text!r} is no IP address") from None
    return f"{address}%{zone}" if zone else address


def _port(written: Any, where: str) -> int:
    try:
        port = int(str(written))
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise InvalidInput(f"{where}: {written!r} is no port; it is a number from 1 to 65535")
    return port


def _server_name(written: Any, host: str, where: str) -> str:
    if written:
        return _host(str(written), where)
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    return ""


def _proxy(written: Any, where: str) -> str | None:
    if not written or written == "none":
        return None
    host, port = split(str(written).removeprefix("http://").rstrip("/"), where)
    if port is None:
        raise InvalidInput(f"{where}: {written!r} has no port; write host:port")
    return _netloc(host, port)


def _of_the_machine(netloc: str, proxies: Mapping[str, str]) -> tuple[str | None, str]:
    """``Endpoint.proxy`` and ``Endpoint.proxy_authorization``."""
    found = proxy_of(netloc, proxies)
    if found is None:
        return None, ""
    return _netloc(str(found.hostname), found.port or 80), credentials(found).get("Proxy-Authorization", "")


def _list(written: Any, where: str) -> list[Any]:
    if written is None:
        return []
    if isinstance(written, str):
        return [written]
    if not isinstance(written, list | tuple):
        raise InvalidInput(f"{where}: it is a list of addresses")
    return list(written)


def _bool(written: Any, where: str) -> bool:
    if not isinstance(written, bool):
        raise InvalidInput(f"{where}: write true or false")
    return written
