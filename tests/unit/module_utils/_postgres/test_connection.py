# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who logs in: the superuser in the pod, or whom Secrets Manager names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._postgres import connection
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Login
from support import aws

CANARY = "canary-p4ss(w0rd)"
CA = "/etc/postgresql-ca/ca.crt"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[aws.Aws]:
    with aws.running() as found:
        found.into(monkeypatch)
        yield found


def params(**args: Any) -> dict[str, Any]:
    checked = ArgumentSpecValidator(connection.OPTIONS).validate({"kubeconfig": "/nowhere/kubeconfig", **args})
    assert not checked.error_messages, checked.error_messages
    return dict(checked.validated_parameters)


def login(account: aws.Aws, secret: str, **more: str) -> Login:
    arn = account.client("secretsmanager").create_secret(Name="rds!db-1", SecretString=secret)["ARN"]
    given = {"host": "shop.rds.example", "secret_arn": arn, "ca_file": CA, **more}
    found = connection.way(params(administrator=given, endpoint_url=account.url)).login
    assert found is not None
    return found()


def test_without_an_administrator_it_is_the_superuser_of_the_pod() -> None:
    found = connection.way(params())
    assert found.pod.name == "postgres-0"
    assert found.login is not None
    assert found.login() == Login()


def test_the_secret_of_the_master_user_is_read_where_it_is(account: aws.Aws) -> None:
    found = login(account, json.dumps({"username": "master", "password": CANARY}))
    assert found == Login("master", CANARY, "shop.rds.example", 5432, CA)
    assert CANARY not in repr(found)


@pytest.mark.parametrize("secret", [CANARY, json.dumps([CANARY]), json.dumps({"password": CANARY}), json.dumps({"username": "x", "password": f"{CANARY}\nx"})])
def test_a_secret_of_another_form_is_told_and_not_shown(account: aws.Aws, secret: str) -> None:
    with pytest.raises(InvalidInput, match="no username and password as RDS keeps them") as raised:
        login(account, secret)
    assert "canary" not in repr((raised.value.message, raised.value.facts))


def test_a_secret_that_is_not_there_is_an_error(account: aws.Aws) -> None:
    with pytest.raises(NotFound):
        login(account, "{}", secret_arn=f"arn:aws:secretsmanager:{account.region}:{account.account_id}:secret:gone-abcdef")


def test_what_is_no_arn_is_refused_before_anything_is_asked() -> None:
    given = {"host": "shop.rds.example", "secret_arn": "shop/master", "ca_file": CA}
    found = connection.way(params(administrator=given))
    with pytest.raises(InvalidInput, match=r"'shop/master' is no ARN of a secret; write arn:aws:secretsmanager:"):
        found.login and found.login()


def test_check_mode_may_come_before_the_server_is_there() -> None:
    given = {"host": LATER, "secret_arn": LATER, "ca_file": CA}
    found = connection.way(params(administrator=given))
    assert found.login is None
    assert connection.reach(found, dry_run=True) == (None, None)


def test_an_authority_that_does_not_exist_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="services could not verify the server"):
        connection.authority(tmp_path / "ca.crt", dry_run=False)
    assert connection.authority(tmp_path / "ca.crt", dry_run=True) == ""
