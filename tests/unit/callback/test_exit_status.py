# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from support.playbooks import HERE, ansible_playbook

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_stats:
        data: {{slipway_exit_status: 75}}
        per_host: {per_host}
      when: {deferred}
    - ansible.builtin.fail:
      when: {failed}
"""


@pytest.mark.parametrize("per_host", [True, False])
@pytest.mark.parametrize(("deferred", "failed", "status"), [(True, False, 75), (False, False, 0), (True, True, 2)], ids=["deferred", "done", "failed too"])
def test_a_playbook_chooses_its_exit_status(tmp_path: Path, deferred: bool, failed: bool, status: int, per_host: bool) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK.format(deferred=deferred, failed=failed, per_host=per_host))
    ended = ansible_playbook(*HERE, tmp_path / "play.yml")
    assert ended.returncode == status, ended.stdout
    assert "PLAY RECAP" in ended.stdout
    assert "Traceback" not in ended.stdout
