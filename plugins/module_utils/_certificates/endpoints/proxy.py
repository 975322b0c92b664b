# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Through an HTTP proxy: CONNECT (RFC 9110 §9.3.6)."""

from __future__ import annotations

import re

from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wire import Steps, Stop, Wire, shown

_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: |\r?\n)")


def tunnel(wire: Wire, host: str, port: int, authorization: str) -> Steps[None]:
    """Have the proxy connect to a host (a name, or an address without brackets). What comes behind its answer is the host's own.

    ``authorization``: the value of Proxy-Authorization, "" for none.
    """
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    who = f"Proxy-Authorization: {authorization}\r\n" if authorization else ""
    yield from wire.send(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{who}\r\n".encode())
    head = yield from wire.until(_HEAD)
    answer = head.string[: head.end()]
    status = _STATUS.match(answer)
    if not status:
        raise Stop("proxy_refused", f"{wire.peer} is no HTTP proxy: it answered «{shown(answer)}»")
    if status[1] == b"407":
        raise Stop("proxy_refused", f"{wire.peer} wants to know who asks («{shown(answer)}»); write user and password into https_proxy, and no proxy here")
    if not status[1].startswith(b"2"):
        raise Stop("proxy_refused", f"{wire.peer} did not connect to {authority}: «{shown(answer)}»")
