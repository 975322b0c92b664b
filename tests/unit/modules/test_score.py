# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""score_info and score_render through Ansible's own argument handling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.actions import run
from support.score import DELIVERED, GATEWAY, GOLDEN, POSTGRES, REDIS, dump, images

SERVICES = [{"source": "rich", "replicas": 3, "variables": {"LEVEL": "debug"}}, {"source": "default"}]


def score(name: str, **args: Any) -> dict[str, Any]:
    return run(name, **{"project_dir": str(GOLDEN), "namespace": "hello", **args})


@pytest.mark.parametrize("check", [False, True])
def test_info(check: bool) -> None:
    found = score("score_info", services=SERVICES, check_mode=check)
    assert found["changed"] is False
    assert found["hosts"] == ["api.hello.localhost", "hello.localhost"]
    assert found["resources"] == {
        "postgres": [{"service": "hello", "resource": "db", "namespace": "hello"}],
        "redis": [{"service": "hello", "resource": "cache", "namespace": "hello"}],
        "secret": [{"name": "hello-session", "deliver": {"service": "hello", "resource": "session", "namespace": "hello"}}],
    }
    hello = found["services"]["hello"]
    assert hello["source"] == str(GOLDEN / "rich")
    assert hello["build"] == {"containerfile": "build/Containerfile", "target": "runtime", "args": {"LEVEL": "1"}, "tests": None}
    assert hello["dependencies"] == ["herald"]
    assert (hello["replicas"], hello["migrates"]) == (3, True)
    assert hello["requests"] == {"cpu": 0.15, "memory": 576 * 2**20}  # web and its sidecar; what only prepares is over when they run
    assert found["services"]["herald"]["build"]["containerfile"] == "Containerfile"


def test_info_of_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "score.yaml").write_text("apiVersion: score.dev/v1b1\nmetadata: {name: hello}\ncontainer: {}\n")
    found = score("score_info", services=[{"source": str(tmp_path)}])
    assert found["failed"] is True
    assert f"{tmp_path}/score.yaml:3:1: container: unknown key; did you mean `containers`?" in found["msg"]
    assert found["problems"][0]["line"] == 3


def test_render_is_the_golden_one() -> None:
    found = score(
        "score_render",
        services=SERVICES,
        environment="local",
        images=images("hello", "herald"),
        bindings=[POSTGRES, REDIS],
        secrets=DELIVERED,
        gateway=GATEWAY,
        namespace_objects=False,
    )
    assert found["changed"] is False
    assert dump(found["definitions"]) == (GOLDEN / "rich" / "manifests.yaml").read_text()
    assert found["services"]["hello"]["url"] == "https://hello.localhost:8443/"
    assert "warnings" not in found


def test_render_without_an_image() -> None:
    found = score("score_render", services=[{"source": "default"}], environment="local", images={})
    assert found["failed"] is True
    assert "no image was given" in found["msg"]


def test_settings_have_the_defaults_of_the_core() -> None:
    from ansible_collections.slipway.platform.plugins.module_utils._score import arguments, inputs

    core = inputs.settings("", "")
    for name, option in arguments.SETTINGS.items():
        default = option.get("default", None if name != "part_of" else "")
        assert (tuple(default) if isinstance(default, list) else default) in (getattr(core, name), None), name
