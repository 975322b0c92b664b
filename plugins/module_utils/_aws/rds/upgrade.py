# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of PostgreSQL: what is wanted, what is there, and whether a run may go from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict


@dataclass(frozen=True)
class Upgrade:
    """``kind``: "" where the version is as wanted, else minor or major; ``note``: where it is ahead."""

    kind: str = ""
    note: str = ""


def judge(name: str, there: str, wanted: str, allowed: str) -> Upgrade:
    """``wanted``: a major version, or a major and a minor one. ``allowed``: none, minor or major. Raises ``Conflict`` for what may not be."""
    now, then = _numbers(there), _numbers(wanted)
    if then[0] < now[0]:
        raise Conflict(
            f"engine_version: {name} is at PostgreSQL {there} and {wanted} is wanted; RDS can't go back, so write {now[0]}, or restore under another name"
        )
    if then[0] > now[0]:
        _allow(name, there, wanted, allowed == "major", "major", "the application, and every extension, must have been tried with it")
        return Upgrade("major")
    if len(then) == 1 or then[1] == now[1]:
        return Upgrade()
    if then[1] < now[1]:
        return Upgrade(note=f"PostgreSQL is {there}, newer than engine_version {wanted}; RDS can't go back")
    _allow(name, there, wanted, allowed in ("minor", "major"), "minor", "the instance restarts")
    return Upgrade("minor")


def _allow(name: str, there: str, wanted: str, allowed: bool, kind: str, mind: str) -> None:
    if not allowed:
        raise Conflict(f"engine_version: {name} is at PostgreSQL {there} and {wanted} is wanted, a {kind} upgrade ({mind}); write upgrades: {kind} to have it")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
