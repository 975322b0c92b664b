# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._ansible import to_json
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._secrets import store
from ansible_collections.slipway.platform.plugins.module_utils._secrets.content import Generator
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import KNOWN_LATER, Request, ensure
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import delivery as delivery_of
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import wanted as wanted_of
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import Delivery, Stored, Wanted, from_object, to_object
from support import kube_api

CANARY = "canary-Zx81Qq77Lm44Ab99canary-xx"
SECRET = Wanted("hello-db", {"host": "db"}, {"password": Generator()}, {"uri": "x://${password}@${host}"}, "servicebinding.io/postgresql", {"team": "a"})
COPY = Delivery("hello-db", "hello", "hello-db", service="hello", resource="db")


def chance() -> store.Random:
    letters = itertools.cycle(CANARY)
    return store.Random(choose=lambda alphabet: next(letters), bytes=lambda size: b"s" * size)


def after(plan: store.Plan) -> store.State:
    """The state of a cluster in which the plan was carried out."""
    made = [change.after for change in plan.secrets if change.after]
    copies = [change.after for change in plan.copies if change.after]
    seen = {"resource_version": "1"}
    return store.State({secret.name: replace(secret, **seen) for secret in made}, {(copy.namespace, copy.name): replace(copy, **seen) for copy in copies})  # type: ignore[arg-type]


def actions(plan: store.Plan) -> list[tuple[str, str]]:
    return [(change.action, (change.after or change.before).name) for change in (*plan.secrets, *plan.copies)]  # type: ignore[union-attr]


STANDING = after(store.plan([SECRET], [COPY], "services", store.State(), chance()))


def changed(**values: object) -> store.State:
    return store.State({"hello-db": replace(STANDING.store["hello-db"], **values)}, STANDING.copies)  # type: ignore[arg-type]


def test_nothing_is_there_at_first() -> None:
    plan = store.plan([SECRET], [COPY], "services", store.State(), chance())
    assert actions(plan) == [("created", "hello-db"), ("created", "hello-db")]
    secret, copy = plan.secrets[0].after, plan.copies[0].after
    assert secret is not None
    assert copy is not None
    assert secret.data == {"host": "db", "password": CANARY, "uri": f"x://{CANARY}@db"} == copy.data
    assert copy.type == secret.type
    assert copy.version == secret.version, "one content, one version"
    assert not copy.salt, "who reads the copy need not be able to make versions"


def test_a_second_time_nothing_changes() -> None:
    assert not store.plan([SECRET], [COPY], "services", STANDING).changes


@pytest.mark.parametrize(
    ("state", "secret", "expected"),
    [
        pytest.param(STANDING, replace(SECRET, values={"host": "other"}), ["updated", "updated"], id="another value"),
        pytest.param(STANDING, replace(SECRET, renew=frozenset({"password"})), ["updated", "updated"], id="a new password"),
        pytest.param(STANDING, replace(SECRET, labels={"team": "b"}), ["updated", "unchanged"], id="another label"),
        pytest.param(STANDING, replace(SECRET, type="Opaque"), ["updated", "updated"], id="another type"),
        pytest.param(changed(labels={**STANDING.store["hello-db"].labels, "mine": "x"}), SECRET, ["unchanged", "unchanged"], id="someone's label"),
        pytest.param(changed(data={**STANDING.store["hello-db"].data, "mine": "x"}), SECRET, ["updated", "unchanged"], id="someone's entry"),
        pytest.param(changed(annotations={}), SECRET, ["updated", "unchanged"], id="the version was taken off"),
    ],
)
def test_only_what_differs_is_written(state: store.State, secret: Wanted, expected: list[str]) -> None:
    assert [action for action, _ in actions(store.plan([secret], [COPY], "services", state))] == expected


def test_a_copy_that_is_no_longer_wanted_is_deleted_and_the_secret_stays() -> None:
    plan = store.plan([], [], "services", STANDING)
    assert actions(plan) == [("deleted", "hello-db")]
    assert not plan.secrets


def test_a_copy_can_have_entries_of_its_own() -> None:
    copy = replace(COPY, secret="users", type="Opaque", compose={"users.acl": "user default #${password|sha256}"})
    made = store.plan([SECRET], [copy], "redis", store.State(), chance()).copies[0].after
    assert made is not None
    assert list(made.data) == ["users.acl"]
    assert CANARY not in made.data["users.acl"]


def test_what_the_store_does_not_have_cannot_be_delivered() -> None:
    with pytest.raises(InvalidInput, match="the store does not have it; it has: none"):
        store.plan([], [COPY], "services", store.State())


@pytest.mark.parametrize(("secrets", "copies"), [([SECRET, SECRET], []), ([SECRET], [COPY, COPY])])
def test_a_name_given_twice_is_refused(secrets: list[Wanted], copies: list[Delivery]) -> None:
    with pytest.raises(InvalidInput, match="twice"):
        store.plan(secrets, copies, "services", store.State())


def test_a_secret_survives_the_way_through_the_api() -> None:
    secret = replace(STANDING.store["hello-db"], data={"text": "wörd", "bytes": b"\xff\x00".decode(errors="surrogateescape")})
    assert from_object(json.loads(json.dumps(to_object(secret)))) == secret


def test_no_value_is_in_a_result_a_diff_or_a_representation() -> None:
    result = ensure(Request((SECRET,), (COPY,), "services"), None, False, chance())
    shown = json.dumps(to_json(result)) + repr(result) + repr(STANDING) + repr(SECRET) + repr(store.plan([SECRET], [COPY], "s", STANDING))
    assert CANARY not in shown
    assert "password" in json.dumps(result.diff), "names of entries are shown"


def test_check_mode_knows_no_version_of_what_would_be_made() -> None:
    result = ensure(Request((SECRET,), (COPY, replace(COPY, name="from-an-earlier-task", secret="other")), "services"), None, True, chance())
    assert result.changed
    assert result.secrets[0]["version"] == KNOWN_LATER
    assert [item["version"] for item in result.deliveries] == [KNOWN_LATER, KNOWN_LATER]


def test_a_secret_without_content_gets_one_generated_value() -> None:
    assert wanted_of({"name": "hello-session"}).generate == {"value": Generator()}
    assert wanted_of({"name": "x", "generate": {"a": {"length": 20}, "b": None}}).generate == {"a": Generator(20), "b": Generator()}
    assert wanted_of({"name": "x", "values": {"port": 5432}}).values == {"port": "5432"}


def test_options_that_are_not_given_take_the_defaults() -> None:
    assert delivery_of({"name": "a", "namespace": "n", "secret": "s", "type": None, "compose": {}, "service": None}) == Delivery("a", "n", "s")


def test_a_stored_secret_shows_no_value() -> None:
    assert CANARY not in repr(Stored("n", "s", "Opaque", {"a": CANARY}, salt=CANARY.encode()))


def test_two_stores_of_one_cluster_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Environments that share a cluster have services of the same name: neither writes, nor deletes, what the other has."""

    def run(environment: str, *copies: Delivery) -> list[tuple[str, str]]:
        request = Request((SECRET,), copies, "services", f"slipway-secrets-{environment}")
        result = ensure(request, Client(connect(api.kubeconfig(tmp_path))), False)
        return [(item["namespace"], item["action"]) for item in result.deliveries] + [(item["namespace"], "pruned") for item in result.pruned]

    dev, stage = replace(COPY, namespace="hello-dev"), replace(COPY, namespace="hello-stage")
    with kube_api.running() as api:
        assert run("dev", dev) == [("hello-dev", "created")]
        assert run("stage", stage) == [("hello-stage", "created")]
        assert run("dev", dev) == [("hello-dev", "unchanged")]
        values = {path: each["data"]["password"] for path, each in api.objects.items() if path.endswith("secrets/hello-db")}
        assert len(values) == 4
        assert len(set(values.values())) == 2, "each environment has a password of its own"
        assert api.objects["/api/v1/namespaces/slipway-secrets-dev"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert run("dev") == [("hello-dev", "pruned")]
        assert run("stage", stage) == [("hello-stage", "unchanged")]
