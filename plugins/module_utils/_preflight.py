# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true before anything is touched: every finding at once, each with what to do about it."""

from __future__ import annotations

import difflib
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._ports import Listener, listener_of

GIB = 1024**3
_TAGS_OF_ANSIBLE = ("all", "tagged", "untagged", "always", "never")


@dataclass(frozen=True)
class Request:
    """What an environment needs of this machine. Sizes in GiB; ``ports`` maps a TCP port to the setting that chose it.

    ``files`` are paths by the setting that names them, an empty one is none; ``asked`` are the tags of this run and ``tags``
    those that there are; ``absent`` names results of earlier runs that this one needs; ``elsewhere`` is what else was found wrong.
    """

    environment: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    root: bool = False
    programs: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[int, str] = field(default_factory=dict)
    own_processes: str = ""
    disk: Mapping[str, float] = field(default_factory=dict)
    memory: float = 0.0
    tags: Sequence[str] = ()
    asked: Sequence[str] = ()
    absent: Sequence[str] = ()
    elsewhere: Sequence[str] = ()


@dataclass(frozen=True)
class Machine:
    """The facts of a machine; a test gives its own."""

    uid: int
    which: Callable[[str], str | None]
    listener: Callable[[int], Listener | None]
    free_disk: Callable[[Path], int]
    available_memory: int
    unreadable: Callable[[Path], str]


@dataclass(frozen=True)
class Result:
    environment: str
    changed: bool = False


def this_machine() -> Machine:
    return Machine(os.geteuid(), shutil.which, listener_of, lambda path: shutil.disk_usage(path).free, _available_memory(Path("/proc/meminfo")), unreadable)


def check(request: Request, machine: Machine) -> Result:
    """Raise ``InvalidInput`` with every finding, one a line, or return what was checked."""
    findings = [
        *_tags(request),
        *_settings(request),
        *_files(request, machine),
        *_absent(request),
        *_user(request, machine),
        *_programs(request.programs, machine),
        *_ports(request, machine),
        *_disk(request.disk, machine),
        *_memory(request.memory, machine),
        *request.elsewhere,
    ]
    if findings:
        head = "1 thing stands" if len(findings) == 1 else f"{len(findings)} things stand"
        raise InvalidInput(f"{head} in the way of environment {request.environment}:\n" + "\n".join(f"- {line}" for line in findings), findings=findings)
    return Result(request.environment)


def _tags(request: Request) -> Iterable[str]:
    for tag in request.asked:
        if tag not in (*request.tags, *_TAGS_OF_ANSIBLE):
            near = difflib.get_close_matches(tag, request.tags, 1)
            hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(request.tags)}"
            yield f"nothing here has the tag {tag}: {hint}"


def _absent(request: Request) -> Iterable[str]:
    if request.absent:
        yield (
            f"environment {request.environment} does not stand yet (there is no {', '.join(request.absent)} of an earlier run): "
            f"make it first with: ansible-playbook site.yml -i {request.environment}"
        )


def _settings(request: Request) -> Iterable[str]:
    for name, value in request.settings.items():
        if value is None or value == "":
            yield f"{name} is not set: write it into inventories/{request.environment}/group_vars/all.yml"


def _files(request: Request, machine: Machine) -> Iterable[str]:
    for name, path in request.files.items():
        if path and (trouble := machine.unreadable(Path(path))):
            yield f"{name} names {path}, which cannot be read ({trouble}): correct it in inventories/{request.environment}/group_vars/all.yml"


def _user(request: Request, machine: Machine) -> Iterable[str]:
    if request.root and machine.uid != 0:
        yield "this user is not root, and building images and the embedded cluster's nodes need root: run it again as root (sudo -i)"


def _programs(programs: Mapping[str, str], machine: Machine) -> Iterable[str]:
    missing = {program: package for program, package in programs.items() if machine.which(program) is None}
    if missing:
        yield f"not on this machine: {', '.join(sorted(missing))}; install with: apt-get install {' '.join(sorted(set(missing.values())))}"


def _ports(request: Request, machine: Machine) -> Iterable[str]:
    for port, setting in sorted(request.ports.items()):
        listener = machine.listener(port)
        if listener is None or (request.own_processes and request.own_processes in listener.command):
            continue
        # Who may not look may not say either: this user must become another one first, and that one will see.
        if listener.pid or not (request.root and machine.uid != 0):
            yield f"port {port} ({setting}) is in use by {listener}: stop it, or choose another port with {setting}"


def _disk(disk: Mapping[str, float], machine: Machine) -> Iterable[str]:
    for path, needed in disk.items():
        free = machine.free_disk(_existing(Path(path))) / GIB
        if free < needed:
            yield f"{path} has {free:.1f} GiB free and {needed:g} GiB are needed: make room, or point XDG_CACHE_HOME and XDG_DATA_HOME to a larger disk"


def _memory(needed: float, machine: Machine) -> Iterable[str]:
    available = machine.available_memory / GIB
    if available < needed:
        yield f"{available:.1f} GiB of memory are available and {needed:g} GiB are needed: stop something, or take nodes out of kind_nodes"


def unreadable(path: Path) -> str:
    """Why a file cannot be read, in the system's words; empty if it can."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


def _available_memory(meminfo: Path) -> int:
    rows: Sequence[str] = meminfo.read_text().splitlines()
    return next(int(row.split()[1]) * 1024 for row in rows if row.startswith("MemAvailable:"))
