# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way is told all at once, and then nothing has been touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import aws as simulated
from support.actions import run


def test_another_account_is_a_finding_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated.running() as simulator:
        for name, value in simulator.environ.items():
            monkeypatch.setenv(name, value)
        folder = tmp_path / "state"
        aws = {"region": "eu-central-1", "account_id": "999999999999", "cluster": "prod"}
        failed = run("preflight", environment="prod", settings={"aws_profile": ""}, aws=aws, directory=str(folder))
        assert failed["failed"] is True
        assert [finding.split(" ")[0] for finding in failed["findings"]] == ["aws_profile", "the"]
        assert "means account 999999999999" in failed["msg"]
        assert not folder.exists()
        passed = run("preflight", environment="prod", aws=aws | {"account_id": simulator.account_id}, directory=str(folder))
        assert passed["changed"] is True
    failed = run("preflight", environment="prod", aws=aws | {"region": "eu-west"})
    assert failed["msg"] == "region: 'eu-west' is no name of a region; write one such as eu-central-1"


def test_aws_is_not_asked_about_what_can_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = [{"that": True, "otherwise": "never"}, {"that": False, "otherwise": "aws_account_id is 12: write 12 digits"}]
    with simulated.running() as simulator:
        for name, value in simulator.environ.items():
            monkeypatch.setenv(name, value)
        aws = {"region": "eu-central-1", "account_id": "12"}
        assert run("preflight", environment="prod", checks=checks, aws=aws)["findings"] == ["aws_account_id is 12: write 12 digits"]
        unset = run("preflight", environment="prod", settings={"aws_account_id": ""}, aws=aws | {"account_id": ""})
        assert len(unset["findings"]) == 1
        assert simulator.log == []
