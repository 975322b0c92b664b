# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS in this process, over HTTP: the simulator, started once and empty for each test."""

from __future__ import annotations

import atexit
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config

from simulator import models, record
from simulator.application import ACCOUNT_ID, Simulator, Violation
from simulator.backend import Backend, World
from simulator.backends import BACKENDS
from simulator.clock import ManualClock
from simulator.deviations import Deviation
from simulator.faults import Fault
from simulator.record import Call
from simulator.server import serving

REGION = "eu-central-1"
# As long as real ones: what is masked in output by its value must not be a letter that stands everywhere.
ACCESS_KEY, SECRET_KEY = "AKIASIMULATOR0000001", "simulated/simulated/simulated/simulated0"


class Aws:
    """What a test has of the simulator: what was asked (``log``, ``counts``, ``writes``), what goes wrong (``faults``), and its time (``clock``)."""

    def __init__(self, simulator: Simulator, url: str, clock: ManualClock) -> None:
        self.simulator = simulator
        self.url = url
        self.clock = clock
        self.region = REGION

    @property
    def account_id(self) -> str:
        return self.simulator.world.account_id

    @property
    def log(self) -> list[Call]:
        """Every call since the beginning; clear it to count from here."""
        return self.simulator.record.calls

    @property
    def counts(self) -> Counter[str]:
        """Calls by "service Operation"."""
        return record.counts(self.log)

    @property
    def writes(self) -> dict[str, list[str]]:
        """Operations that write, by "service Noun name"; empty after check mode."""
        return record.writes(self.log)

    @property
    def faults(self) -> list[Fault]:
        """Add to it; ``times`` of a fault says how often it will still go off."""
        return self.simulator.faults

    @property
    def world(self) -> World:
        """The state of the simulator's own backends."""
        return self.simulator.world

    @property
    def violations(self) -> list[Violation]:
        """What was asked or answered against the service models. Empty at the end: a test that provokes some clears them."""
        return self.simulator.violations

    @property
    def tolerated(self) -> Counter[Deviation]:
        """Known deviations from the models that came up."""
        return self.simulator.tolerated

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

    def into(self, environment: pytest.MonkeyPatch) -> None:
        """This process's environment, for the length of a test: clients find the simulator and its keys, and nothing of the user's."""
        for name in (name for name in os.environ if name.startswith("AWS_")):
            environment.delenv(name)
        for name, value in self.environ.items():
            environment.setenv(name, value)

    def params(self) -> dict[str, Any]:
        """Options that point a module here; the keys come from the environment (``environ``, ``into``)."""
        return {"region": self.region, "endpoint_url": self.url}

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client that tries once; ``options`` as boto3.client() takes them."""
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
def running(
    *, account_id: str = ACCOUNT_ID, regions: Iterable[str] = (), backends: Mapping[str, type[Backend]] | None = None, clock: ManualClock | None = None
) -> Iterator[Aws]:
    """An empty AWS; not two at a time. ``regions``: others don't exist. ``backends`` are added to the simulator's own.

    It ends with an error if something went against the service models.
    """
    simulator, url = _started()
    aws = Aws(simulator, url, clock or ManualClock())
    simulator.reset()
    simulator.world.clock, simulator.world.account_id = aws.clock, account_id
    simulator.regions = frozenset(regions) or models.regions()
    simulator.backends = {**BACKENDS, **(backends or {})}
    yield aws
    assert not aws.violations, "\n".join(map(str, aws.violations))
