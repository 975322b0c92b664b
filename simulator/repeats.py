# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that are made again with their token (ClientToken, ClientRequestToken, IdempotencyToken): they get the answer of the first time, and do nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulator.answers import Answer
from simulator.routing import Route

_TOKEN = re.compile(r"(client(request)?|idempotency)token", re.IGNORECASE)
_Key = tuple[str, str, str, str, str]


class Repeats:
    """One simulated AWS's. The same token with other parameters is left to the backend."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[dict[str, Any], Answer]] = {}

    def answer(self, found: Route, account: str, parameters: Mapping[str, Any]) -> Answer | None:
        key = _key(found, account, parameters)
        first = self._known.get(key) if key else None
        return first[1] if first and first[0] == parameters else None

    def keep(self, found: Route, account: str, parameters: Mapping[str, Any], answer: Answer) -> None:
        if key := _key(found, account, parameters):
            self._known[key] = (dict(parameters), answer)

    def clear(self) -> None:
        self._known.clear()


def _key(found: Route, account: str, parameters: Mapping[str, Any]) -> _Key | None:
    token = next((str(value) for name, value in parameters.items() if value and _TOKEN.fullmatch(name)), "")
    return (account, found.region, found.service, found.name, token) if token else None
