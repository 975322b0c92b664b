# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only bridge between the core and Ansible modules: a result becomes ``exit_json``, an error ``fail_json``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError


class Result(Protocol):
    """What a core function returns: a frozen dataclass that knows whether it changed anything.

    An optional attribute ``diff`` (``{"before": str, "after": str}`` or a list of those) becomes Ansible's diff;
    every other field becomes a return value of the same name.
    """

    @property
    def changed(self) -> bool: ...


def to_json(result: Any) -> dict[str, Any]:
    """The return values of a module for a core result (a dataclass instance)."""
    values: dict[str, Any] = dataclasses.asdict(result)
    values["changed"] = bool(result.changed)
    if "warnings" in values:
        values["warnings"] = list(values["warnings"])  # what Ansible shows by itself, and only from a list
    if hasattr(result, "diff"):
        values["diff"] = result.diff
    return values


def run(module: AnsibleModule, work: Callable[[], Result]) -> NoReturn:
    """Do the work and leave the module: the one place where the core's errors meet ``fail_json``."""
    try:
        result = work()
    except SlipwayError as error:
        module.fail_json(msg=error.message, **error.facts)
    module.exit_json(**to_json(result))
