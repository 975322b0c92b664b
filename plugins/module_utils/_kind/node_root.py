# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's root file system: Debian packages, kind's own node files, our binary and the images of the components.

The steps are those of kind's node image (images/base/Dockerfile and its ``kind build node-image``); the files are read from the
kind module when the image is built, none of them is kept here.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._kind import components

PACKAGES = (
    "systemd",
    "containerd",
    "runc",
    "containernetworking-plugins",
    "conntrack",
    "iptables",
    "nftables",
    "iproute2",
    "ethtool",
    "mount",
    "kmod",
    "libseccomp2",
    "ca-certificates",
    "curl",
    "jq",
    "procps",
    "e2fsprogs",
    "pigz",
    "hostname",
    "openssl",
)
# What nobody reads on a node; the copyright files stay.
_EXCLUDED = ("/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*")
_INCLUDED = ("/usr/share/doc/*/copyright",)
_CNI_PLUGINS = ("host-local", "loopback", "portmap", "ptp")
_DEADLINE = 900.0


@dataclass(frozen=True)
class Parts:
    """What a node is made of: programs, kind's files (its images/base/files), our files, and the version of Kubernetes."""

    hyperkube: Path
    pause: Path
    kind_files: Path
    own_files: Path
    version: str


def bootstrap(suite: str, target: Path, log: Path) -> None:
    """Unpack the Debian packages of a node into the archive ``target`` (.tar)."""
    filters = [f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED] + [f"--dpkgopt=path-include={pattern}" for pattern in _INCLUDED]
    mmdebstrap = _command.find("mmdebstrap", "mmdebstrap")
    argv = [mmdebstrap, "--mode=root", "--variant=minbase", "--aptopt=Acquire::Languages none", *filters, f"--include={','.join(PACKAGES)}", suite, str(target)]
    _command.run(argv, deadline=_DEADLINE, log=log, env={"SOURCE_DATE_EPOCH": "0"})


def assemble(root: Path, parts: Parts, work: Path, log: Path) -> None:
    """Turn an unpacked Debian at ``root`` into a node; ``work`` is a folder for what is needed meanwhile."""
    _copy_files(root, parts)
    _install_programs(root, parts)
    _set_up_services(root)
    _preload(root, parts, work, log)
    for leftover in ("var/cache/apt", "var/lib/apt/lists", "var/log"):
        shutil.rmtree(root / leftover, ignore_errors=True)
        (root / leftover).mkdir(parents=True, exist_ok=True)


def _copy_files(root: Path, parts: Parts) -> None:
    for folder in ("usr", "etc", "kind"):
        shutil.copytree(parts.kind_files / folder, root / folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for script in [*(root / "usr/local/bin").iterdir(), *(root / "kind/bin").iterdir()]:
        script.chmod(0o755)
    shutil.copytree(parts.own_files, root / "kind", dirs_exist_ok=True, copy_function=shutil.copyfile)
    (root / "kind/version").write_text(parts.version)
    (root / "etc/kubernetes/manifests").mkdir(parents=True)
    _edit(root / "etc/systemd/system/containerd.service", containerd_unit)
    _edit(root / "etc/containerd/config.toml", containerd_config)
    journald = root / "etc/systemd/journald.conf"
    journald.write_text(journald.read_text() + "ReadKMsg=no\n")


def containerd_unit(text: str) -> str:
    """kind's unit for Debian's containerd, on machines that may not raise limits.

    Raising a limit or lowering the OOM score is refused without CAP_SYS_RESOURCE, and the service would not start; without
    these lines it has the limits of the container, which are the highest that the machine allows.
    """
    kept = [line for line in text.splitlines() if not re.match(r"(Limit[A-Z]+|OOMScoreAdjust)=", line)]
    return "\n".join(kept).replace("/usr/local/bin/containerd", "/usr/bin/containerd") + "\n"


def containerd_config(text: str) -> str:
    """kind's configuration, with registries described by folders, and OOM scores left alone where they may not be lowered."""
    text = text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    return text + '\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n'


def _install_programs(root: Path, parts: Parts) -> None:
    shutil.copy(parts.hyperkube, root / "usr/bin/hyperkube")
    (root / "usr/bin/hyperkube").chmod(0o755)
    for name in ("kubeadm", "kubelet", "kubectl"):
        (root / "usr/bin" / name).symlink_to("hyperkube")
    (root / "opt/cni/bin").mkdir(parents=True)
    for plugin in _CNI_PLUGINS:
        shutil.copy(root / "usr/lib/cni" / plugin, root / "opt/cni/bin" / plugin)


def _set_up_services(root: Path) -> None:
    # Only what a container needs: the same as in kind's Dockerfile.
    unwanted = [
        *(root / "lib/systemd/system/sysinit.target.wants").glob("systemd-tmpfiles-setup.service"),
        *(root / "lib/systemd/system/multi-user.target.wants").glob("*"),
        *(root / "etc/systemd/system").glob("*.wants/*"),
        *(root / "lib/systemd/system/local-fs.target.wants").glob("*"),
        *(root / "lib/systemd/system/sockets.target.wants").glob("*udev*"),
        *(root / "lib/systemd/system/sockets.target.wants").glob("*initctl*"),
        *(root / "lib/systemd/system/basic.target.wants").glob("*"),
    ]
    for path in unwanted:
        path.unlink()
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    for service in ("kubelet", "containerd", "undo-mount-hacks"):
        (wants / f"{service}.service").symlink_to(f"/etc/systemd/system/{service}.service")
    # It would register formats for the whole machine.
    (root / "etc/systemd/system/systemd-binfmt.service").symlink_to("/dev/null")
    init = root / "sbin/init"
    if not init.is_symlink():
        init.symlink_to("/lib/systemd/systemd")


_PRELOAD = """
set -eu
mount -t proc proc /proc
ctr oci spec | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"} | del(.process.rlimits)' \
  > /etc/containerd/cri-base.json
mkdir -p /run/containerd
containerd --config /dev/null >/tmp/containerd.log 2>&1 &
daemon=$!
ready=
for i in $(seq 100); do
  if ctr version >/dev/null 2>&1; then ready=yes; break; fi
  sleep 0.1
done
test -n "$ready" || { cat /tmp/containerd.log >&2; exit 1; }
ctr --namespace k8s.io images import --no-unpack /kind/images.tar
kill $daemon
wait $daemon || true
rm -rf /tmp/containerd.log /run/containerd
"""


def _preload(root: Path, parts: Parts, work: Path, log: Path) -> None:
    listed = _command.run([str(_link(work, "kubeadm", parts.hyperkube)), "config", "images", "list", "--kubernetes-version", parts.version], deadline=60)
    images = component_images(listed.stdout.split(), sandbox_image((root / "etc/containerd/config.toml").read_text()))
    components.archive(images, _layers(root, parts), work, root / "kind/images.tar")
    # A mount and a process namespace of its own: whatever happens, the kernel takes the mounts and the daemon down with it.
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "chroot", str(root), "/bin/sh", "-c", _PRELOAD]
    _command.run(argv, deadline=300, log=log)
    (root / "kind/images.tar").unlink()


def _link(work: Path, name: str, target: Path) -> Path:
    link = work / name
    link.symlink_to(target)
    return link


def sandbox_image(config: str) -> str:
    """The image of a pod's first container that containerd is configured for."""
    found = re.search(r'^\s*sandbox_image = "([^"]+)"', config, re.MULTILINE)
    return found.group(1) if found else "registry.k8s.io/pause:3.10"


_ROUTED = ("kube-proxy", "pod-network")  # they start nft(8)


def component_images(wanted: list[str], sandbox: str) -> list[components.Component]:
    """One image for each reference that kubeadm asks for (registry.k8s.io/kube-apiserver:v1.35.4, ...), and for our own two."""
    found = []
    for reference in sorted({*wanted, sandbox, "slipway.platform/pod-network:v1", "slipway.platform/volume-provisioner:v1"}):
        name = reference.rpartition(":")[0].rpartition("/")[2]
        layers = ("pause",) if name == "pause" else ("kubernetes", "nftables") if name in _ROUTED else ("kubernetes",)
        found.append(components.Component(reference, f"/usr/local/bin/{name}", layers))
    return found


def _layers(root: Path, parts: Parts) -> dict[str, components.Layer]:
    names = (
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "etcd",
        "coredns",
        "kubectl",
        "pod-network",
        "volume-provisioner",
    )
    return {
        "kubernetes": components.Layer({"usr/local/bin/hyperkube": parts.hyperkube}, {f"usr/local/bin/{name}": "hyperkube" for name in names}, {"tmp": 0o1777}),
        "pause": components.Layer({"usr/local/bin/pause": parts.pause}, {}, {}),
        "nftables": components.Layer(_with_libraries(root, "/usr/sbin/nft"), {}, {}),
    }


def _with_libraries(root: Path, program: str) -> dict[str, Path]:
    listed = _command.run(["chroot", str(root), "ldd", program], deadline=60).stdout
    return {path.lstrip("/"): (root / path.lstrip("/")).resolve() for path in [program, *libraries(listed)]}


def libraries(ldd: str) -> list[str]:
    """The paths in the output of ldd(1)."""
    return [match.group(1) for line in ldd.splitlines() if (match := re.search(r"(?:=> )?(/\S+) \(0x", line))]


def _edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))
