# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend of our own is built on, and what it knows of the world around it."""

from __future__ import annotations

from typing import Any, TypeVar

from moto.core.responses import BaseResponse

from simulator.clock import Clock

State = TypeVar("State")


class World:
    """One simulated AWS: its clock, its account, and the state that our own backends keep in it. ``reset`` forgets the state."""

    def __init__(self, clock: Clock, account_id: str) -> None:
        self.clock = clock
        self.account_id = account_id
        self._states: dict[tuple[type[Any], str, str], Any] = {}

    def state(self, kind: type[State], account_id: str, region: str) -> State:
        """The one ``kind`` of an account and a region; made when first asked for."""
        key = (kind, account_id, region)
        if key not in self._states:
            self._states[key] = kind()
        found: State = self._states[key]
        return found

    def reset(self) -> None:
        self._states.clear()


class Backend(BaseResponse):
    """A service of our own: a method per operation, named in snake_case, that returns ``ActionResult(members of the output shape)``.

    ``self._get_param(member)`` gives a parameter, ``self.region`` and ``self.current_account`` say where; errors are moto's ServiceException with
    the code that the service model has. To mend a service of moto's, derive from both: ``class Kms(Backend, KmsResponse)``.
    """

    world: World
    knows_repeats = False  # whether it sees itself to calls that are made again with their token

    @property
    def clock(self) -> Clock:
        return self.world.clock

    def state(self, kind: type[State]) -> State:
        """What this backend keeps, by account and region; ``kind`` is a class that takes no arguments."""
        return self.world.state(kind, self.current_account, self.region)
