# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""local_ca through Ansible's own argument handling."""

from __future__ import annotations

import json
from pathlib import Path

from support.actions import run


def test_issue_then_nothing_to_do(tmp_path: Path) -> None:
    args = {"path": str(tmp_path / "tls"), "certificates": [{"name": "web", "dns": ["hello.localhost"]}]}
    planned = run("local_ca", check_mode=True, **args)
    first, second = run("local_ca", **args), run("local_ca", **args)
    assert (planned["changed"], first["changed"], second["changed"]) == (True, True, False)
    assert first["ca_file"] == str(tmp_path / "tls/ca.crt")
    assert first["certificates"][0]["action"] == "issued"
    assert "web: 20" in first["diff"]["after"]
    assert "hello.localhost" in first["diff"]["after"]
    assert second["diff"]["before"] == second["diff"]["after"]
    assert "PRIVATE KEY" not in json.dumps([planned, first, second])


def test_an_error_is_a_message(tmp_path: Path) -> None:
    failed = run("local_ca", path=str(tmp_path), certificates=[{"name": "web", "dns": ["example.org"]}])
    assert failed["failed"] is True
    assert "may not sign for example.org" in failed["msg"]
