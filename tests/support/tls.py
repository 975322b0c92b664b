# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS in front of a plain server of the test, with a certificate of our own local authority: what a module sees is a real registry."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request


@contextmanager
def front(port: int, folder: Path, name: str = "localhost") -> Iterator[tuple[str, Path]]:
    """Host and certificate authority of a TLS server that hands everything on to ``port`` on 127.0.0.1, while the block lasts."""
    made = ensure(Request(folder, (Leaf("front", (name,), ("127.0.0.1",), 1),), "test", 2, permitted=()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "front.crt", folder / "front.key")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as outside, socket.create_connection(("127.0.0.1", port)) as inside:
                back = threading.Thread(target=relay, args=(inside, outside))
                back.start()
                relay(outside, inside)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", Path(made.ca_file)
        finally:
            server.shutdown()
            thread.join()


def relay(source: socket.socket, target: socket.socket) -> None:
    """What one says to the other, until it has said all."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
