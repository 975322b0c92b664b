# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._verify import programs
from ansible_collections.slipway.platform.plugins.module_utils._verify.secret import Use, uses


@pytest.mark.parametrize(
    ("volumes", "container", "expected"),
    [
        ([{"name": "db", "secret": {"secretName": "hello-db"}}], {"volumeMounts": [{"name": "db", "mountPath": "/b/db"}]}, [Use("hello-db", None, "/b/db")]),
        ([{"name": "db", "secret": {"secretName": "hello-db"}}], {"volumeMounts": [{"name": "other", "mountPath": "/b"}]}, []),
        (
            [{"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}}, {"configMap": {"name": "c"}}]}}],
            {"volumeMounts": [{"name": "v", "mountPath": "/m"}]},
            [Use("s", "k", "/m/p")],
        ),
        (
            [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}, {"key": "l", "path": "q"}]}}],
            {"volumeMounts": [{"name": "v", "mountPath": "/m/file", "subPath": "p"}]},
            [Use("s", "k", "/m/file")],
        ),
        (
            [],
            {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            [Use("s", "k", "B", variable=True)],
        ),
        ([], {"envFrom": [{"secretRef": {"name": "s"}, "prefix": "P_"}, {"configMapRef": {"name": "c"}}]}, [Use("s", None, "P_", variable=True)]),
    ],
)
def test_uses(volumes: list[dict[str, Any]], container: dict[str, Any], expected: list[Use]) -> None:
    assert list(uses({"volumes": volumes}, container)) == expected


def test_the_program_in_the_pod_prints_keyed_digests_and_never_a_value(tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(b"planted-secret")
    asked = {"salt": "00ff", "files": {"db/password": str(tmp_path / "password"), "db/gone": str(tmp_path / "gone")}, "variables": {"db/user": "PLANTED"}}
    done = subprocess.run(
        [sys.executable, "-c", programs.DIGEST, json.dumps(asked)], env={"PLANTED": "planted-user"}, capture_output=True, text=True, timeout=30, check=True
    )
    assert json.loads(done.stdout) == {
        "db/password": hmac.new(b"\x00\xff", b"planted-secret", hashlib.sha256).hexdigest(),
        "db/gone": None,
        "db/user": hmac.new(b"\x00\xff", b"planted-user", hashlib.sha256).hexdigest(),
    }
    assert "planted" not in done.stdout + done.stderr
