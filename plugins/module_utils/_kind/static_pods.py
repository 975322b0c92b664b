# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The static pods of a control plane: what runs is read from the manifests that the kubelet reads, and nothing is taken for granted.

A manifest says how its program is started, so which files it holds; what it listens on, so where they are served; and how the kubelet asks
whether it is well, so how we do. containerd says since when it runs.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine

_FIRST = ("etcd", "kube-apiserver")  # what others talk to; the rest follows by name
_LOOK = r"""
node=$(hostname)
running=$(ctr --namespace k8s.io tasks ls | awk '$3 == "RUNNING" {print $1}')
for file in etc/kubernetes/manifests/*.yaml; do
  [ -e "$file" ] || continue
  name=$(basename "$file" .yaml)
  printf 'manifest\t%s\t%s\n' "$name" "$(base64 -w0 < "$file")"
  for id in $(ctr --namespace k8s.io containers ls -q "labels.\"io.kubernetes.pod.name\"==$name-$node,labels.\"io.cri-containerd.kind\"==container"); do
    case "
$running
" in *"
$id
"*) printf 'container\t%s\t%s\t%s\n' "$name" "$id" "$(ctr --namespace k8s.io containers info "$id" | sed -n 's/^    "CreatedAt": "\(.*\)",*$/\1/p')" ;; esac
  done
done
"""
_ASK = 'curl --silent --show-error --insecure --output /dev/null --max-time 3 --write-out "%{http_code}" "$1" || true'
# Gracefully, and then at once: kube-apiserver would wait a minute for its watches to end, and answer nobody meanwhile. What is stored is with etcd, on disk.
_END = """
state() { ctr --namespace k8s.io tasks ls | awk -v id="$1" '$1 == id {print $3}'; }
ctr --namespace k8s.io tasks kill --signal SIGTERM "$1"
for i in 1 2 3 4 5 6 7 8 9 10; do
  if [ "$(state "$1")" != RUNNING ]; then exit 0; fi
  sleep 0.2
done
ctr --namespace k8s.io tasks kill --signal SIGKILL "$1"
"""
_LAST = 'file=$(ls -t var/log/containers/"$1"-"$(hostname)"_kube-system_*.log | head -n 1); tail -n 12 "$file" | cut -c 1-400'


@dataclass(frozen=True)
class Serving:
    """A certificate file that a program serves, and where."""

    path: str
    address: str
    port: int


@dataclass(frozen=True)
class StaticPod:
    """``uses``: the files that it is started with. ``container`` and ``started`` (seconds since the epoch) are empty and None if it does not run."""

    name: str
    uses: tuple[str, ...]
    serves: tuple[Serving, ...]
    health: str
    container: str = ""
    started: float | None = None

    @property
    def keeps(self) -> tuple[str, ...]:
        """Of the files that it uses, those which nobody can see it use: what it serves shows itself."""
        served = {serving.path for serving in self.serves}
        return tuple(path for path in self.uses if path not in served)

    def older_than(self, written: float) -> bool:
        return self.started is None or self.started < written


def look(engine: Engine, node: str) -> tuple[StaticPod, ...]:
    """The static pods of a node, in the order in which they may be restarted."""
    manifests: dict[str, Mapping[str, Any]] = {}
    containers: dict[str, tuple[str, float]] = {}
    for kind, name, *values in (line.split("\t") for line in engine.shell(node, "looking at its static pods", _LOOK, deadline=60).splitlines()):
        if kind == "manifest":
            manifests[name] = _manifest(node, name, values[0])
        else:
            containers[name] = values[0], datetime.fromisoformat(values[1]).timestamp()
    order = sorted(manifests, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    return tuple(describe(name, manifests[name], *containers.get(name, ("", None))) for name in order)


def _manifest(node: str, name: str, encoded: str) -> Mapping[str, Any]:
    try:
        return dict(yaml.safe_load(base64.b64decode(encoded)))
    except (yaml.YAMLError, TypeError, ValueError):
        raise InvalidInput(f"node {node}: /etc/kubernetes/manifests/{name}.yaml is no manifest of a pod; the kubelet can't read it either") from None


def describe(name: str, manifest: Mapping[str, Any], container: str = "", started: float | None = None) -> StaticPod:
    """What a static pod's manifest says of it."""
    first = manifest["spec"]["containers"][0]
    words = [*first.get("command", ()), *first.get("args", ())]
    flags = {key: value for key, _, value in (word.partition("=") for word in words) if key.startswith("--")}
    uses = sorted({value.lstrip("/") for value in flags.values() if value.startswith("/") and value.endswith((".crt", ".conf"))})
    return StaticPod(name, tuple(uses), tuple(_serves(flags)), _health(first), container, started)


def _serves(flags: Mapping[str, str]) -> list[Serving]:
    found = []
    if "--tls-cert-file" in flags and "--advertise-address" in flags:
        found.append(Serving(flags["--tls-cert-file"].lstrip("/"), flags["--advertise-address"], int(flags.get("--secure-port", "6443"))))
    for certificate, listen in (("--cert-file", "--advertise-client-urls"), ("--peer-cert-file", "--initial-advertise-peer-urls")):
        if certificate in flags and flags.get(listen, "").startswith("https://"):
            address, _, port = flags[listen].split(",")[0].removeprefix("https://").rpartition(":")
            found.append(Serving(flags[certificate].lstrip("/"), address.strip("[]"), int(port)))
    return found


def _health(container: Mapping[str, Any]) -> str:
    """The URL that the kubelet asks, seen from the node; empty if it asks none."""
    probe = next((container[kind] for kind in ("readinessProbe", "startupProbe", "livenessProbe") if "httpGet" in container.get(kind, {})), None)
    if probe is None:
        return ""
    get = probe["httpGet"]
    named = {port["name"]: port["containerPort"] for port in container.get("ports", ()) if "name" in port}
    return f"{get.get('scheme', 'HTTP').lower()}://{get.get('host', '127.0.0.1')}:{named.get(get['port'], get['port'])}{get.get('path', '/')}"


def trouble(engine: Engine, node: str, url: str) -> str:
    """Why a program does not say that it is well; empty if it does."""
    status = engine.shell(node, f"asking {url}", _ASK, url, deadline=20).strip() if url else "200"
    return "" if status == "200" else f"{url} answers {status}" if status not in ("", "000") else f"{url} does not answer"


def end(engine: Engine, node: str, pod: StaticPod) -> None:
    """Have the program end; the kubelet starts it anew at once."""
    engine.shell(node, f"ending {pod.name}", _END, pod.container, deadline=60)


def last_lines(engine: Engine, node: str, pod: str) -> list[str]:
    """What a static pod wrote last."""
    return engine.shell(node, f"reading what {pod} wrote", _LAST, pod, deadline=30).splitlines()
