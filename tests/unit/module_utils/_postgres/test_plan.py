# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._postgres import catalog, model, plan, scram
from ansible_collections.slipway.platform.plugins.module_utils._postgres.catalog import Catalog, Database, Role
from ansible_collections.slipway.platform.plugins.module_utils._postgres.model import Binding, Credential, Policy
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import Stored

PASSWORD = "canary-Zx81Qq77Lm44Ab99"
BINDING = Binding("hello", "db", "hello")
CREDENTIAL = {"hello-db": Credential("hello_db_a", PASSWORD)}
POLICY = Policy(40, {"statement_timeout": "30s"}, "exporter")
LOGIN = Role(
    login=True,
    verifier=scram.verifier(PASSWORD, b"s" * 16),
    limit=40,
    member_of=frozenset({"hello_db_owner"}),
    settings={"role": "hello_db_owner", "statement_timeout": "30s"},
)
DONE = Catalog(
    databases={
        "postgres": Database("postgres", open=False, granted=frozenset({"postgres", "exporter"})),
        "template1": Database("postgres", open=False),
        "hello_db": Database("hello_db_owner", open=False),
    },
    roles={
        "postgres": Role(login=True, rights=frozenset({"SUPERUSER"})),
        "exporter": Role(login=True, limit=5, member_of=frozenset({"pg_monitor"})),
        "hello_db_owner": Role(),
        "hello_db_a": LOGIN,
        "hello_db_b": replace(LOGIN, login=False, verifier=None),
    },
)


def salt(size: int) -> bytes:
    return b"x" * size


def summaries(here: Catalog) -> list[str]:
    return [statement.summary for statement in plan.plan(here, [BINDING], CREDENTIAL, POLICY, salt).statements]


def role(name: str, **changes: object) -> Catalog:
    return replace(DONE, roles={**DONE.roles, name: replace(DONE.roles[name], **changes)})  # type: ignore[arg-type]


def database(name: str, **changes: object) -> Catalog:
    return replace(DONE, databases={**DONE.databases, name: replace(DONE.databases[name], **changes)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        pytest.param(DONE, [], id="all is there"),
        pytest.param(role("hello_db_a", verifier=None), ["set the password of hello_db_a"], id="no password"),
        pytest.param(role("hello_db_a", verifier=scram.verifier("another", b"s" * 16)), ["set the password of hello_db_a"], id="another password"),
        pytest.param(role("hello_db_a", login=False), ["correct role hello_db_a (login)"], id="the login in use cannot log in"),
        pytest.param(role("hello_db_b", login=True), [], id="a rotation under way is left alone"),
        pytest.param(role("hello_db_a", limit=-1), ["correct role hello_db_a (login)"], id="no connection limit"),
        pytest.param(role("hello_db_a", rights=frozenset({"CREATEROLE"})), ["correct role hello_db_a (login)"], id="a right too many"),
        pytest.param(role("hello_db_owner", login=True), ["correct role hello_db_owner (no login)"], id="an owner that can log in"),
        pytest.param(role("hello_db_a", member_of=frozenset()), ["make hello_db_a a member of hello_db_owner"], id="not a member of the owner"),
        pytest.param(
            role("hello_db_a", settings={**LOGIN.settings, "statement_timeout": "0", "work_mem": "1GB"}),
            ["reset work_mem of hello_db_a", "set statement_timeout = 30s for hello_db_a"],
            id="other settings",
        ),
        pytest.param(database("hello_db", open=True), ["close hello_db to everyone not named"], id="open to everyone"),
        pytest.param(database("hello_db", owner="postgres"), ["give hello_db to hello_db_owner"], id="another owner"),
        pytest.param(database("postgres", granted=frozenset()), ["let exporter connect to postgres"], id="the exporter cannot connect"),
    ],
)
def test_only_what_is_missing_is_done(here: Catalog, expected: list[str]) -> None:
    assert summaries(here) == expected


def test_an_empty_server_gets_everything_in_the_order_that_works() -> None:
    steps = plan.plan(Catalog(databases={"postgres": Database("postgres")}), [BINDING], CREDENTIAL, POLICY, salt)
    script = steps.script()
    assert [statement.summary for statement in steps.databases] == ["create database hello_db"]
    assert script.index('CREATE ROLE "hello_db_owner"') < script.index("COMMIT") < script.index("CREATE DATABASE") < script.index("REVOKE ALL ON DATABASE")
    assert script.count("BEGIN;") == script.count("COMMIT;") == 2


def test_no_password_is_in_the_sql_or_in_what_is_shown() -> None:
    steps = plan.plan(Catalog(), [BINDING], CREDENTIAL, POLICY, salt)
    assert PASSWORD not in steps.script()
    assert "SCRAM" not in repr(steps)
    assert "SCRAM" not in json.dumps([statement.summary for statement in steps.statements])
    assert "SCRAM" not in repr(DONE)
    assert PASSWORD not in repr(CREDENTIAL)


def test_logins_have_no_right_that_is_not_the_owners() -> None:
    script = plan.plan(Catalog(), [BINDING], CREDENTIAL, POLICY, salt).script()
    line = next(line for line in script.splitlines() if line.startswith('CREATE ROLE "hello_db_a"'))
    assert line == 'CREATE ROLE "hello_db_a" LOGIN INHERIT CONNECTION LIMIT 40 NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;'


def test_retiring_takes_password_login_and_connections() -> None:
    script = plan.retire("hello_db_a").script()
    assert 'ALTER ROLE "hello_db_a" NOLOGIN PASSWORD NULL;' in script
    assert script.index("COMMIT") < script.index("pg_terminate_backend"), "connections end after nobody can come back"


def test_enabling_sets_a_verifier() -> None:
    assert PASSWORD not in plan.enable(CREDENTIAL["hello-db"], salt).script()
    assert 'ALTER ROLE "hello_db_a" LOGIN PASSWORD \'SCRAM-SHA-256$4096:' in plan.enable(CREDENTIAL["hello-db"], salt).script()


@pytest.mark.parametrize(
    ("bindings", "message"),
    [
        ([Binding("hello", "db", "a"), Binding("hello", "db-owner", "a")], "hello_db_owner"),
        ([Binding("hello", "db", "a"), Binding("hello", "db-a", "a")], "hello_db_a"),
        ([Binding("hello-db", "x", "a"), Binding("hello", "db-x", "a")], "hello_db_x"),
        ([Binding("hello", "db", "a"), Binding("hello", "db", "b")], "hello_db"),
    ],
)
def test_names_that_meet_are_refused(bindings: list[Binding], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        model.check(bindings)


def test_names_that_only_look_alike_are_not() -> None:
    model.check([Binding("hello", "db", "a"), Binding("hello", "db2", "a"), Binding("her-ald", "db", "a")])


def test_a_foreign_user_in_the_store_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="hello_db_a nor hello_db_b"):
        model.credential(BINDING, Stored("slipway-secrets", "hello-db", "Opaque", {"username": "root", "password": PASSWORD}))


def test_the_answer_of_the_catalog() -> None:
    role_json = {
        "login": True, "verifier": None, "limit": 5, "rights": ["NOINHERIT"], "member_of": ["pg_monitor"], "settings": ["search_path=a, b", "role=x=y"],
        "ours": False,
    }  # fmt: skip
    answer = {
        "superuser": False,
        "databases": {"postgres": {"owner": "postgres", "open": True, "granted": ["exporter"], "ours": True}},
        "roles": {"exporter": role_json},
        "sessions": [{"role": "hello_db_a", "address": "10.244.1.4"}],
    }
    found = catalog.parse(json.dumps(answer))
    assert found.databases["postgres"] == Database("postgres", True, frozenset({"exporter"}))
    assert found.roles["exporter"].settings == {"search_path": "a, b", "role": "x=y"}
    assert found.sessions == (catalog.Session("hello_db_a", "10.244.1.4"),)


def administered(**owner: object) -> Catalog:
    """The same, seen by one who is no superuser: verifiers can't be seen, and the login in use was tried."""
    roles = {key: replace(value, verifier=None) for key, value in DONE.roles.items()}
    roles["hello_db_owner"] = replace(roles["hello_db_owner"], **owner)  # type: ignore[arg-type]
    return replace(DONE, superuser=False, roles=roles, tried={"hello_db_a": True})


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        pytest.param(administered(), [], id="all is there"),
        pytest.param(administered(ours=False), ["be able to act as hello_db_owner"], id="an owner that it can't act as"),
        pytest.param(replace(administered(), tried={"hello_db_a": False}), ["set the password of hello_db_a"], id="another password"),
    ],
)
def test_who_is_no_superuser_acts_as_the_owners(here: Catalog, expected: list[str]) -> None:
    assert summaries(here) == expected


def test_it_can_act_as_an_owner_before_it_gives_something_to_it() -> None:
    script = plan.plan(Catalog(superuser=False), [BINDING], CREDENTIAL, POLICY, salt).script()
    grant = script.index('GRANT "hello_db_owner" TO CURRENT_USER')
    assert script.index('CREATE ROLE "hello_db_owner"') < grant < script.index("\"role\" = 'hello_db_owner'") < script.index("CREATE DATABASE")


def test_the_databases_of_others_stay_open() -> None:
    assert summaries(database("template1", open=True, ours=False)) == []


def test_a_role_is_corrected_without_a_word_about_rights_that_it_has_not() -> None:
    here = role("hello_db_a", limit=-1, rights=frozenset({"CREATEDB"}))
    script = plan.plan(here, [BINDING], CREDENTIAL, POLICY, salt).script()
    assert 'ALTER ROLE "hello_db_a" LOGIN INHERIT CONNECTION LIMIT 40 NOCREATEDB;' in script


class Server:
    """Answers the catalog's query, and takes one password."""

    def __init__(self, answer: dict[str, object]) -> None:
        self.answer, self.asked = answer, list[str]()

    def __call__(self, script: str) -> str:
        return json.dumps(self.answer)

    def accepts(self, username: str, password: str, database: str) -> bool:
        self.asked.append(f"{username}@{database}")
        return password == PASSWORD


@pytest.mark.parametrize(("superuser", "asked"), [(True, []), (False, ["hello_db_a@hello_db"])])
def test_only_logins_that_exist_are_tried_and_only_where_verifiers_are_hidden(superuser: bool, asked: list[str]) -> None:
    item = {"verifier": None, "limit": 5, "rights": [], "member_of": [], "settings": [], "ours": True}
    roles = {"hello_db_a": {"login": True, **item}, "hello_db_b": {"login": False, **item}}
    server = Server({"superuser": superuser, "databases": {}, "roles": roles, "sessions": []})
    found = catalog.look(server, dict.fromkeys(("hello_db_a", "hello_db_b", "gone_a"), (PASSWORD, "hello_db")))
    assert server.asked == asked
    assert found.accepts("hello_db_a", PASSWORD) is not superuser
    assert not found.accepts("hello_db_b", PASSWORD)
    assert not found.accepts("gone_a", PASSWORD)
