# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.execute import Target
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Login, Pod, in_pod

POD = Pod(Path("kubeconfig"), "postgres", "postgres-0")


def test_the_script_goes_through_standard_input_and_ends_itself() -> None:
    asked: list[tuple[str, bytes]] = []

    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        asked.append((str(target), stdin))
        assert "SELECT" not in " ".join(argv)
        return "1\n"

    assert in_pod(POD, run=execute)("SELECT 1;\n") == "1\n"
    assert asked == [("postgres/postgres-0[postgres]", b"SELECT 1;\n\\q\n")]


def test_an_error_never_quotes_a_verifier() -> None:
    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        raise CommandFailed("psql failed\nLINE 1: SCRAM-SHA-256$4096:planted", last_lines=["LINE 1: SCRAM-SHA-256$4096:planted"])

    with pytest.raises(CommandFailed) as raised:
        in_pod(POD, run=execute)("ALTER ROLE x PASSWORD 'SCRAM-SHA-256$4096:planted'")
    assert "planted" not in repr((raised.value.message, raised.value.facts))
    assert "redacted" in raised.value.message


def test_a_server_that_does_not_answer_says_what_to_look_at() -> None:
    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        raise Unreachable("psql in postgres/postgres-0[postgres]: it did not end within 30 s")

    with pytest.raises(Unreachable, match="pg_locks"):
        in_pod(POD, run=execute)("SELECT 1")


ADMINISTRATOR = Login("master", "canary-p4ssw0rd", "shop.rds.example", 5432, "/etc/postgresql-ca/ca.crt")


def test_a_server_elsewhere_gets_the_password_before_the_script_and_nowhere_else() -> None:
    asked: list[tuple[Sequence[str], bytes]] = []

    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        asked.append((argv, stdin))
        return "1\n"

    psql = in_pod(POD, ADMINISTRATOR, execute)
    assert psql("SELECT 1;\n") == "1\n"
    [(argv, stdin)] = asked
    assert stdin == b"canary-p4ssw0rd\nSELECT 1;\n\\q\n"
    assert "canary" not in " ".join(argv) + repr(psql)
    assert "host='shop.rds.example'" in argv[-1]
    assert "sslmode='verify-full' sslrootcert='/etc/postgresql-ca/ca.crt'" in argv[-1]


def test_the_password_is_read_by_the_shell_and_the_rest_by_the_program(tmp_path: Path) -> None:
    """Whatever is in it, with the shell of this machine and another program in the place of psql."""
    password = " a'b\"c\\d$e `f` "

    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        program = [*argv[:4], "sh", "-c", 'printf "%s|" "$PGPASSWORD"; cat']
        return subprocess.run(program, input=stdin, capture_output=True, check=True, timeout=timeout).stdout.decode()

    assert in_pod(POD, Login("master", password, "shop.rds.example"), execute)("SELECT 1;\n") == f"{password}|SELECT 1;\n\\q\n"


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ('FATAL:  password authentication failed for user "hello_db_a"', False),
        ('FATAL:  role "hello_db_a" is not permitted to log in', False),
        ('FATAL:  database "hello_db" does not exist', False),
        ('FATAL:  too many connections for role "hello_db_a"', True),
        ("", True),
    ],
)
def test_a_login_is_tried(said: str, accepted: bool) -> None:
    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        assert "user='hello_db_a' dbname='hello_db'" in argv[-1]
        assert stdin.startswith(b"of-the-service\n")
        if said:
            raise CommandFailed("sh in postgres/postgres-0[postgres] failed (2)", last_lines=[said])
        return "1\n"

    assert in_pod(POD, ADMINISTRATOR, execute).accepts("hello_db_a", "of-the-service", "hello_db") is accepted


def test_a_server_that_cannot_be_verified_is_no_refused_login() -> None:
    def execute(target: Target, argv: Sequence[str], timeout: float, stdin: bytes = b"") -> str:
        raise CommandFailed("sh in postgres/postgres-0[postgres] failed (2)", last_lines=["SSL error: certificate verify failed"])

    with pytest.raises(CommandFailed, match=r"^psql in"):
        in_pod(POD, ADMINISTRATOR, execute).accepts("hello_db_a", "of-the-service", "hello_db")
