# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of kubeadm as podman shows it: each node is a folder, and a program that is started on one sees it as its root.

The scripts that are run there are the real ones. Of the programs that they start, those that only a node has are played by this file,
under their names: kubeadm issues, the kubelet starts what was ended, and each of them does what ``broken`` says of it instead.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from support import pki

CLUSTER, CONTROLLER, WORKER = "c", "c-control-plane", "c-worker"
ADDRESSES = {CONTROLLER: "192.0.2.1", WORKER: "192.0.2.2"}
LIFETIME = timedelta(days=360)
KUBEADM = {
    "apiserver": "pki/apiserver.crt",
    "apiserver-kubelet-client": "pki/apiserver-kubelet-client.crt",
    "apiserver-etcd-client": "pki/apiserver-etcd-client.crt",
    "front-proxy-client": "pki/front-proxy-client.crt",
    "etcd-server": "pki/etcd/server.crt",
    "etcd-peer": "pki/etcd/peer.crt",
    "etcd-healthcheck-client": "pki/etcd/healthcheck-client.crt",
    "admin.conf": "admin.conf",
    "controller-manager.conf": "controller-manager.conf",
    "scheduler.conf": "scheduler.conf",
}
COMMANDS = {
    "etcd": [
        "etcd",
        "--cert-file=/etc/kubernetes/pki/etcd/server.crt",
        "--advertise-client-urls=https://192.0.2.1:2379",
        "--peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt",
        "--initial-advertise-peer-urls=https://192.0.2.1:2380",
    ],
    "kube-apiserver": [
        "kube-apiserver",
        "--advertise-address=192.0.2.1",
        "--secure-port=6443",
        "--tls-cert-file=/etc/kubernetes/pki/apiserver.crt",
        "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
        "--client-ca-file=/etc/kubernetes/pki/ca.crt",
        "--etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt",
        "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
        "--proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
    ],
    "kube-controller-manager": ["kube-controller-manager", "--kubeconfig=/etc/kubernetes/controller-manager.conf"],
    "kube-scheduler": ["kube-scheduler", "--kubeconfig=/etc/kubernetes/scheduler.conf"],
}
PORTS = {
    6443: "etc/kubernetes/pki/apiserver.crt",
    2379: "etc/kubernetes/pki/etcd/server.crt",
    2380: "etc/kubernetes/pki/etcd/peer.crt",
    10250: "var/lib/kubelet/pki/kubelet.crt",
}
HOLDERS = {6443: "kube-apiserver", 2379: "etcd", 2380: "etcd", 10250: "kubelet"}
CLIENT = "var/lib/kubelet/pki/kubelet-client-current.pem"


class Cluster:
    """The folders of a cluster, and what is there to be asked from outside."""

    def __init__(self, root: Path, begins: datetime) -> None:
        self.root = root
        self.authority = pki.authority("kubernetes")
        root.mkdir(exist_ok=True)
        self._make_programs()
        self.begin(begins)
        (root / "holds").write_text("".join(f"{HOLDERS[port]} {path}\n" for port, path in PORTS.items()))
        for node in (CONTROLLER, WORKER):
            self._make_node(node)
        self.kubeconfig = root / "kubeconfig"
        admin = yaml.safe_load((root / CONTROLLER / "etc/kubernetes/admin.conf").read_text())
        admin["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:16443"
        self.kubeconfig.write_text(yaml.safe_dump(admin))

    def _make_programs(self) -> None:
        for folder in ("bin", "broken"):
            (self.root / folder).mkdir(parents=True)
        issuing = f'"{sys.executable}" -m support.nodes "{self.root}"'
        for name, script in PROGRAMS.items():
            path = self.root / "bin" / name
            begin = f"#!/bin/sh\nset -eu\nroot='{self.root}'\nissuing() {{ {issuing} \"$@\"; }}\n"
            path.write_text(begin + _SHARED + script)
            path.chmod(0o755)
        (self.root / "ps.json").write_text(json.dumps([{"Names": [name], "State": "running"} for name in ADDRESSES]))
        for node in ADDRESSES:
            self.state(node, "running")

    def state(self, node: str, status: str) -> None:
        """What podman says of a node."""
        labels = {"io.x-k8s.kind.role": "worker" if node == WORKER else "control-plane"}
        networks = {"Networks": {CLUSTER: {"IPAddress": ADDRESSES[node]}}}
        described = [{"Config": {"Labels": labels}, "State": {"Status": status}, "NetworkSettings": networks}]
        (self.root / f"inspect-{node}.json").write_text(json.dumps(described))

    def _make_node(self, node: str) -> None:
        folder = self.root / node
        for path in ("etc/kubernetes/pki/etcd", "etc/kubernetes/manifests", "var/lib/kubelet/pki", "run", "kind"):
            (folder / path).mkdir(parents=True)
        (folder / "etc/kubernetes/pki/ca.crt").write_bytes(self.authority.pem)
        issue_client(self.root, node, "first")
        config = {
            "clusters": [{"cluster": {"server": "https://c:6443"}}],
            "users": [{"user": {"client-certificate": f"/{CLIENT}", "client-key": f"/{CLIENT}"}}],
        }
        (folder / "etc/kubernetes/kubelet.conf").write_text(yaml.safe_dump(config))
        if node == CONTROLLER:
            (folder / "etc/kubernetes/pki/ca.key").write_bytes(self.authority.key_pem)
            for name in KUBEADM:
                issue(self.root, node, name)
            for name, command in COMMANDS.items():
                probe = {"httpGet": {"host": "127.0.0.1", "path": "/readyz", "port": "probe-port", "scheme": "HTTPS"}}
                ports = [{"name": "probe-port", "containerPort": 1000 + len(name)}]
                pod = {"spec": {"containers": [{"name": name, "command": command, "ports": ports, "readinessProbe": probe}]}}
                (folder / f"etc/kubernetes/manifests/{name}.yaml").write_text(yaml.safe_dump(pod))
                self.start(name)
        main(self.root, "serving", node)
        self._program("systemctl", "restart", node=node)
        self.forget()

    def begin(self, begins: datetime) -> None:
        """From when on certificates are good that are issued from now on."""
        (self.root / "begins").write_text(begins.isoformat())

    def issue_all(self) -> None:
        """New certificates in all files of the control plane, as another run's kubeadm would have left them."""
        for name in KUBEADM:
            issue(self.root, CONTROLLER, name)

    def broken(self, **how: str) -> None:
        """Have a program do this instead of its work; without any, all work again."""
        for path in (self.root / "broken").iterdir():
            path.unlink()
        for name, text in how.items():
            (self.root / "broken" / name).write_text(text)

    def start(self, pod: str) -> None:
        """Have the kubelet start a static pod anew, which reads its files then."""
        self._program("kubelet-starts", pod)

    def _program(self, name: str, *arguments: str, node: str = CONTROLLER) -> None:
        env = {**os.environ, "NODE": node, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        subprocess.run([self.root / "bin" / name, *arguments], cwd=self.root / node, env=env, check=True)

    @property
    def log(self) -> list[str]:
        """What was done, in order."""
        path = self.root / "log"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self) -> None:
        (self.root / "log").unlink(missing_ok=True)

    def served(self, address: str, port: int) -> bytes:
        """What a TLS client is shown there: etcd reads its files for each, unless it is broken; others when they are started."""
        node = next(name for name, each in ADDRESSES.items() if each == address)
        rereads = HOLDERS[port] == "etcd" and not (self.root / "broken/etcd").exists()
        path = self.root / node / ("" if rereads else f"run/holds/{HOLDERS[port]}") / PORTS[port]
        if not path.exists():
            raise ConnectionRefusedError
        return path.read_bytes()


def issued(root: Path, subject: str) -> pki.Issued:
    begins = datetime.fromisoformat((root / "begins").read_text())
    return pki.issue(subject, None, begins=begins, ends=begins + LIFETIME)


def issue(root: Path, node: str, name: str) -> None:
    """As kubeadm writes it: key and certificate in two files, or both in one kubeconfig."""
    made, path = issued(root, name), root / node / "etc/kubernetes" / KUBEADM[name]
    if path.suffix == ".crt":
        path.with_suffix(".key").write_bytes(made.key_pem)
        told = root / "broken/kubeadm"
        if told.exists() and told.read_text() == f"killed at {name}":
            sys.exit(137)
        path.write_bytes(made.pem)
        return
    ca = base64.b64encode((root / node / "etc/kubernetes/pki/ca.crt").read_bytes()).decode()
    path.write_text(yaml.safe_dump(_kubeconfig(ca, made)))


def _kubeconfig(ca: str, made: pki.Issued) -> dict[str, Any]:
    user = {"client-certificate-data": base64.b64encode(made.pem).decode(), "client-key-data": base64.b64encode(made.key_pem).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "kind-c", "cluster": {"server": "https://c-control-plane:6443", "certificate-authority-data": ca}}],
        "users": [{"name": "kind-c", "user": user}],
        "current-context": "kind-c",
    }


def issue_client(root: Path, node: str, suffix: str) -> None:
    made, folder = issued(root, f"system:node:{node}"), root / node / "var/lib/kubelet/pki"
    (folder / f"kubelet-client-{suffix}.pem").write_bytes(made.pem + made.key_pem)
    (root / node / CLIENT).unlink(missing_ok=True)
    (root / node / CLIENT).symlink_to(f"kubelet-client-{suffix}.pem")


# A program reads its files when it starts.
_SHARED = """log() { echo "$*" >> "$root/log"; }
hold() {
  for path in $(sed -n "s/^$1 //p" "$root/holds"); do
    if [ -e "$path" ]; then mkdir -p "run/holds/$1/$(dirname "$path")"; cp "$path" "run/holds/$1/$path"; fi
  done
}
"""
PROGRAMS = {
    "podman": """
echo "$*" >> "$root/arguments"
case $1 in
  ps) cat "$root/ps.json" ;;
  inspect) cat "$root/inspect-$4.json" ;;
  exec)
    while [ "$1" != --workdir ]; do shift; done
    export NODE=$3 PATH="$root/bin:$PATH"
    cd "$root/$NODE"; shift 3; exec "$@" ;;
esac
""",
    "hostname": "echo $NODE",
    "sync": "",
    "kubectl": "echo ok",
    "journalctl": "echo E0615 something is wrong",
    "curl": """
for url; do :; done
case $url in
  *"$(cat "$root/broken/health" 2>/dev/null || echo nothing)"*) echo 500 ;;
  *) echo 200 ;;
esac
""",
    "kubelet-starts": """
rm -f run/containers/"$1".*
number=$(($(cat "$root/number" 2>/dev/null || echo 0) + 1)); echo $number > "$root/number"
mkdir -p run/containers
touch "run/containers/$1.id$number"
hold "$1"
""",
    "ctr": """
for last; do :; done
case "$*" in
  *"tasks ls"*) echo TASK PID STATUS; for file in run/containers/*; do echo "${file##*.} 1 RUNNING"; done ;;
  *"containers ls"*)
    for file in run/containers/*; do
      pod=${file##*/}; pod=${pod%.*}
      case $last in *"==$pod-$NODE,"*) echo "${file##*.}" ;; esac
    done ;;
  *"containers info"*)
    created=$(date -u -r run/containers/*."$last" +%Y-%m-%dT%H:%M:%S.%NZ)
    printf '{\n    "ID": "%s",\n    "CreatedAt": "%s",\n    "Spec": {}\n}\n' "$last" "$created" ;;
  *)
    pod=$(basename run/containers/*."$last" ".$last")
    log "$pod ends"
    if [ -e "$root/broken/kubelet" ]; then rm run/containers/"$pod".*; else kubelet-starts "$pod"; fi ;;
esac
""",
    "systemctl": """
if [ "$1" = restart ]; then
  log "kubelet of $NODE restarts"
  if [ ! -e var/lib/kubelet/pki/kubelet.crt ]; then issuing serving "$NODE"; fi
  if [ -e etc/kubernetes/bootstrap-kubelet.conf ] && [ ! -e var/lib/kubelet/pki/kubelet-client-current.pem ]; then
    grep -q 'token: abcdef.0123456789abcdef' etc/kubernetes/bootstrap-kubelet.conf
    issuing client "$NODE"
  fi
  hold kubelet
fi
""",
    "kubeadm": """
case $1 in
  certs) log "kubeadm renews $3"; if [ "$(cat "$root/broken/kubeadm" 2>/dev/null)" != "renews nothing" ]; then issuing renew "$NODE" "$3"; fi ;;
  kubeconfig) log "kubeadm makes a client certificate"; issuing kubeconfig "$NODE" ;;
  token) echo abcdef.0123456789abcdef ;;
esac
""",
}


def main(root: Path, what: str, node: str, name: str = "") -> None:
    """Issue, for a program of the node."""
    if what == "renew":
        for each in KUBEADM if name == "all" else (name,):
            issue(root, node, each)
    elif what == "serving":
        (root / node / PORTS[10250]).write_bytes(issued(root, node).pem)
    elif what == "client":
        issue_client(root, node, "again")
    else:
        print(yaml.safe_dump(_kubeconfig("", issued(root, f"system:node:{node}")), width=10**6))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
