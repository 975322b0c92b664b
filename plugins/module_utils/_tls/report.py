# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a local certificate authority: names, dates and serial numbers, never keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate


@dataclass(frozen=True)
class Pair:
    """A certificate and its key afterwards. ``action`` is unchanged, issued or renewed; dates are ISO 8601; what check mode can't know is empty."""

    name: str
    certificate_file: str
    key_file: str
    action: str
    reason: str
    not_before: str
    not_after: str
    serial: str
    sha256: str
    dns: tuple[str, ...]
    ip: tuple[str, ...]


@dataclass(frozen=True)
class Entry(Pair):
    """One that the local authority signed, or its own."""

    usages: tuple[str, ...]
    permitted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """The authority and its certificates; ``diff`` shows names, dates and serials, never keys."""

    ca_file: str
    authority: Entry
    certificates: tuple[Entry, ...]
    diff: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.diff["before"] != self.diff["after"]


def entry(folder: Path, name: str, reason: str, before: Certificate | None, after: Certificate, write: bool) -> Entry:
    new = before is None or before.serial != after.serial
    return Entry(
        name=name,
        certificate_file=str(folder / f"{name}.crt"),
        key_file=str(folder / f"{name}.key"),
        action=("issued" if before is None else "renewed") if new else "unchanged",
        reason=reason,
        not_before=stamp(after.not_before),
        not_after=stamp(after.not_after),
        serial=after.serial if write or not new else "",
        sha256=after.sha256 if write or not new else "",
        dns=after.dns,
        ip=after.ip,
        usages=after.usages,
        permitted=after.permitted,
    )


def text(name: str, facts: Certificate | None, fault: str = "", made: bool = False) -> str:
    if facts is None:
        return f"{name}: {fault}\n" if fault else ""
    names = [*facts.dns, *facts.ip] or [f"may sign for {tree}" for tree in facts.permitted] or ["may sign for any name"]
    serial = "(made when it is written)" if made else facts.serial
    lines = [f"{name}: {stamp(facts.not_before)} to {stamp(facts.not_after)}, serial {serial}{f', {fault}' if fault else ''}", *names, *facts.usages]
    return "\n  ".join(lines) + "\n"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
