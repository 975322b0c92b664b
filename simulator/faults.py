# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: what goes wrong, with which operations, and how often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from simulator import answers
from simulator.answers import Answer
from simulator.eks.faults import LATER
from simulator.routing import Route

# dropped and lost: the connection ends, before or after AWS has done what was asked.
KINDS = ("throttled", "failed", "error", "absent", "expired", "unrecognized", "dropped", "lost", "fails_later")


@dataclass
class Fault:
    """``kind``: throttled, failed (5xx), error (``code``, ``status``), absent (not found), expired, unrecognized (credentials), dropped, lost,
    fails_later (it is accepted, and what it began ends with ``code`` and ``message``: an add-on DEGRADED, a cluster FAILED, an update Failed).

    ``service``, ``operation``: patterns ("eks", "Describe*"). ``where``: parameters that a call must have. ``times``: None is always.
    ``after``: a pattern; the fault waits until such an operation of the same service has succeeded. So ``Fault("absent", "eks", "DescribeCluster",
    times=3, after="CreateCluster")`` is a cluster that three reads don't see.
    """

    kind: str
    service: str = "*"
    operation: str = "*"
    times: int | None = 1
    where: Mapping[str, Any] = field(default_factory=dict)
    after: str = ""
    code: str = ""
    status: int = 0
    message: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a fault's kind is one of {', '.join(KINDS)}; not {self.kind!r}")
        if self.kind == "error" and not self.code:
            raise ValueError("a fault of kind error needs a code, such as ResourceInUseException")
        if self.kind == "fails_later" and (self.service != "eks" or self.operation not in LATER or not self.code):
            raise ValueError(f"a fault of kind fails_later needs service eks, one operation of {', '.join(LATER)}, and a code, such as AccessDenied")

    @property
    def is_served(self) -> bool:
        """Whether the call does what it was asked for all the same."""
        return self.kind in ("lost", "fails_later")

    def fits(self, route: Route, parameters: Mapping[str, Any]) -> bool:
        named = fnmatchcase(route.service, self.service) and fnmatchcase(route.name, self.operation)
        return named and self.times != 0 and not self.after and all(parameters.get(key) == value for key, value in self.where.items())

    def answer(self, route: Route) -> Answer | None:
        """None: the connection ends."""
        match self.kind:
            case "throttled":
                return answers.throttled(route)
            case "failed":
                return answers.failed(route, self.status or 500)
            case "error":
                return answers.error(route, self.status or 400, self.code, self.message or "On demand")
            case "absent":
                return answers.absent(route, self.code)
            case "expired":
                return answers.expired(route)
            case "unrecognized":
                return answers.unrecognized(route)
        return None


def read(documents: Any) -> list[Fault]:
    """A list of objects with a fault's fields, as JSON has them; ValueError says which one is wrong."""
    known = {each.name for each in fields(Fault)}
    if not isinstance(documents, list) or not all(isinstance(each, dict) for each in documents):
        raise ValueError("faults are a list of objects")
    for number, each in enumerate(documents, 1):
        if "kind" not in each or each.keys() - known:
            raise ValueError(f"fault {number}: it has {', '.join(sorted(each)) or 'nothing'}; kind is needed, and there are {', '.join(sorted(known))}")
    return [Fault(**each) for each in documents]


def due(faults: Iterable[Fault], route: Route, parameters: Mapping[str, Any]) -> Fault | None:
    """The first that fits, counted as used."""
    found = next((fault for fault in faults if fault.fits(route, parameters)), None)
    if found and found.times is not None:
        found.times -= 1
    return found


def succeeded(faults: Iterable[Fault], route: Route) -> None:
    """Faults that waited for this operation wait no longer."""
    for fault in faults:
        if fault.after and fnmatchcase(route.service, fault.service) and fnmatchcase(route.name, fault.after):
            fault.after = ""
