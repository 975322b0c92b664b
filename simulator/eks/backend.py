# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS in the simulator: requests as EKS's own model reads them, answers with exactly the members that the operations gave."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from moto.utilities.aws_headers import gen_amzn_requestid_long

from simulator.backend import Backend, World
from simulator.corrections.sts import USER
from simulator.eks import access_keys
from simulator.eks.errors import EksError
from simulator.eks.neighbours import Neighbours
from simulator.eks.operations import OPERATIONS, perform
from simulator.eks.state import EksState, Scene


class Eks(Backend):
    knows_repeats = True

    def __init__(self) -> None:
        super().__init__(service_name="eks")
        self.automated_parameter_parsing = True

    def call_action(self) -> tuple[int, dict[str, Any], str]:
        name = self._get_action()
        if name not in OPERATIONS:
            raise NotImplementedError(f"The simulator's EKS has no {name}")
        # What is not given is null in what moto has parsed.
        parameters = {member: value for member, value in self.params.items() if value is not None}
        try:
            return self._answer(200, perform(self.scene(), name, parameters))
        except EksError as error:
            return self._answer(error.status, error.body, error.code)

    def scene(self) -> Scene:
        account, region, partition = self.current_account, self.region, self.partition
        return Scene(self.state(EksState), Neighbours(account, region, partition), self.clock.now(), account, partition, region, self._caller())

    def _caller(self) -> str:
        """Who STS says it is."""
        found = access_keys.of_moto(self.current_account, self.access_key, self.partition)
        return found.arn if found else f"arn:{self.partition}:iam::{self.current_account}:user/{USER}"

    def _answer(self, status: int, body: Any, code: str = "") -> tuple[int, dict[str, Any], str]:
        headers: dict[str, Any] = {**self.response_headers, "content-type": "application/json", "status": str(status)}
        if code:
            headers["x-amzn-ErrorType"] = code
        gen_amzn_requestid_long(headers)
        return status, headers, json.dumps(body, default=_time)


def state_of(world: World, account_id: str, region: str) -> EksState:
    """For whoever plans faults, gives a cluster its endpoint or asks who may do what."""
    return world.state(EksState, account_id, region)


def _time(value: object) -> float:
    """As rest-json writes it: seconds since the epoch."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"EKS answers with no {type(value).__name__}")
