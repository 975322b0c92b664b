# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared: each tool as its manual says to copy an image between repositories, all platforms, digests kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _command
from ansible_collections.slipway.platform.plugins.module_utils._kind import go
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import CONCURRENCY
from machine import ending_with_us
from promotion.servers import program

MODULES = {
    "crane": "github.com/google/go-containerregistry/cmd/crane@v0.22.1",
    "regctl": "github.com/regclient/regclient/cmd/regctl@v0.11.7",
}
CHECKOUT = Path(__file__).resolve().parents[2]
AT_ONCE = 8  # processes, for tools that promote one image each: what `xargs -P8` gives
_DEADLINE = 900.0


@dataclass(frozen=True)
class Pair:
    """From where to where: ``host:port/repository:tag``."""

    source: str
    destination: str


class Tool(Protocol):
    """``carries``: whether signatures and referrers come along, all of them and as they are."""

    name: str
    carries: bool

    def promote(self, pairs: Sequence[Pair], attached: str, folder: Path) -> float:
        """Promote and return the seconds; ``folder`` is empty and its own.

        ``attached``, as image_promote's ``referrers``: carry signatures and referrers where the tool can; require: look at them also where the
        image is there already; ignore them.
        """
        ...


def build(cache: Path | None = None) -> dict[str, Path]:
    """The tools that are Go modules, at the versions named here, the proxy, and the registry with a referrers API; kept in the project's cache."""
    toolchain = go.find(cache or _artifacts.cache_dir())
    folder = (cache or _artifacts.cache_dir()) / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name, module in MODULES.items():
        target = folder / module.rpartition("/")[2]
        if not (target / name).exists():
            print(f"building {module}", file=sys.stderr, flush=True)
            argv = go.niced([toolchain.go, "install", "-trimpath", module])
            _command.run(argv, deadline=_DEADLINE, env={**toolchain.env, "GOBIN": str(target)})
        found[name] = target / name
    for name in ("proxy", "referrers"):
        source = Path(__file__).parent / name
        found[name] = folder / f"{name}-{go.source_digest(source)[:16]}"
        if not found[name].exists():
            go.build(toolchain, source, ".", found[name], log=folder / f"{name}.log")
    return found


def run(argv: Sequence[str], env: Mapping[str, str], folder: Path, stdin: bytes = b"") -> bytes:
    """The output of a program; raises with its last words if it fails."""
    environment = {**os.environ, **env}
    done = subprocess.run(ending_with_us(argv), env=environment, input=stdin, capture_output=True, cwd=folder, timeout=_DEADLINE, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)} ended with status {done.returncode}: {(done.stdout + done.stderr)[-3000:].decode(errors='replace')}")
    return done.stdout


def each(commands: Sequence[Sequence[str]], env: Mapping[str, str], folder: Path) -> float:
    """Start a process for each command, ``AT_ONCE`` of them at a time; the seconds until the last ended."""
    started = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda argv: run(argv, env, folder), commands))
    return time.monotonic() - started


def arguments(pairs: Sequence[Pair], attached: str) -> dict[str, Any]:
    """image_promote's arguments for these pairs; all images of a list go in one call."""
    references = [reference for pair in pairs for reference in (pair.source, pair.destination)]
    return {
        "images": [{"source": pair.source, "destination": pair.destination} for pair in pairs],
        "referrers": attached,
        "plain_http": sorted({reference.partition("/")[0] for reference in references}),
    }


@dataclass(frozen=True)
class Ours:
    """The core in one process; ``parallel`` requests at a time."""

    parallel: int = CONCURRENCY
    carries: bool = True

    @property
    def name(self) -> str:
        return "image_promote" if self.parallel == CONCURRENCY else f"image_promote -{self.parallel}"

    def promote(self, pairs: Sequence[Pair], attached: str, folder: Path) -> float:
        rest = {"credentials": [], "auth_file": "", "ca_file": "", "request_timeout": 30, "deadline": 1800, "immutable": True, "moving_tags": []}
        job = json.dumps({**rest, **arguments(pairs, attached), "concurrency": self.parallel}).encode()
        return float(json.loads(run([sys.executable, str(Path(__file__).parent / "worker.py")], {"HOME": str(folder)}, folder, job))["seconds"])


@dataclass(frozen=True)
class Playbook:
    """The same as a user has it: ansible-playbook with one task, from start to end."""

    name: str = "ansible-playbook"
    carries: bool = True

    def promote(self, pairs: Sequence[Pair], attached: str, folder: Path) -> float:
        task = {"name": "Promote", "slipway.platform.image_promote": arguments(pairs, attached)}
        play = [{"name": "Promote", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]
        (folder / "promote.yml").write_text(json.dumps(play))  # JSON is YAML
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        env = {"HOME": str(folder), "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "collections")}
        return each([[program, "-i", "localhost,", str(folder / "promote.yml")]], env, folder)


@dataclass(frozen=True)
class Crane:
    """Signatures and referrers are beyond it."""

    binary: Path
    name: str = "crane"
    carries: bool = False

    def promote(self, pairs: Sequence[Pair], attached: str, folder: Path) -> float:  # noqa: ARG002  one interface for all
        return each([[str(self.binary), "copy", pair.source, pair.destination] for pair in pairs], {"HOME": str(folder)}, folder)


@dataclass(frozen=True)
class Regctl:
    """``parallel`` requests to one registry at a time; 3 is its own choice."""

    binary: Path
    parallel: int
    carries: bool = True

    @property
    def name(self) -> str:
        return f"regctl -{self.parallel}"

    def promote(self, pairs: Sequence[Pair], attached: str, folder: Path) -> float:
        hosts = {reference.partition("/")[0] for pair in pairs for reference in (pair.source, pair.destination)}
        settings = {host: {"tls": "disabled", "hostname": host, "reqConcurrent": self.parallel} for host in hosts}
        (folder / "regctl.json").write_text(json.dumps({"hosts": settings}))
        more = {"ignore": [], "carry": ["--referrers", "--digest-tags", "--fast"], "require": ["--referrers", "--digest-tags"]}[attached]
        commands = [[str(self.binary), "image", "copy", *more, pair.source, pair.destination] for pair in pairs]
        return each(commands, {"HOME": str(folder), "REGCTL_CONFIG": str(folder / "regctl.json")}, folder)


@dataclass(frozen=True)
class Skopeo:
    """Takes ``.sig`` tags along where it is told to in registries.d; referrers are beyond it."""

    name: str = "skopeo"
    carries: bool = False

    def promote(self, pairs: Sequence[Pair], attached: str, folder: Path) -> float:
        (folder / "registries.d").mkdir()
        (folder / "registries.d" / "default.yaml").write_text(json.dumps({"default-docker": {"use-sigstore-attachments": attached != "ignore"}}))
        common = [program("skopeo"), "--insecure-policy", "--registries.d", str(folder / "registries.d"), "copy", "--all", "--preserve-digests", "--quiet"]
        insecure = ["--src-tls-verify=false", "--dest-tls-verify=false"]
        commands = [[*common, *insecure, f"docker://{pair.source}", f"docker://{pair.destination}"] for pair in pairs]
        # Its memory of where blobs are would make the second run another one than the first: it is kept in the folder of this run.
        env = {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "XDG_RUNTIME_DIR": str(folder), "_CONTAINERS_ROOTLESS_UID": "1000"}
        return each(commands, env, folder)
