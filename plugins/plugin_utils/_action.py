# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bridge between the core and action plugins: a live line on the terminal while the core works."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.slipway.platform.plugins.module_utils._ansible import Result, to_json
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Access

Progress = Callable[[str], None]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_the_run() -> None:
    """Have the kernel end this worker with its ansible-playbook: the environment's lock is that process's, and nobody works without it.

    A worker is in a session of its own, where neither a closed terminal nor a signal for the run's process group reaches it.
    """
    parent = multiprocessing.parent_process()
    if parent is None:  # not a worker
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent.pid:  # it was gone before the kernel knew
        os.kill(os.getpid(), signal.SIGKILL)


def access(params: dict[str, Any]) -> Access:
    """How registries are reached, with the credentials that docker and podman keep for the controller's user."""
    return Access.from_params(params, os.environ, Path.home())


def mistakes(spec: Mapping[str, Any], checked: ValidationResult) -> str:
    """What is wrong with a task's arguments, in one text: first what nobody knows, where it stands and what may have been meant."""
    unknown = [name if isinstance(name, tuple) else (name,) for name in checked.unsupported_parameters]
    told = [_unknown(spec, path) for path in sorted(unknown)]
    others = [error.msg for error in checked.errors.errors if not isinstance(error, UnsupportedError)]
    # Some are told twice, once without saying of what.
    told += [text for text in others if not any(text != other and text in other for other in others)]
    return "; ".join(dict.fromkeys(told))


def _unknown(spec: Mapping[str, Any], path: Sequence[str]) -> str:
    *above, name = path
    for step in above:
        spec = spec[step]["options"]
    return f"{'.'.join(above) + ': ' if above else ''}unknown option {name!r}; {did_you_mean(name, spec)}"


class CoreAction(ActionBase):
    """An action that validates its arguments and hands them to the core, on the controller.

    A subclass sets ``argument_spec`` (and, where needed, ``constraints``: mutually_exclusive, required_one_of, ...)
    and implements ``work``.
    """

    _requires_connection = False
    _supports_check_mode = True
    _supports_diff = True
    argument_spec: ClassVar[dict[str, Any]] = {}
    constraints: ClassVar[dict[str, Any]] = {}

    def work(self, params: dict[str, Any], check_mode: bool, progress: Progress) -> Result:
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        end_with_the_run()
        result: dict[str, Any] = super().run(tmp, task_vars)
        checked = ArgumentSpecValidator(self.argument_spec, **self.constraints).validate(self._task.args)
        if checked.error_messages:
            return result | {"failed": True, "msg": mistakes(self.argument_spec, checked)}
        display = Display()
        try:
            outcome = self.work(checked.validated_parameters, self._task.check_mode, lambda line: display.display(f"    {line}"))
        except SlipwayError as error:
            return result | {"failed": True, "msg": error.message} | error.facts
        return result | to_json(outcome)
