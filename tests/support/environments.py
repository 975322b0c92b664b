# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment as a run sees it: the inventory by Ansible's own loader, the playbooks' variables, and what playbooks/tasks hands to each role."""

from __future__ import annotations

from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager
from support.roles import trusted, variable
from support.tree import CHECKOUT, load_yaml

PLAYBOOKS = CHECKOUT / "playbooks"


class Environment:
    """``given`` stand for what a run learns: registered results, and the results of roles. They go before everything, as with -e."""

    def __init__(self, name: str, **given: Any) -> None:
        self.name = name
        self._loader = DataLoader()
        self._loader.set_basedir(str(PLAYBOOKS))
        inventory = InventoryManager(loader=self._loader, sources=[str(CHECKOUT / "inventories" / name)])
        manager = VariableManager(loader=self._loader, inventory=inventory)
        self._variables = manager.get_vars(host=inventory.get_host("localhost"), include_hostvars=False)
        for file in ("vars.yml", "vars/settings.yml"):
            self._variables |= trusted(load_yaml(PLAYBOOKS / file))
        self._variables |= {"ansible_playbook_python": "/usr/bin/python3"} | given
        self._variables["vars"] = dict(self._variables)

    def of(self, expression: str) -> Any:
        return self._template(trust_as_template("{{ " + expression + " }}"))

    def inputs(self, role: str) -> dict[str, Any]:
        """All that the role gets: of the inventory what has its prefix, and what playbooks/tasks says over it."""
        [task] = [each for each in load_yaml(PLAYBOOKS / f"tasks/{role}.yml") if "ansible.builtin.include_role" in each]
        own = {name: value for name, value in self._variables.items() if name.startswith(f"{role}_")}
        return {name: self._template(value) for name, value in (own | trusted(task["vars"])).items()}

    def role(self, role: str, name: str, **learned: Any) -> Any:
        """One variable of a role, with all that it gets."""
        return variable(role, name, **self.inputs(role), **learned)

    def _template(self, value: Any) -> Any:
        return Templar(self._loader, variables=self._variables).template(value)
