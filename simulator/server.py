# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator on a port of 127.0.0.1."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server


class Handler(MotoRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """The simulator keeps a record of its own."""

    def connection_dropped(self, error: BaseException, environ: dict[str, Any] | None = None) -> None:  # noqa: ARG002  Werkzeug's
        """Werkzeug would keep a connection that our application has dropped, and the client would wait."""
        self.close_connection = True


@contextmanager
def serving(application: Any, port: int = 0) -> Iterator[str]:
    """``application``: of WSGI. Gives the URL; port 0 is any free one."""
    server = make_server("127.0.0.1", port, application, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
