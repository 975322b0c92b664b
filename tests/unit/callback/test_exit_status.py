# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.tree import CHECKOUT

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
    command = [Path(sys.prefix) / "bin/ansible-playbook", "-i", "localhost,", "-c", "local", tmp_path / "play.yml"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == status, ended.stdout + ended.stderr
    assert "PLAY RECAP" in ended.stdout
    assert "Traceback" not in ended.stderr
