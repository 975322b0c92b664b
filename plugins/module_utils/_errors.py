# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error tree of the core.

    SlipwayError
      x InvalidInput     what the user wrote cannot work: says where, and what to write instead
      x Missing          something the machine must have is not there: says what to install
      x Busy             someone else holds what is needed: names the holder
      x Unreachable      no answer, or none that can be read (timeouts, resets, 5xx)
      x Denied           the answer is no (401, 403)
      x Untrusted        what is signed holds together, but nobody whom we trust signed it
      x NotFound         the answer is that it does not exist (404 and nothing else)
      x Conflict         it exists and is another than wanted (409, an immutable tag, a foreign field owner)
      x CommandFailed    a program that was started ended with an error: carries its last lines
      x NotReady         what was applied did not become ready: carries the cause, not only the time-out

A message says what was tried, on what, what came back and what to do next. It never carries a credential.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class SlipwayError(Exception):
    """An error that a user can act on.

    ``facts`` are JSON-serialisable details (host, status, object, log lines) that the module returns beside ``msg``.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class InvalidInput(SlipwayError):
    pass


@contextmanager
def wrong_at(where: str) -> Iterator[None]:
    """``InvalidInput`` from this block says where in what the user wrote it is."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error.message}", **error.facts) from None


class Missing(SlipwayError):
    pass


class Busy(SlipwayError):
    pass


class Unreachable(SlipwayError):
    pass


class Denied(SlipwayError):
    pass


class Untrusted(SlipwayError):
    pass


class NotFound(SlipwayError):
    pass


class Conflict(SlipwayError):
    pass


class CommandFailed(SlipwayError):
    pass


class NotReady(SlipwayError):
    pass
