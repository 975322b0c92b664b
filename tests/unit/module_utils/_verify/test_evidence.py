# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import FAIL, PASS, UNKNOWN, Evidence, count, table, write

RECORD = Evidence("network", "hello/hello", "the pod reaches what it needs", PASS, "redis answered", "2026-11-21T12:00:00Z", 1.5, "uid")


def test_a_record_is_one_private_file_and_the_latest_replaces_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    first = write(folder, RECORD)
    second = write(folder, Evidence(**{**RECORD.__dict__, "verdict": FAIL}))
    assert first == second == folder / "hello.hello.network.json"
    assert [path.name for path in folder.iterdir()] == [first.name]
    assert first.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    kept = json.loads(first.read_text())
    assert (kept["verdict"], kept["at"], kept["cluster"]) == (FAIL, "2026-11-21T12:00:00Z", "uid")


def test_table_is_readable_and_no_line_is_too_long() -> None:
    records = [RECORD, Evidence(**{**RECORD.__dict__, "verdict": UNKNOWN, "reason": "word " * 60})]
    lines = table(records, width=80)
    assert lines[0] == "PASS    network     hello/hello: the pod reaches what it needs"
    assert lines[1].strip() == "redis answered"
    assert lines[-1] == "1 passed, 0 failed, 1 unknown"
    assert all(len(line) <= 80 for line in lines)
    assert count(records) == {PASS: 1, FAIL: 0, UNKNOWN: 1}
