# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection itself makes is found under names that people know."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import OwnPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import own
from ansible_collections.slipway.platform.plugins.module_utils._tls import authority
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Request as Wanted
from support import pki


def look(path: Path) -> dict[str, Found]:
    return {found.name: found for found in own.collect([OwnPart(str(path))], Request(), Context(environ={}))}


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder with what the authority of this collection really writes."""
    folder = tmp_path / ".slipway/stage"
    authority.ensure(Wanted(folder / "tls", tuple(Leaf(name, (f"{name}.localhost",)) for name in ("registry", "gateway"))))
    return folder


def test_an_environment(environment: Path) -> None:
    root = pki.authority()
    cluster = {"name": "c", "cluster": {"certificate-authority-data": base64.b64encode(root.pem).decode()}}
    (environment / "kubeconfig").write_text(json.dumps({"kind": "Config", "clusters": [cluster], "users": []}))
    rows = look(environment)
    assert list(rows) == ["stage certificate authority", "stage gateway", "stage registry", "stage kubeconfig cluster c"]
    assert not any(found.problems for found in rows.values())
    gateway = rows["stage gateway"]
    assert gateway.labels == {"path": str(environment / "tls/gateway.crt"), "environment": "stage", "kind": "gateway"}
    assert gateway.chain[0].names == ("dns:gateway.localhost",)
    assert rows["stage kubeconfig cluster c"].labels["kind"] == "cluster"


def test_keys_are_not_opened(environment: Path) -> None:
    secret = (environment / "tls/registry.key").read_text().splitlines()[1]
    for name in ("ca", "registry", "gateway"):
        (environment / f"tls/{name}.key").chmod(0)
    (environment / "tls/odd.crt").symlink_to(environment / "tls/registry.key")
    rows = look(environment)
    assert [problem.code for problem in rows.pop("stage odd").problems] == ["unreadable"]
    assert not any(found.problems for found in rows.values())
    assert secret not in repr(rows)


def test_an_environment_with_nothing_in_it(tmp_path: Path) -> None:
    advice = "run site.yml for this environment, or correct the path"
    assert [found.problems for found in look(tmp_path).values()] == [(Problem("missing", f"it has no certificates; {advice}"),)]
    assert [found.problems for found in look(tmp_path / "none").values()] == [(Problem("missing", f"there is no such folder; {advice}"),)]


def test_a_file_that_is_broken_is_said(environment: Path) -> None:
    (environment / "tls/gateway.crt").write_text("-----BEGIN CERTIFICATE-----\nhalf")
    assert [problem.code for problem in look(environment)["stage gateway"].problems] == ["damaged"]
