# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a role, rendered by Ansible's own templating."""

from __future__ import annotations

from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from support.tree import CHECKOUT, load_yaml


def trusted(value: Any) -> Any:
    """As if it stood in a file of the role: its templates are evaluated."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def variable(role: str, name: str, /, **inputs: Any) -> Any:
    """The value of one of the role's variables with these inputs."""
    folder = CHECKOUT / "roles" / role
    loader = DataLoader()
    loader.set_basedir(str(folder))
    known = {key: trusted(value) for file in ("defaults", "vars") for key, value in load_yaml(folder / file / "main.yml").items()}
    given = {"ansible_playbook_python": "/usr/bin/python3", "ansible_search_path": [str(folder)]}
    return Templar(loader, variables=known | given | inputs).template(trust_as_template("{{ " + name + " }}"))
