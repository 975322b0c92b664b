# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal ends with: what was real, what AWS was asked, what was written, which tasks did not run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator import record
from simulator.record import Call
from simulator.world.parts import Part, summary


@dataclass(frozen=True)
class Asked:
    """Of a simulated AWS, since a moment. ``notes``: what its parts have to say."""

    calls: Sequence[Call]
    violations: Sequence[str]
    parts: Sequence[Part]
    notes: Sequence[str]


@dataclass(frozen=True)
class Ran:
    """A playbook's run. ``tasks`` and ``totals``: as callback/rehearsal.py writes them; empty if it did not come so far."""

    playbook: str
    status: int
    seconds: float
    tasks: Sequence[Mapping[str, Any]] = ()
    totals: Mapping[str, int] = field(default_factory=dict)


def lines(ran: Ran, asked: Asked, addresses: Sequence[str]) -> list[str]:
    """For a terminal. ``addresses``: commands that get an answer."""
    found = [f"Rehearsed: {ran.playbook} in {ran.seconds:.0f} s, {_outcome(ran)}", "", *summary(asked.parts)]
    found += ["", *calls(asked.calls), "", *writes(asked.calls), "", *tasks(ran.tasks)]
    found += ["", "To know:", *(f"  {each}" for each in asked.notes)] if asked.notes else []
    found += ["", f"Against AWS's models: {len(asked.violations) or 'nothing'}", *(f"  {each}" for each in asked.violations)]
    return found + (["", "Ask it:", *(f"  {each}" for each in addresses)] if addresses else [])


def _outcome(ran: Ran) -> str:
    totals = ", ".join(f"{name} {ran.totals[name]}" for name in ("changed", "failures") if name in ran.totals)
    return f"status {ran.status}" + (f", {totals}" if totals else "")


def calls(made: Iterable[Call]) -> list[str]:
    """How often each service was asked."""
    everything = list(made)
    asked, written = Counter(each.service for each in everything), Counter(each.service for each in everything if each.write)
    width = max(map(len, asked), default=0)
    rows = [f"  {service:<{width}} {number:>5} calls {written[service]:>4} writes" for service, number in sorted(asked.items())]
    return [f"AWS was asked: {len(everything)} calls, {sum(written.values())} of them writes", *rows]


def writes(made: Iterable[Call]) -> list[str]:
    """By resource, what was done to it."""
    found = record.writes(made)
    return ["Written:" if found else "Written: nothing", *(f"  {resource}: {_times(done)}" for resource, done in sorted(found.items()))]


def _times(done: Iterable[str]) -> str:
    return ", ".join(name if number == 1 else f"{name} ({number}x)" for name, number in Counter(done).items())


def tasks(noted: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many were executed, and of the others why they were not."""
    skipped = [each for each in noted if each["status"] == "skipped"]
    rows = [f"  {each['name']}: {each['why'] or 'nothing to loop over'}" for each in skipped]
    return [f"Tasks: {len(noted) - len(skipped)} executed, {len(skipped)} skipped{':' if rows else ''}", *rows]


def read_calls(found: Iterable[Mapping[str, Any]]) -> list[Call]:
    return [Call(**each) for each in found]
