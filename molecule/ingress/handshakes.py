# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TLS handshakes the gateway takes and which it refuses. Arguments: port, CA file, host name that the certificate carries."""

from __future__ import annotations

import socket
import ssl
import sys


def shake(port: int, name: str, ca_file: str, version: ssl.TLSVersion, ciphers: str = "", offered: tuple[str, ...] = ("h2", "http/1.1")) -> str:
    """Version and protocol that were agreed on; raises what the handshake raises."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    context.set_alpn_protocols(list(offered))
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, context.wrap_socket(plain, server_hostname=name) as connection:
        return f"{connection.version()} {connection.selected_alpn_protocol()}"


def refused(*arguments: object, **more: object) -> bool:
    try:
        shake(*arguments, **more)  # type: ignore[arg-type]
    except (OSError, ssl.SSLError):
        return True
    return False


def main(port: int, ca_file: str, name: str) -> None:
    assert shake(port, name, ca_file, ssl.TLSVersion.TLSv1_3) == "TLSv1.3 h2"
    assert shake(port, name, ca_file, ssl.TLSVersion.TLSv1_2) == "TLSv1.2 h2"
    assert shake(port, name, ca_file, ssl.TLSVersion.TLSv1_3, offered=("http/1.1",)) == "TLSv1.3 http/1.1"
    assert refused(port, name, ca_file, ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"), "TLS 1.1 was accepted"
    assert refused(port, name, ca_file, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA"), "a cipher without authenticated encryption was accepted"
    assert refused(port, "other.localhost", ca_file, ssl.TLSVersion.TLSv1_3), "a name that the certificate does not carry was accepted"


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
