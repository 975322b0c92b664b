# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation of a database password with two logins in turn: from facts to the next step. Pure.

Where a rotation stands is derived from the store, the server and the namespaces; nothing is remembered, so it may be killed anywhere
and started again. With a and b as the logins, and a in use at first:

    fact                                                  next step
    b cannot log in                                       switch   the store names b, with a new password
    the store's login cannot log in with its password     enable   b can log in with it (a still can)
    a copy is older than the store                        deliver  copies of the store's secret
    a pod has no connection as b, or one as a             wait     pods read the files again and connect anew
    the same, after the time allowed for that             restart  a rolling restart makes those that did not
    a can log in, and nobody is connected as a            retire   a cannot log in any more
    a cannot log in, all is delivered                     done

The store is switched before anything else: once both logins can log in, it tells which of them is the new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Step(Enum):
    SWITCH = "switch"
    ENABLE = "enable"
    DELIVER = "deliver"
    WAIT = "wait"
    RESTART = "restart"
    RETIRE = "retire"
    DONE = "done"
    STUCK = "stuck"


@dataclass(frozen=True)
class Consumer:
    """A running pod that mounts a copy of the binding, and its connections as the new login and as the old one."""

    pod: str
    new: int = 0
    old: int = 0
    restarted: bool = False
    """It was started by our restart for this version, so it has read the new files."""
    restartable: bool = True
    """It belongs to a workload that would replace it."""

    @property
    def moved(self) -> bool:
        return bool(self.new or self.restarted) and not self.old


@dataclass(frozen=True)
class Facts:
    """What is true now. ``new`` is the login that the store names, ``old`` the other."""

    new: str
    old: str
    new_works: bool
    """The new login can log in with the password of the store."""
    old_can_login: bool
    delivered: bool
    """Every copy has the version of the store."""
    consumers: tuple[Consumer, ...] = ()
    old_sessions: int = 0
    """Connections of the old login from anywhere."""
    settled: bool = True
    """No workload that uses the binding is being rolled out."""

    @property
    def unfinished(self) -> bool:
        return self.old_can_login or not self.new_works or not self.delivered

    @property
    def moved(self) -> bool:
        """Every pod was seen with the new login, and nobody uses the old one."""
        return not self.old_sessions and all(consumer.moved for consumer in self.consumers)

    @property
    def to_restart(self) -> tuple[str, ...]:
        """The pods that a restart would move."""
        return tuple(consumer.pod for consumer in self.consumers if consumer.restartable and not consumer.restarted and not consumer.moved)


@dataclass(frozen=True)
class Patience:
    """Whether the time is over in which pods should move by themselves, and the time for a restart to make them."""

    reread_over: bool = False
    restart_over: bool = False


def next_step(facts: Facts, begin: bool, patience: Patience) -> Step:
    """The next step. ``begin`` asks for a new rotation, once the one that stands unfinished is done."""
    if not facts.new_works:
        return Step.ENABLE
    if not facts.delivered:
        return Step.DELIVER
    if not facts.old_can_login:
        return Step.SWITCH if begin else Step.DONE
    if facts.settled and facts.moved:
        return Step.RETIRE
    if patience.reread_over and facts.settled and facts.to_restart:
        return Step.RESTART
    if patience.restart_over or (patience.reread_over and not facts.consumers):
        # What is left is not a pod with the binding: to cut that off is what a rotation is for.
        return Step.RETIRE if facts.settled and not any(consumer.old for consumer in facts.consumers) else Step.STUCK
    return Step.WAIT


def explain(facts: Facts) -> str:
    """One line about who has not moved yet."""
    parts = [f"{sum(consumer.moved for consumer in facts.consumers)} of {len(facts.consumers)} pods use {facts.new}"]
    parts += [f"{facts.old_sessions} connections as {facts.old}"] if facts.old_sessions else []
    parts += [] if facts.settled else ["a rollout is under way"]
    return ", ".join(parts)
