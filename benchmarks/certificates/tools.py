# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared: each tool as its manual says to look at the certificates of many servers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts
from ansible_collections.slipway.platform.plugins.module_utils._kind import go
from certificates.servers import Target
from machine import ending_with_us, wait_for

CHECKOUT = Path(__file__).resolve().parents[2]
ANSIBLE = "ansible==12.3.0"  # for the community.crypto that is in it
_DEADLINE = 600.0


@dataclass(frozen=True)
class Run:
    """``seconds`` for all; ``last``: until the last that answered did (None if a tool does not tell). ``answered``: how many showed a certificate."""

    seconds: float
    answered: int
    last: float | None = None
    cpu: float | None = None

    @property
    def rate(self) -> float:
        """Of those who live, per second, until the last of them was done."""
        return self.answered / (self.last or self.seconds)


class Tool(Protocol):
    name: str
    most: int  # targets: a slow one is asked for fewer
    counts_dead: bool  # whether it is measured with dead hosts too

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run: ...


def build(cache: Path | None = None) -> Path:
    """The Go program, kept in the project's cache."""
    folder = (cache or _artifacts.cache_dir()) / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    toolchain = go.find(cache or _artifacts.cache_dir())
    source = Path(__file__).parent / "tls"
    found = folder / f"tls-{go.source_digest(source)[:16]}"
    if not found.exists():
        go.build(toolchain, source, ".", found, log=folder / "tls.log")
    return found


def community_crypto() -> Path:
    """A folder with the collection community.crypto, out of the package ``ansible``; kept in the project's cache."""
    folder = _artifacts.cache_dir() / "benchmarks" / ANSIBLE
    if not (folder / "ansible_collections").exists():
        folder.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), ANSIBLE]
        subprocess.run(argv, check=True, timeout=_DEADLINE)
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith("ansible_collections/community/crypto/")])
        wheel.unlink()
    return folder


def run(argv: Sequence[str], folder: Path, stdin: str = "", env: dict[str, str] | None = None) -> str:
    """The output of a program; raises with its last words if it fails."""
    environment = {**os.environ, "HOME": str(folder), **(env or {})}
    done = subprocess.run(ending_with_us(argv), env=environment, input=stdin, capture_output=True, cwd=folder, timeout=_DEADLINE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)[:300]} ended with status {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def arguments(targets: Sequence[Target], root: Path) -> dict[str, Any]:
    endpoints = [{"host": "127.0.0.1", "port": target.port, "server_name": target.name, "starttls": "none"} for target in targets]
    return {"endpoints": endpoints, "ca_file": str(root), "system_roots": False}


def worker(params: dict[str, Any], folder: Path, keep: bool = False) -> dict[str, Any]:
    """What worker.py says of these arguments."""
    job = json.dumps({"params": params, "keep": keep})
    found: dict[str, Any] = json.loads(run([sys.executable, str(Path(__file__).with_name("worker.py"))], folder, job))
    return found


@dataclass(frozen=True)
class Ours:
    name: str = "certificate_expiry_info"
    most: int = 1_000_000
    counts_dead: bool = True

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run:
        found = worker(arguments(targets, root), folder)
        return Run(found["seconds"], found["verdicts"].get("ok", 0), found["last"], found["cpu"])


def playbook(task: dict[str, Any], folder: Path, collections: str) -> float:
    """Seconds that ansible-playbook takes for one task, from start to end."""
    play = [{"name": "Look", "hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [{"name": "Look", **task}]}]
    (folder / "look.yml").write_text(json.dumps(play))  # JSON is YAML
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    env = {"ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": collections}
    started = time.monotonic()
    run([program, "-i", "localhost,", "-e", f"ansible_python_interpreter={sys.executable}", str(folder / "look.yml")], folder, env=env)
    return time.monotonic() - started


@dataclass(frozen=True)
class Playbook:
    """The same as a user has it: ansible-playbook with one task, from start to end."""

    name: str = "ansible-playbook"
    most: int = 1_000_000
    counts_dead: bool = False

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run:
        report = folder / "report.json"
        task = {"slipway.platform.certificate_expiry_info": {**arguments(targets, root), "report": str(report)}}
        seconds = playbook(task, folder, str(CHECKOUT / "collections"))
        rows = json.loads(report.read_text())["certificates"]
        return Run(seconds, sum(1 for row in rows if row["verdict"] == "ok"))


@dataclass(frozen=True)
class Go:
    """``classical``: with the key exchange that OpenSSL 3.0 has, instead of Go's own choice."""

    binary: Path
    classical: bool
    most: int = 1_000_000
    counts_dead: bool = True

    @property
    def name(self) -> str:
        return "Go, X25519" if self.classical else "Go"

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run:
        argv = [str(self.binary), "probe", "-workers", "64", "-root", str(root), *(["-classical"] if self.classical else [])]
        found = json.loads(run(argv, folder, "".join(f"{target.address} {target.name}\n" for target in targets)))
        return Run(found["seconds"], found["answered"], found["last"])


@dataclass(frozen=True)
class Blackbox:
    """Asked over HTTP as Prometheus does, 64 at a time. One server name for all: another needs another module in its configuration."""

    binary: Path
    program: str
    name: str = "blackbox_exporter"
    most: int = 1_000_000
    counts_dead: bool = True

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run:
        settings = {"server_name": "h0.bench.test", "ca_file": str(root)}
        module = {"prober": "tcp", "timeout": "5s", "tcp": {"tls": True, "tls_config": settings, "preferred_ip_protocol": "ip4"}}
        (folder / "blackbox.yml").write_text(json.dumps({"modules": {"tls": module}}))
        with self._running(folder) as address:
            argv = [str(self.binary), "scrape", "-workers", "64", "-url", f"http://{address}/probe?module=tls&target="]
            found = json.loads(run(argv, folder, "".join(f"{target.address} {target.name}\n" for target in targets)))
        return Run(found["seconds"], found["answered"], found["last"])

    @contextmanager
    def _running(self, folder: Path) -> Iterator[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        argv = ending_with_us([self.program, f"--config.file={folder / 'blackbox.yml'}", f"--web.listen-address={address}", "--log.level=error"])
        with (folder / "log").open("wb") as log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
            try:
                wait_for(f"http://{address}/-/healthy", process, folder / "log")
                yield address
            finally:
                process.kill()


@dataclass(frozen=True)
class GetCertificate:
    """A loop over community.crypto.get_certificate; what a loop of one takes is the start, and not counted."""

    name: str = "get_certificate"
    most: int = 20
    counts_dead: bool = False

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run:  # noqa: ARG002  one interface for all
        collections = f"{community_crypto()}:{CHECKOUT / 'collections'}"
        seconds = []
        for some in (targets[:1], targets):
            loop = [{"port": target.port, "name": target.name} for target in some]
            options = {"host": "127.0.0.1", "port": "{{ item.port }}", "server_name": "{{ item.name }}"}
            seconds.append(playbook({"community.crypto.get_certificate": options, "loop": loop}, folder, collections))
        return Run(seconds[1] - seconds[0], len(targets) - 1)


@dataclass(frozen=True)
class SClient:
    """``openssl s_client | openssl x509``, four at a time."""

    name: str = "openssl s_client"
    most: int = 100
    counts_dead: bool = False

    def look(self, targets: Sequence[Target], root: Path, folder: Path) -> Run:  # noqa: ARG002  one interface for all
        script = "openssl s_client -connect $1 -servername $2 -showcerts </dev/null 2>/dev/null | openssl x509 -noout -enddate"
        started = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda target: run(["sh", "-c", script, "sh", target.address, target.name], folder), targets))
        return Run(time.monotonic() - started, sum("notAfter=" in answer for answer in answers))


def blackbox() -> str | None:
    """Debian's program, if it is on this machine."""
    return shutil.which("prometheus-blackbox-exporter")
