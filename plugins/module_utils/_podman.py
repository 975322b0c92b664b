# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""podman and buildah with a configuration, storage, networks and state of our own: the user's are never read or changed.

What this machine can do is looked up instead of assumed (containers.conf(5), containers-storage.conf(5)):

    cgroup v1 or hybrid          -> runtime runc: crun refuses them
    no systemd as PID 1          -> cgroups by cgroupfs, events in a file
    no CAP_SYS_RESOURCE          -> default limits not above the hard limits that we have: raising one would be refused
    always                       -> no limit on processes (a node runs hundreds), locks in files (the default is one memory segment for the machine)
"""

from __future__ import annotations

import hashlib
import os
import resource
import shlex
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command, _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Missing

_CAP_SYS_RESOURCE = 24  # capability.h
_LIMIT_MAX = 1048576  # what podman would ask for
_HELPER_DIRS = (Path("/usr/libexec/podman"), Path("/usr/lib/podman"), Path("/usr/local/libexec/podman"), Path("/usr/local/lib/podman"))


@dataclass(frozen=True)
class Machine:
    """What matters to podman on this machine. ``cgroup`` is v1, hybrid or v2; limits are the hard ones of this process."""

    cgroup: str
    systemd: bool
    raise_limits: bool
    nofile: int
    nproc: int
    runtimes: tuple[str, ...]
    netavark: bool

    @property
    def runtime(self) -> str:
        """The first OCI runtime that works here, by name."""
        wanted = ("crun", "runc") if self.cgroup == "v2" else ("runc",)
        found = [name for name in wanted if name in self.runtimes]
        if not found:
            raise Missing(f"no OCI runtime for cgroup {self.cgroup} is on this machine; install it with: apt-get install {wanted[-1]}", program=wanted[-1])
        return found[0]


def detect(root: Path = Path("/")) -> Machine:
    """Look at this machine; ``root`` is where /sys, /proc and /run are looked up."""
    status = (root / "proc/self/status").read_text()
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:"))
    return Machine(
        cgroup=_cgroup(root / "sys/fs/cgroup"),
        systemd=(root / "run/systemd/system").is_dir(),
        raise_limits=bool(effective >> _CAP_SYS_RESOURCE & 1),
        nofile=_hard_limit(resource.RLIMIT_NOFILE),
        # podman lowers its own limit to the largest process id before it starts anything.
        nproc=min(_hard_limit(resource.RLIMIT_NPROC), int((root / "proc/sys/kernel/pid_max").read_text())),
        runtimes=tuple(name for name in ("crun", "runc") if shutil.which(name)),
        netavark=any((root / folder.relative_to("/") / "netavark").exists() for folder in _HELPER_DIRS),
    )


def _cgroup(mount: Path) -> str:
    if (mount / "cgroup.controllers").exists():
        return "v2"
    return "hybrid" if (mount / "unified/cgroup.controllers").exists() else "v1"


def _hard_limit(kind: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return _LIMIT_MAX if hard == resource.RLIM_INFINITY else min(hard, _LIMIT_MAX)


def data_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Where images, volumes and networks are kept: ``$XDG_DATA_HOME/slipway/containers`` (XDG Base Directory Specification 0.8)."""
    base = Path(env["XDG_DATA_HOME"]) if env.get("XDG_DATA_HOME") else Path(env.get("HOME", "/root")) / ".local" / "share"
    return base / "slipway" / "containers"


def run_dir(data: Path) -> Path:
    """Where what does not survive a restart of the machine is kept; one for each data folder, since they must not meet."""
    return Path("/run/slipway") / (data.name if data == data_dir({}) else hashlib.sha256(str(data).encode()).hexdigest()[:12])


def containers_conf(machine: Machine, data: Path) -> str:
    """The text of containers.conf for this machine."""
    run = run_dir(data)
    managed_by_systemd = machine.systemd and machine.cgroup == "v2"
    lines = ["[containers]", "pids_limit = 0"]
    if not machine.raise_limits:
        lines.append(f'default_ulimits = ["nofile={machine.nofile}:{machine.nofile}", "nproc={machine.nproc}:{machine.nproc}"]')
    lines += [
        "",
        "[engine]",
        f'runtime = "{machine.runtime}"',
        f'cgroup_manager = "{"systemd" if managed_by_systemd else "cgroupfs"}"',
        'events_logger = "file"',
        'lock_type = "file"',
        f'volume_path = "{data}/volumes"',
        f'tmp_dir = "{run}/libpod"',
        "",
        "[network]",
        f'network_config_dir = "{data}/networks"',
    ]
    if machine.netavark:
        lines.append('network_backend = "netavark"')
    return "\n".join(lines) + "\n"


def storage_conf(data: Path) -> str:
    """The text of storage.conf: our own image and layer store."""
    return f'[storage]\ndriver = "overlay"\ngraphroot = "{data}/storage"\nrunroot = "{run_dir(data)}/storage"\n'


def environment(cache: Path, env: Mapping[str, str] = os.environ, machine: Machine | None = None) -> dict[str, str]:
    """The variables with which podman, buildah and kind are started; the files they name are written if absent or different.

    ``cache`` is ``_artifacts.cache_dir()``: the configuration can be made again at any time, the data is in ``data_dir()``.
    """
    data = data_dir(env)
    # One folder for each data folder: a run with another one must not turn the configuration of this one around.
    folder = cache / "podman" if data == data_dir({}) else cache / "podman" / run_dir(data).name
    files = {
        "containers.conf": containers_conf(machine or detect(), data),
        "storage.conf": storage_conf(data),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        _files.write_if_different(folder / name, text, 0o644)
    # kind mounts it into the nodes; a kernel without modules leaves it out.
    Path("/lib/modules").mkdir(parents=True, exist_ok=True)
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "KIND_EXPERIMENTAL_PROVIDER": "podman",
    }


def idle_mounts(mounts: str, data: Path) -> list[str]:
    """Of the mounts of this machine (/proc/mounts), podman's own of its storage, if no container is mounted below it.

    podman mounts the folder of its layers on itself when it is first used, and leaves that to the next boot.
    """
    layers = f"{data}/storage/overlay"
    points = [line.split()[1] for line in mounts.splitlines()]
    return [] if any(point.startswith(f"{layers}/") for point in points) else [point for point in points if point == layers]


# What netavark adds once for all networks of a machine, and never takes away.
_FRAME = ("NETAVARK_FORWARD", "NETAVARK-HOSTPORT-DNAT", "NETAVARK-HOSTPORT-MASQ", "NETAVARK-HOSTPORT-SETMARK")
_FRAME_RULES = _FRAME[2:]  # the chains that hold rules without any network


def idle_rules(saved: str) -> list[list[str]]:
    """The arguments of iptables(8) that take away the frame of netavark's rules, if no network of anybody's uses it.

    ``saved`` is what iptables-save(8) prints.
    """
    table, frame, chains = "", [], []
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":NETAVARK"):
            chains.append((table, line[1:].split()[0]))
        elif line.startswith("-A"):
            rule = shlex.split(line)[1:]
            chain, target = rule[0], rule[rule.index("-j") + 1] if "-j" in rule else ""
            if chain.startswith("NETAVARK") and chain not in _FRAME_RULES:
                return []
            if not chain.startswith("NETAVARK") and target.startswith("NETAVARK"):
                if target not in _FRAME:
                    return []
                frame.append(["-t", table, "-D", *rule])
    return [*frame, *(["-t", table, option, chain] for option in ("-F", "-X") for table, chain in chains)]


def remove_idle_rules() -> None:
    """Take away what the packet filter holds of networks when there are none; a rule that is gone meanwhile is gone."""
    if (save := shutil.which("iptables-save")) is None:
        return
    for arguments in idle_rules(_command.run([save], deadline=30).stdout):
        with suppress(CommandFailed):
            _command.run([_command.find("iptables", "iptables"), "-w", "10", *arguments], deadline=30)
