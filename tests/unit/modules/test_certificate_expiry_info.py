# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""certificate_expiry_info through Ansible's own argument handling."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import pki
from support.actions import run


def test_nothing_to_look_at_is_not_ok_and_writes_what_was_asked_for(tmp_path: Path) -> None:
    reports = {"textfile": str(tmp_path / "c.prom"), "junit": str(tmp_path / "j.xml"), "report": str(tmp_path / "r.json")}
    planned = run("certificate_expiry_info", check_mode=True, now="2026-06-15T12:00:00Z", verify=False, **reports)
    assert (planned["changed"], list(tmp_path.iterdir())) == (True, [])
    first, second = (run("certificate_expiry_info", now="2026-06-15T12:00:00Z", verify=False, **reports) for _ in range(2))
    assert (first["changed"], second["changed"]) == (True, False)
    assert (first["verdict"], first["certificates"], first["next_expiry"]) == ("unknown", [], None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.prom", "j.xml", "r.json"]
    json.dumps(first)


def test_a_mistake_is_a_message() -> None:
    failed = run("certificate_expiry_info", endpoints=["https://example.com"])
    assert failed["failed"] is True
    assert "write host or host:port" in failed["msg"]
    failed = run("certificate_expiry_info", kubernetes=[{}])
    assert "kubeconfig" in failed["msg"]
    failed = run("certificate_expiry_info", files=[{"path": "/x.p12", "password": "hunter2"}])
    assert "password_file" in failed["msg"]
    assert "hunter2" not in json.dumps(failed)


@pytest.mark.parametrize(("now", "verdict"), [("2026-06-15T12:00:00Z", "unknown"), ("2026-09-03T12:00:01Z", "expired")])
def test_bad_news_is_no_failure(tmp_path: Path, now: str, verdict: str) -> None:
    made = pki.issue("web", ends=pki.NOW + 80 * pki.DAY)
    (tmp_path / "web.pem").write_bytes(made.key_pem + made.pem)
    result = run("certificate_expiry_info", files=[str(tmp_path / "*.pem"), str(tmp_path / "none.pem")], now=now)
    assert "failed" not in result
    assert result["changed"] is False
    assert result["verdict"] == verdict
    assert result["summary"]["total"] == len(result["certificates"]) > 0
    assert "PRIVATE" not in json.dumps(result)
