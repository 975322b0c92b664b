# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._acme.client import Clock
from ansible_collections.slipway.platform.plugins.module_utils._acme.ensure import Result, ensure
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Challenge, Request
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request as Asked
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response, Sink
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf
from support import acme
from support.acme import Pebble

WEB = Leaf("web", ("shop.example.com",))


class Wire(Pool):
    """The real transport, which writes down what was asked; ``instead`` may answer first, or raise."""

    def __init__(self, ca_file: Path) -> None:
        super().__init__(lambda: trust(ca_file))
        self.log: list[str] = []
        self.bodies: list[bytes] = []
        self.instead: Callable[[Asked], Response | None] = lambda request: None

    def send(self, request: Asked, sink: Sink | None = None) -> Response:
        self.log.append(f"{request.method} /{request.url.split('/', 3)[3].split('/')[0]}")
        self.bodies.append(request.body if isinstance(request.body, bytes) else b"")
        return self.instead(request) or super().send(request, sink)

    def orders(self) -> int:
        return self.log.count("POST /order-plz")


class Scene:
    """A CA, and a folder with certificates of it. ``past``: how far this machine's clock is from the CA's."""

    def __init__(self, pebble: Pebble, folder: Path) -> None:
        self.pebble, self.folder = pebble, folder
        self.past = timedelta(0)
        self.slept: list[float] = []
        self.request = Request(
            folder,
            pebble.directory,
            (WEB,),
            Challenge(listen=("127.0.0.1", pebble.http_port)),
            terms_agreed=True,
            ca_file=pebble.ca_file,
            profile="default",
            timeout=60,
        )
        self.wire = Wire(pebble.ca_file)

    def ensure(self, check_mode: bool = False, wire: Wire | None = None, **other: Any) -> Result:
        """What a task with the scene's request, changed by ``other``, gives; ``wire`` is a new one unless it is given."""
        self.wire = wire or Wire(self.pebble.ca_file)
        clock = Clock(sleep=self._sleep, now=lambda: datetime.now(UTC) + self.past)
        return ensure(replace(self.request, **other), check_mode, lambda line: None, clock, self.wire)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        time.sleep(min(seconds, 0.02))  # the CA works in real time

    def pair(self, name: str = "web") -> tuple[bytes, bytes]:
        return (self.folder / f"{name}.crt").read_bytes(), (self.folder / f"{name}.key").read_bytes()

    def files(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()} if self.folder.exists() else {}

    def window(self, start: timedelta, end: timedelta) -> None:
        """Have the CA want the certificate renewed in this window, from the moment that this machine believes it is."""
        now = datetime.now(UTC) + self.past
        self.pebble.renewal(self.pair()[0].decode(), (now + start).isoformat(), (now + end).isoformat())
        self.forget_window()

    def forget_window(self) -> None:
        """As when it is time to ask again."""
        record = self.folder / "acme/web.json"
        record.write_text(json.dumps({**json.loads(record.read_text()), "ask_again": None}))


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    with acme.running(tmp_path_factory.mktemp("pebble")) as running:
        yield running


@pytest.fixture
def scene(pebble: Pebble, tmp_path: Path) -> Scene:
    return Scene(pebble, tmp_path / "tls")
