# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from support import kube_api
from support.kube_api import KubeApi


class Time:
    """A clock that only sleeping moves; ``on_sleep`` plays the controllers meanwhile."""

    def __init__(self) -> None:
        self.now = 0.0
        self.on_sleep: Callable[[float], None] = lambda now: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep(self.now)


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with kube_api.running() as server:
        yield server


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(api: KubeApi, time: Time, tmp_path: Path) -> Client:
    return Client(connect(api.kubeconfig(tmp_path)), clock=time.clock, sleep=time.sleep)
