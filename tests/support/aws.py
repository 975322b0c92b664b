# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS in this process, over HTTP: the simulator, started once and empty for each test."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from simulator.application import ACCOUNT_ID, Simulator
from simulator.backend import Backend
from simulator.clock import ManualClock
from simulator.server import serving

REGION = "eu-central-1"
# As long as real ones: what is masked in output by its value must not be a letter that stands everywhere.
ACCESS_KEY, SECRET_KEY = "AKIASIMULATOR0000001", "simulated/simulated/simulated/simulated0"


class Aws:
    """What a test has of the simulator."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self._simulator = simulator
        self.url = url
        self.region = REGION
        self.account_id = ACCOUNT_ID
        self.clock = ManualClock()

    @property
    def violations(self) -> list[str]:
        """What was asked or answered against the service models; a test that provokes some clears them."""
        return self._simulator.violations

    @property
    def environ(self) -> dict[str, str]:
        """For a client's process: collections read AWS_URL, boto3 and the AWS CLI read AWS_ENDPOINT_URL."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def params(self) -> dict[str, Any]:
        """Options of a module that point it here."""
        return {"region": self.region, "endpoint_url": self.url, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that is told no more than once."""
        options = {"region_name": self.region, "aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY} | options
        config = Config(retries={"total_max_attempts": 1}).merge(options.pop("config", None) or Config())
        return _session().client(service, endpoint_url=self.url, config=config, **options)


@cache
def _session() -> Any:
    return boto3.session.Session()


@cache
def _started() -> tuple[Simulator, str]:
    stack = ExitStack()
    simulator = Simulator(clock=ManualClock())
    url = stack.enter_context(serving(simulator))
    atexit.register(stack.close)
    return simulator, url


@contextmanager
def running(*, account_id: str = ACCOUNT_ID, backends: Mapping[str, type[Backend]] | None = None) -> Iterator[Aws]:
    """An empty AWS; ``backends`` are added to the simulator's own. At the end nothing may have gone against the service models."""
    simulator, url = _started()
    aws = Aws(simulator, url)
    standing = dict(simulator.backends)
    simulator.reset()
    simulator.world.clock, simulator.world.account_id, aws.account_id = aws.clock, account_id, account_id
    simulator.backends.update(backends or {})
    try:
        yield aws
        assert not aws.violations, "\n".join(map(str, aws.violations))
    finally:
        simulator.backends.clear()
        simulator.backends.update(standing)
