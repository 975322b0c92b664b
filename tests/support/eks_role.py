# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role eks, run as a playbook runs it: against the simulated AWS, whose clusters are answered for by a small Kubernetes API."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from support import kube_api
from support.aws import REGION, Aws
from support.kube_api import KubeApi
from support.playbooks import HERE, ansible_playbook

from simulator.corrections.sts import USER
from simulator.eks.backend import state_of
from simulator.eks.control_plane import ControlPlane, generated
from simulator.eks.state import EksState, Timing

_TELL = {"name": "Tell", "ansible.builtin.copy": {"content": "{{ eks_result }}", "dest": "{{ result_file }}"}, "check_mode": False, "changed_when": False}
_PLAYBOOK = [
    {
        "name": "EKS",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/slipway.platform.aws": {"region": REGION}},
        "roles": [{"role": "slipway.platform.eks"}],
        "post_tasks": [_TELL],
    }
]


@dataclass(frozen=True)
class Run:
    """``result``: {} if it failed; ``calls`` of AWS by operation; ``writes`` of AWS and of Kubernetes."""

    result: dict[str, Any]
    shown: str
    calls: Counter[str]
    writes: list[str]

    @property
    def failed(self) -> bool:
        return not self.result

    @property
    def refusal(self) -> str:
        """What a run that failed showed, as one line: Ansible wraps it."""
        assert self.failed, self.shown
        return " ".join(self.shown.split())


class Site:
    """An account, and a folder with the playbook. ``inputs``: of the role."""

    def __init__(self, aws: Aws, kube: KubeApi, folder: Path) -> None:
        self.aws, self.kube, self.folder = aws, kube, folder
        self.inputs: dict[str, Any] = {
            "eks_name": "shop",
            "eks_environment": "test",
            "eks_kubeconfig": str(folder / "kubeconfig"),
            "eks_zones": [f"{REGION}a", f"{REGION}b"],
            "eks_version": "1.34",
        }
        aws.client("iam").create_user(UserName=USER)
        self.state.timing = Timing(cluster=60, deletion=20, update=10, version=20, addon=10, nodegroup=20, refresh=5)
        self.state.control_plane = self._control_plane
        for name in ("kube-system", "web"):
            self.kube.put(f"/api/v1/namespaces/{name}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    @property
    def state(self) -> EksState:
        return state_of(self.aws.world, self.aws.account_id, REGION)

    @property
    def eks(self) -> Any:
        return self.aws.client("eks")

    def _control_plane(self, name: str, region: str, when: Any) -> ControlPlane:
        return replace(generated(name, region, when), endpoint=self.kube.url)

    def run(self, *arguments: str, **inputs: Any) -> Run:
        """AWS's minutes pass meanwhile."""
        told = self.folder / "result.json"
        told.unlink(missing_ok=True)
        (self.folder / "play.yml").write_text(yaml.safe_dump(_PLAYBOOK))
        self.aws.log.clear()
        self.kube.log.clear()
        extra = self.inputs | {"result_file": str(told)} | inputs
        done = ansible_playbook(*HERE, self.folder / "play.yml", *arguments, extra=extra, environ=self.aws.environ, meanwhile=self._pass)
        result = json.loads(told.read_text()) if told.exists() and done.returncode == 0 else {}
        writes = [f"{call.service} {call.operation}" for call in self.aws.log if call.write]
        return Run(result, done.stdout, Counter(call.operation for call in self.aws.log), writes + self.kube.writes())

    def _pass(self) -> None:
        with self.aws.simulator.lock:
            self.aws.clock.advance(20)


@contextmanager
def site(aws: Aws, folder: Path) -> Iterator[Site]:
    with kube_api.running() as kube:
        yield Site(aws, kube, folder)
