# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a role could have written for an environment, one line each: files, containers, images, the cluster's objects, and calls of AWS that write.

    snapshot.py <state dir of the environment> <folder of the simulated AWS>

Two snapshots with nothing written between them are equal: what a cluster changes by itself (status, leases, events) is left out.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _podman

_BY_ITSELF = {"events", "events.events.k8s.io", "leases.coordination.k8s.io", "endpoints", "endpointslices.discovery.k8s.io", "nodes", "componentstatuses"}


def main(state: Path, world: Path) -> None:
    lines = [*files(state), *containers(), *objects(state), *calls(world / "state.json")]
    print("\n".join(sorted(lines)))


def files(root: Path) -> Iterator[str]:
    """Files, without what lies in the volumes: their servers write there all the time."""
    volumes = root / "kind/volumes"
    for path in root.rglob("*"):
        if volumes in path.parents:
            continue
        content = f"-> {path.readlink()}" if path.is_symlink() else digest(path.read_bytes()) if path.is_file() else "folder"
        yield f"file {path.relative_to(root)} {path.lstat().st_mode:o} {content}"


def containers() -> Iterator[str]:
    env = os.environ | _podman.environment(_artifacts.cache_dir())
    for kind, argv in {"container": ["ps", "--all"], "image": ["images", "--all"], "network": ["network", "ls"], "volume": ["volume", "ls"]}.items():
        names = "{{.Name}}" if kind in ("network", "volume") else "{{.ID}}"
        yield from (f"{kind} {line}" for line in output(["podman", *argv, "--format", names], env).splitlines())


def objects(state: Path) -> Iterator[str]:
    cluster = state / "results/kind_result.json"
    if not cluster.exists():
        return
    kubeconfig = json.loads(cluster.read_text())["kind_result"]["kubeconfig"]
    call = [str(state / "bin/kubectl"), f"--kubeconfig={kubeconfig}", "--request-timeout=30s"]
    kinds = set(output([*call, "api-resources", "--verbs=list", "--output=name"]).split()) - _BY_ITSELF
    found = json.loads(output([*call, "get", ",".join(sorted(kinds)), "--all-namespaces", "--output=json"]))
    for item in found["items"]:
        meta = item["metadata"]
        yield f"{item['kind']} {meta.get('namespace', '-')}/{meta['name']} {meta.get('uid', '-')} {digest(json.dumps(written(item), sort_keys=True).encode())}"


def calls(state: Path) -> Iterator[str]:
    """Only what writes: reading AWS is what check mode does."""
    if not state.exists():
        return
    with urllib.request.urlopen(f"{json.loads(state.read_text())['url']}/_simulator/writes", timeout=30) as answer:
        yield from (f"aws {name} {operations}" for name, operations in json.load(answer).items())


def written(item: dict[str, Any]) -> dict[str, Any]:
    """What somebody wrote into an object, as opposed to what the cluster reports about it."""
    meta = {key: item["metadata"].get(key) for key in ("labels", "annotations", "finalizers", "ownerReferences")}
    return {"metadata": meta} | {key: value for key, value in item.items() if key not in ("metadata", "status")}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def output(argv: list[str], env: dict[str, str] | None = None) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=120, env=env).stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
