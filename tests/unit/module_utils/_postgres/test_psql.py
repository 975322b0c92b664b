# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.execute import Target
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Pod, in_pod

POD = Pod(Path("kubeconfig"), "postgres", "postgres-0")


def test_the_script_goes_through_standard_input_and_ends_itself() -> None:
    asked: list[tuple[str, bytes]] = []

    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        asked.append((str(target), stdin))
        assert "SELECT" not in " ".join(argv)
        return "1\n"

    assert in_pod(POD, execute)("SELECT 1;\n") == "1\n"
    assert asked == [("postgres/postgres-0[postgres]", b"SELECT 1;\n\\q\n")]


def test_an_error_never_quotes_a_verifier() -> None:
    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        raise CommandFailed("psql failed\nLINE 1: SCRAM-SHA-256$4096:planted", last_lines=["LINE 1: SCRAM-SHA-256$4096:planted"])

    with pytest.raises(CommandFailed) as raised:
        in_pod(POD, execute)("ALTER ROLE x PASSWORD 'SCRAM-SHA-256$4096:planted'")
    assert "planted" not in repr((raised.value.message, raised.value.facts))
    assert "redacted" in raised.value.message


def test_a_server_that_does_not_answer_says_what_to_look_at() -> None:
    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        raise Unreachable("psql in postgres/postgres-0[postgres]: it did not end within 30 s")

    with pytest.raises(Unreachable, match="pg_locks"):
        in_pod(POD, execute)("SELECT 1")
