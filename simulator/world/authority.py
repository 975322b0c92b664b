# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate authority of a simulated AWS, and a certificate for whatever host name it stands for."""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._tls import authority
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request

DAYS = 365


class Authority:
    """Lies in ``folder``, and is the same when the folder is used again. ``now``: aware, UTC; real time, since clients have it.

    ``ca_file``: its certificate alone. ``trust_file``: that and the machine's roots, for clients that talk to the real network too. It may sign for
    any name: who has ``folder`` can be anybody to those who trust it.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime] = authority.utc_now) -> None:
        self._folder, self._now = folder, now
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self._ensure()
        self.ca_file = folder / "ca.crt"
        self.trust_file = folder / "trust.crt"
        _files.write(self.trust_file, machine_roots() + self.ca_file.read_bytes(), 0o644)

    def context(self, host: str) -> ssl.SSLContext:
        """For a TLS server that is this name or address. Clients that ask for HTTP/2 get HTTP/1.1."""
        with self._lock:
            if host not in self._contexts:
                certificate, key = self.files(host)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(certificate, key)
                context.set_alpn_protocols(["http/1.1"])
                self._contexts[host] = context
            return self._contexts[host]

    def files(self, *hosts: str) -> tuple[Path, Path]:
        """Certificate and key of a server with these names and addresses; renewed when a third of its time is left."""
        name = f"host-{hashlib.sha256(' '.join(hosts).encode()).hexdigest()[:16]}"
        addresses = tuple(host for host in hosts if _is_address(host))
        self._ensure(Leaf(name, tuple(host for host in hosts if host not in addresses), addresses))
        return self._folder / f"{name}.crt", self._folder / f"{name}.key"

    def _ensure(self, *leaves: Leaf) -> None:
        authority.ensure(Request(self._folder, leaves, "Slipway simulated AWS", DAYS, permitted=()), self._now)


def machine_roots() -> bytes:
    """Whom this machine trusts (SSL_CERT_FILE and SSL_CERT_DIR included), in PEM."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile:
        return Path(paths.cafile).read_bytes().rstrip() + b"\n"
    found = {path.resolve() for folder in (paths.capath or "").split(":") if folder for path in Path(folder).glob("*.[0-9]")}
    return b"".join(path.read_bytes().rstrip() + b"\n" for path in sorted(found))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
