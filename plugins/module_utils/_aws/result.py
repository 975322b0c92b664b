# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module for AWS returns: the state before and after, of which all else follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

LATER = "(known after apply)"
"""What check mode says for a name, an ARN or an address that AWS makes; an option may have it, too, from the check mode of another task."""


def text(state: Any) -> str:
    """A state as a diff shows it. Texts of a playbook are of classes of Ansible's, which YAML does not know and JSON takes as what they are."""
    return yaml.safe_dump(json.loads(json.dumps(state, default=str)), sort_keys=True, allow_unicode=True, width=160) if state else ""


@dataclass(frozen=True)
class Converged:
    """``before`` and ``after``: by the name of each resource, what was compared ({} where there is none); no secret is in it.

    ``actions``: what was done, or would be, in a few words each. A module adds fields for whoever uses the resource.
    """

    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def diff(self) -> dict[str, str]:
        return {"before": text(dict(self.before)), "after": text(dict(self.after))}
