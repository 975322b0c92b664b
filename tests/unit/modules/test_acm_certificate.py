# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acm_certificate as a task: what the local authority renewed is what ACM gives afterwards, and the key comes out nowhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request
from cryptography import x509
from support import aws
from support.actions import run


def renew(folder: Path) -> str:
    """A new certificate in the folder; its serial number."""
    ensure(Request(folder, (Leaf("gateway", ("shop.example.com",), days=90),), permitted=(), renew_all=True))
    return f"{x509.load_pem_x509_certificate((folder / 'gateway.crt').read_bytes()).serial_number:x}"


def test_what_the_local_authority_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    folder = tmp_path / "tls"
    with aws.running() as simulated:
        simulated.into(monkeypatch)
        files = {"certificate_file": str(folder / "gateway.crt"), "key_file": str(folder / "gateway.key")}

        def task(check_mode: bool = False, **args: Any) -> dict[str, Any]:
            result = run("acm_certificate", check_mode, **{**simulated.params(), **files, "name": "shop", **args})
            lines = (folder / "gateway.key").read_text().splitlines()[1:-1]
            assert not any(line in json.dumps(result) + caplog.text for line in lines), "the key"
            return result

        first = renew(folder)
        assert (task()["serial"], task()["changed"]) == (first, False)
        second = renew(folder)
        planned, done = task(check_mode=True), task()
        assert (planned["changed"], planned["diff"], done["serial"]) == (True, done["diff"], second)
        assert done["diff"]["before"] != done["diff"]["after"]
        (folder / "gateway.key").chmod(0o644)
        failed = task()
        assert (failed["failed"], "chmod 600" in failed["msg"]) == (True, True)
        assert "(did you mean" in (wrong := task(key="x")["msg"]) or "unknown option 'key'" in wrong
