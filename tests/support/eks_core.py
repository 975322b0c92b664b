# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core of the modules for EKS against the simulator: time passes when it waits, and its calls are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws, Clock
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import (
    addons,
    cluster,
    entries,
    identity_provider,
    info,
    nodegroups,
    options,
    pod_identity,
)
from support import aws, eks

from simulator.eks.state import Timing

TAGS = {"slipway:environment": "test", "slipway:name": "shop"}
_TASKS: dict[str, tuple[Any, Mapping[str, Any]]] = {
    "cluster": (cluster.task, options.CLUSTER),
    "entries": (entries.task, options.ACCESS_ENTRY),
    "addons": (addons.task, options.ADDON),
    "associations": (pod_identity.task, options.POD_IDENTITY),
    "nodegroups": (nodegroups.task, options.NODEGROUP),
    "provider": (identity_provider.task, options.IDENTITY_PROVIDER),
}


class Rig(eks.Account):
    """An account with a network and roles, and the modules in it. ``lines``: what a person saw while it waited."""

    def __init__(self, simulated: aws.Aws) -> None:
        super().__init__(simulated)
        self.lines: list[str] = []
        # Short, since each look while it waits is a request.
        self.state.timing = Timing(cluster=60, deletion=20, update=10, version=20, addon=10, nodegroup=20, refresh=5)
        clock = simulated.clock
        self.core = Aws(Access(simulated.region, endpoint_url=simulated.url), self.lines.append, Clock(clock.monotonic, clock.sleep, clock.now))

    def run(self, kind: str, check: bool = False, **args: Any) -> Any:
        """The result of a task with these options."""
        task, spec = _TASKS[kind]
        return task(self.core, self.params(spec, args), check)

    def info(self, **args: Any) -> info.Result:
        return info.task(self.core, self.params(options.CLUSTER_INFO, args))

    def params(self, spec: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
        checked = ArgumentSpecValidator(spec).validate(deepcopy({"region": self.aws.region, **args}))
        assert not checked.error_messages, checked.error_messages
        values: dict[str, Any] = checked.validated_parameters
        return values

    def ensure(self, check: bool = False, **more: Any) -> Any:
        """The cluster one, with what it takes to make it."""
        return self.run("cluster", check, **({"name": "one", "role_arn": self.role, "subnets": self.subnets, "version": "1.34"} | more))

    @contextmanager
    def calls(self) -> Iterator[Counter[str]]:
        """The calls of the block, by operation."""
        begin, found = len(self.aws.log), Counter[str]()
        yield found
        found.update(call.operation for call in self.aws.log[begin:])

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        begin = len(self.aws.log)
        yield
        assert [call.operation for call in self.aws.log[begin:] if call.write] == []


@contextmanager
def rig(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    with aws.running() as simulated:
        simulated.into(monkeypatch)
        yield Rig(simulated)
