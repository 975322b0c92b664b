# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig without a secret, and the tokens that its program makes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import kubeconfig, options
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kubeconfig import read
from support.aws import ACCESS_KEY, SECRET_KEY
from support.eks_core import Rig

from simulator.eks.tokens import BadToken, Key, principal_of

USER = "arn:aws:iam::123456789012:user/simulated"


def run(rig: Rig, path: Path, check: bool = False, **more: Any) -> kubeconfig.Result:
    return kubeconfig.task(rig.core, rig.params(options.KUBECONFIG, {"cluster": "one", "path": str(path), **more}), check)


def executed(path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a client of Kubernetes would run."""
    program = yaml.safe_load(path.read_text())["users"][0]["user"]["exec"]
    return subprocess.run([program["command"], *program["args"]], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False)


def bearer(rig: Rig, token: str, cluster: str = "one") -> str:
    """Whose the token is, as EKS's own verifier sees it."""
    keys = {ACCESS_KEY: Key(USER, SECRET_KEY)}
    # The program is a process of its own, with the real time.
    return principal_of(token, cluster, datetime.now(UTC), keys.get, [rig.aws.url])


def test_a_kubeconfig_for_its_owner_alone_and_a_second_run(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "state" / "kubeconfig"
    with rig.nothing_written():
        planned = run(rig, path, check=True)
    assert not path.exists()
    made = run(rig, path)
    assert (planned.before, planned.after, planned.actions) == (made.before, made.after, made.actions)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kubeconfig.program_of(path).stat().st_mode) == 0o700
    found = yaml.safe_load(path.read_text())
    assert found["clusters"][0]["cluster"]["server"] == rig.describe()["endpoint"] == made.endpoint
    assert found["current-context"] == "one"
    with rig.calls() as calls:
        assert not run(rig, path).changed
    assert calls == {"DescribeCluster": 1}


def test_its_program_makes_tokens_that_the_verifier_takes_for_this_cluster_alone(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    run(rig, path)
    ran = executed(path, KUBERNETES_EXEC_INFO='{"apiVersion": "client.authentication.k8s.io/v1", "spec": {"interactive": false}}')
    assert (ran.returncode, ran.stderr) == (0, "")
    credential = json.loads(ran.stdout)
    assert (credential["kind"], credential["apiVersion"]) == ("ExecCredential", "client.authentication.k8s.io/v1")
    assert credential["status"]["expirationTimestamp"].endswith("Z")
    token = credential["status"]["token"]
    assert bearer(rig, token) == USER
    with pytest.raises(BadToken):
        bearer(rig, token, "another")


@pytest.mark.parametrize(("asked", "answered"), [("v1beta1", "v1beta1"), ("v1alpha1", "v1")])
def test_the_answer_is_in_the_version_that_is_asked_for(rig: Rig, tmp_path: Path, asked: str, answered: str) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    run(rig, path)
    ran = executed(path, KUBERNETES_EXEC_INFO=json.dumps({"apiVersion": f"client.authentication.k8s.io/{asked}"}))
    assert json.loads(ran.stdout)["apiVersion"] == f"client.authentication.k8s.io/{answered}"


def test_our_own_client_of_kubernetes_uses_it(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    run(rig, path)
    kind, _, token = read(path).headers()["Authorization"].partition(" ")
    assert (kind, bearer(rig, token)) == ("Bearer", USER)


def test_a_role_can_be_assumed_for_it(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    run(rig, path, role_arn=rig.node_role)
    ran = executed(path)
    assert ran.returncode == 0, ran.stderr
    calls = [call for call in rig.aws.log if call.operation == "AssumeRole"]
    assert [call.parameters["RoleArn"] for call in calls] == [rig.node_role]


def test_no_secret_is_anywhere(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    result = run(rig, path)
    token = json.loads(executed(path).stdout)["status"]["token"]
    for text in (path.read_text(), kubeconfig.program_of(path).read_text(), repr(result), json.dumps(result.diff), "\n".join(rig.lines)):
        for secret in (SECRET_KEY, ACCESS_KEY, token, "k8s-aws-v1.aHR0"):
            assert secret not in text


def test_without_credentials_it_says_so_in_one_line(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    run(rig, path)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    ran = executed(path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.strip() == "no token for EKS cluster one in eu-central-1: NoCredentialsError; look at AWS's credentials here"


def test_another_kubeconfig_is_replaced_and_not_shown(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    users = [{"name": "old", "user": {"token": "planted-token"}}]
    path.write_text(yaml.safe_dump({"users": users}))
    path.chmod(0o644)
    result = run(rig, path)
    assert result.before[str(path)] == {"mode": "0644", "content": "another kubeconfig"}
    assert "planted-token" not in json.dumps(result.diff)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_mode_that_somebody_opened_is_closed(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path = tmp_path / "kubeconfig"
    run(rig, path)
    path.chmod(0o644)
    assert run(rig, path).changed
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_cluster_and_with_one_in_the_making(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    assert run(rig, path, check=True).endpoint == LATER
    with pytest.raises(NotFound, match="there is no cluster one in eu-central-1"):
        run(rig, path)
    rig.create()
    with pytest.raises(NotReady, match="is CREATING and has no endpoint yet; run again when it is ACTIVE"):
        run(rig, path)
    assert not path.exists()


def test_what_the_cluster_told_need_not_be_asked_again(rig: Rig, tmp_path: Path) -> None:
    rig.cluster()
    path, shown = tmp_path / "kubeconfig", rig.describe()
    run(rig, path)
    with rig.calls() as calls:
        assert not run(rig, path, endpoint=shown["endpoint"], certificate_authority=shown["certificateAuthority"]["data"]).changed
    assert calls == {}
