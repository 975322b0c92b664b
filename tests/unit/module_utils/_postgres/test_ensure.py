# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._ansible import to_json
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed
from ansible_collections.slipway.platform.plugins.module_utils._postgres.ensure import Request, Result, ensure
from ansible_collections.slipway.platform.plugins.module_utils._postgres.model import Binding, Policy, Server
from ansible_collections.slipway.platform.plugins.module_utils._secrets.ensure import KNOWN_LATER
from ansible_collections.slipway.platform.plugins.module_utils._secrets.store import Random

CANARY = "canary-Zx81Qq77Lm44Ab99canary-xx"
REQUEST = Request((Binding("hello", "db", "hello"),), Server("postgres.postgres.svc.cluster.local", 5432, "-----BEGIN CERTIFICATE-----"), Policy())


def chance() -> Random:
    letters = itertools.cycle(CANARY)
    return Random(choose=lambda alphabet: next(letters), bytes=lambda size: b"s" * size)


def planned() -> Result:
    return ensure(REQUEST, None, None, True, chance())


def test_before_there_is_a_cluster_everything_would_be_made() -> None:
    result = planned()
    assert result.changed
    assert result.bindings[0]["version"] == KNOWN_LATER
    assert "create database hello_db" in result.statements
    assert result.secrets == {"hello-db": "created"}


def test_no_password_and_no_verifier_is_returned() -> None:
    shown = json.dumps(to_json(planned())) + repr(planned()) + json.dumps(planned().diff)
    assert CANARY not in shown
    assert "SCRAM" not in shown


def test_an_error_of_the_server_is_passed_on() -> None:
    def refuse(script: str) -> str:
        raise CommandFailed("psql in pod postgres/postgres-0 failed: FATAL")

    with pytest.raises(CommandFailed):
        ensure(REQUEST, None, refuse, False, chance())
