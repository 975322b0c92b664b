# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in threads of its own: HTTP servers, each connection in one, and whoever looks at the real cluster again and again."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

_HANDSHAKE_SECONDS = 30
_LOOK_SECONDS = 1.0


@contextmanager
def looking(look: Callable[[], object], name: str, trouble: Callable[[str], None]) -> Iterator[None]:
    """``look`` in a thread, about once a second; ``trouble`` is told why one did not succeed, and the next tries again. What should not happen ends it."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(_LOOK_SECONDS):
            try:
                look()
            except SlipwayError as error:
                trouble(error.message)
            except Exception as error:
                trouble(f"{type(error).__name__}, and it is not looked at again: the log of the simulated AWS says where")
                raise

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context: ssl.SSLContext | None = None

    @classmethod
    @contextmanager
    def running(cls, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[int]:
        """Gives the port. ``context``: TLS."""
        server = cls(address, handler)
        server.context = context
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake is made in the connection's own thread: who never ends it holds nobody else up."""
        try:
            if self.context is not None:
                request.settimeout(_HANDSHAKE_SECONDS)
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        except OSError:
            pass  # whoever asked is gone
        finally:
            request.close()
