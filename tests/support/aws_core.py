# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core of a module for AWS against the simulator: time passes when it waits, and its calls are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws, Clock
from support import aws

from simulator.backend import Backend
from simulator.faults import Fault

TAGS = {"slipway:environment": "test", "slipway:name": "shop"}


class Account:
    """An empty account, and a module's core in it. ``request`` and ``ensure`` are the core's; ``options`` its specification."""

    def __init__(self, simulated: aws.Aws, options: Mapping[str, Any], request: Callable[[Mapping[str, Any]], Any], ensure: Callable[..., Any]) -> None:
        self.simulated, self.lines = simulated, list[str]()
        self._options, self._request, self._ensure = options, request, ensure
        clock = simulated.clock
        self.aws = Aws(Access(simulated.region, endpoint_url=simulated.url, attempts=2), self.lines.append, Clock(clock.monotonic, clock.sleep, clock.now))

    def client(self, service: str) -> Any:
        return self.simulated.client(service)

    def run(self, check: bool = False, **args: Any) -> Any:
        """The result of a task with these arguments."""
        checked = ArgumentSpecValidator(self._options).validate(deepcopy({"region": self.simulated.region, **args}))
        assert not checked.error_messages, checked.error_messages
        return self._ensure(self.aws, self._request(checked.validated_parameters), check)

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        """The calls of the block, by operation; those that write by "!" before it."""
        calls = self.simulated.log
        begin, found = len(calls), Counter[str]()
        yield found
        found.update(f"{'!' if call.write else ''}{call.operation}" for call in calls[begin:])

    def writes(self, found: Mapping[str, int]) -> list[str]:
        return sorted(name for name in found if name.startswith("!"))

    def fault(self, kind: str, service: str, operation: str, **more: Any) -> None:
        self.simulated.faults.append(Fault(kind, service, operation, **more))

    def state(self, kind: type[Any]) -> Any:
        """What a backend of ours keeps."""
        return self.simulated.world.state(kind, self.simulated.account_id, self.simulated.region)


@contextmanager
def account(
    monkeypatch: pytest.MonkeyPatch,
    options: Mapping[str, Any],
    request: Callable[[Mapping[str, Any]], Any],
    ensure: Callable[..., Any],
    backends: Mapping[str, type[Backend]] | None = None,
) -> Iterator[Account]:
    with aws.running(backends=backends) as simulated:
        simulated.into(monkeypatch)
        yield Account(simulated, options, request, ensure)
