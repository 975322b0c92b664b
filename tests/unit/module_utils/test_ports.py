# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import socket

from ansible_collections.slipway.platform.plugins.module_utils._ports import listener_of


def test_the_listener_of_a_port_is_found_by_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = listener_of(server.getsockname()[1])
    assert listener is not None
    assert listener.pid == os.getpid()
    assert str(os.getpid()) in str(listener)


def test_a_bound_port_that_does_not_listen_is_free() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert listener_of(bound.getsockname()[1]) is None
