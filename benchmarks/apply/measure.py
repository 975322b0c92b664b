# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes to bring 100 manifests to a cluster, and to find that nothing is to do; beside kubectl, if it is given.

    python benchmarks/apply/measure.py --kubeconfig .slipway/local/kubeconfig [--kubectl .slipway/local/bin/kubectl] [--runs 3]

It works in namespaces of its own and deletes them.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "collections"))

from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import apply  # noqa: E402  the path is set above
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN  # noqa: E402
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import Request  # noqa: E402

NAMESPACE = BUILT_IN["", "v1", "Namespace"]
SERVICES = 14  # of seven objects each: with the namespace and its quota 100


def manifests(namespace: str, version: int) -> list[dict[str, Any]]:
    """What 14 services consist of, without pods: those would measure the nodes."""
    found: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        _in(namespace, "v1", "ResourceQuota", "services", spec={"hard": {"pods": "50"}}),
    ]
    for number in range(SERVICES):
        name, labels = f"service-{number}", {"app": f"service-{number}"}
        container = {"name": "app", "image": "example.invalid/app@sha256:" + "0" * 64, "env": [{"name": "VERSION", "value": str(version)}]}
        pod = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": name, "containers": [container]}}
        found += [
            _in(namespace, "v1", "ServiceAccount", name, automountServiceAccountToken=False),
            _in(namespace, "v1", "ConfigMap", name, data={"version": str(version)}),
            _in(namespace, "v1", "Service", name, spec={"selector": labels, "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}]}),
            _in(namespace, "networking.k8s.io/v1", "NetworkPolicy", name, spec={"podSelector": {"matchLabels": labels}, "policyTypes": ["Ingress"]}),
            _in(namespace, "policy/v1", "PodDisruptionBudget", name, spec={"maxUnavailable": 1, "selector": {"matchLabels": labels}}),
            _in(namespace, "apps/v1", "Deployment", name, spec={"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}),
            _in(namespace, "rbac.authorization.k8s.io/v1", "Role", name, rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        ]
    return found


def _in(namespace: str, api_version: str, kind: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **rest}


def ours(kubeconfig: Path, namespace: str, wait: bool) -> Callable[[int], str]:
    def bring(version: int) -> str:
        client = Client(connect(kubeconfig))
        result = apply(client, Request("benchmark", namespace, tuple(manifests(namespace, version)), wait=wait), lambda _: None)
        return f"{sum(o['action'] != 'unchanged' for o in result.objects)} changed, {result.requests} requests"

    return bring


def kubectl(program: Path, kubeconfig: Path, namespace: str) -> Callable[[int], str]:
    def bring(version: int) -> str:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump_all(manifests(namespace, version), file)
            file.flush()
            command = [str(program), "--kubeconfig", str(kubeconfig), "apply", "--server-side", "--field-manager", "slipway", "-f", file.name]
            subprocess.run(command, check=True, capture_output=True, timeout=300)
        return "not said"

    return bring


def measure(name: str, bring: Callable[[int], str], client: Client, namespace: str, runs: int) -> None:
    figures: dict[str, list[float]] = {"create": [], "again": [], "change": []}
    said: dict[str, str] = {}
    for _ in range(runs):
        for step, version in (("create", 1), ("again", 1), ("change", 2)):
            started = time.monotonic()
            said[step] = bring(version)
            figures[step].append(time.monotonic() - started)
        client.delete(NAMESPACE, None, namespace)
        while client.get(NAMESPACE, None, namespace) is not None:
            time.sleep(0.5)
    for step, seconds in figures.items():
        print(f"{name:<24} {step:<8} {statistics.median(seconds):7.2f} s   {said[step]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--kubectl", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    client = Client(connect(options.kubeconfig))
    print(f"{len(manifests('x', 1))} manifests, median of {options.runs}")
    measure("slipway k8s_apply", ours(options.kubeconfig, "apply-benchmark", wait=False), client, "apply-benchmark", options.runs)
    if options.kubectl:
        measure("kubectl --server-side", kubectl(options.kubectl, options.kubeconfig, "apply-benchmark-2"), client, "apply-benchmark-2", options.runs)
    # Beyond what kubectl does: until the controllers have seen all 14 Deployments, which is theirs to be quick at.
    measure("slipway, and waited", ours(options.kubeconfig, "apply-benchmark-3", wait=True), client, "apply-benchmark-3", options.runs)


if __name__ == "__main__":
    main()
