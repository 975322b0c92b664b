# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as a list of calls: what check mode shows is what is called later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import wait
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

_SPREADS = 120.0  # seconds in which AWS spreads what was made just before (a role that a policy names)


@dataclass(frozen=True)
class Step:
    """``text``: in a few words, for people; it has no secret, ``parameters`` may."""

    text: str
    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)


def never(error: SlipwayError) -> bool:  # noqa: ARG001  as every test of an error
    return False


def take(aws: Aws, steps: Iterable[Step], not_yet: Callable[[SlipwayError], bool] = never) -> None:
    """One after the other; one whose error is ``not_yet`` is tried again for a while."""
    for step in steps:
        wait.eventually(aws, lambda step=step: aws.call(step.service, step.operation, **step.parameters), not_yet, _SPREADS)  # type: ignore[misc]
