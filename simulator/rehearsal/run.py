# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal from its beginning to what is said of it, and its end."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files, _lock

from simulator.rehearsal import account, facts, process, report, resolver
from simulator.rehearsal.facts import Folders, RehearsalError
from simulator.world.parts import Part

HERE = Path(__file__).parent
_SECONDS = 30.0
# Whoever starts this may have a real AWS in their environment: nothing of it reaches the run.
_USERS_OWN = ("AWS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


@dataclass(frozen=True)
class Wanted:
    playbook: str = "site.yml"
    arguments: tuple[str, ...] = ()
    faults: Path | None = None


class Rehearsal:
    """Of one environment. Raises RehearsalError, ProcessError and SlipwayError."""

    def __init__(self, checkout: Path, environment: str, say: Callable[[str], None] = print) -> None:
        self.folders, self.say = Folders(checkout, environment), say
        if not (self.folders.inventory / "hosts.yml").exists():
            there = sorted(each.parent.name for each in (checkout / "inventories").glob("*/hosts.yml"))
            raise RehearsalError(f"there is no environment {environment or '(none was named)'}; there are {', '.join(there)}: make rehearse ENV=prod")

    def run(self, wanted: Wanted) -> int:
        """The status of the playbook; 1 if AWS was asked what its models don't know."""
        ran, asked = self.rehearse(wanted)
        for line in report.lines(ran, asked, self._addresses(process.state(self.folders.world))):
            self.say(line)
        return ran.status or int(bool(asked.violations))

    def rehearse(self, wanted: Wanted) -> tuple[report.Ran, report.Asked]:
        """What came of the playbook, and what AWS was asked meanwhile."""
        if wanted.faults and not wanted.faults.is_file():
            raise RehearsalError(f"there is no file {wanted.faults} with what shall go wrong; simulator/README.md says how one is written")
        if not (self.folders.checkout / wanted.playbook).is_file():
            raise RehearsalError(f"there is no playbook {wanted.playbook}; site.yml is one, and playbooks/teardown.yml")
        self._lock()
        self.have()
        state, environment = process.state(self.folders.world), self._environment()
        before = _get(state["url"], "calls"), _get(state["url"], "violations")
        faults = f"{state['url']}/_simulator/faults"
        _exchange(urllib.request.Request(faults, method="DELETE"))  # those of an earlier run
        if wanted.faults:
            _exchange(urllib.request.Request(faults, data=wanted.faults.read_bytes()))
        ran = self._play(wanted, environment)
        return ran, _asked(state["url"], len(before[0]), len(before[1]))

    def have(self) -> None:
        """Everything that stands for AWS, and what an account has before anybody runs anything."""
        folders = self.folders
        if folders.world.exists() and not process.ready(folders.world) and process.state(folders.world):
            self.say(f"The simulated AWS of {folders.environment} has ended, and all that was in it is gone: beginning anew.")
            self.remove()
        self.say(f"Having what stands for AWS: {folders.name}.")
        self._machine("machine.yml", folders.inventory, rehearsal_ports=asdict(facts.ports(folders.ports, folders.environment, _free)))
        state = process.state(folders.world)
        resolver.ensure(folders.kubeconfig, f"{state['address']}:{state['ports']['dns']}")
        known = facts.read(folders.facts)
        assumed = account.prepare(state["url"], Path(state["credentials_file"]).read_text(), known)
        self.say(f"Assumed of account {known.account}: {'; '.join(assumed) or 'nothing'}.")
        keys = account.with_profile(Path(state["credentials_file"]).read_text(), known.profile)
        _files.write_if_different(folders.credentials, keys, 0o600)
        region = {"AWS_REGION": known.region, "AWS_DEFAULT_REGION": known.region}  # boto3 reads the one, everything else the other
        variables = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in {**self._environment(), **region}.items())
        whose = f"export AWS_PROFILE={shlex.quote(known.profile)}" if known.profile else "unset AWS_PROFILE"
        _files.write_if_different(folders.variables, f"{whose}\n{variables}", 0o644)

    def _environment(self) -> dict[str, str]:
        """Of a run that meets this AWS."""
        return {**process.state(self.folders.world)["environment"], "AWS_SHARED_CREDENTIALS_FILE": str(self.folders.credentials)}

    def down(self) -> None:
        self._lock()
        self.remove()

    def remove(self) -> None:
        """Everything: processes, containers, networks, folders."""
        process.stop(self.folders.world)
        self._machine("machine_absent.yml", Path("localhost,"))
        for folder in (self.folders.around, self.folders.state):
            shutil.rmtree(folder, ignore_errors=True)

    def _machine(self, playbook: str, inventory: Path, **given: Any) -> None:
        self.folders.around.mkdir(parents=True, exist_ok=True, mode=0o700)
        given |= {"rehearsal_name": self.folders.name, "rehearsal_around": str(self.folders.around)}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        argv = [f"--inventory={inventory}", "--extra-vars", json.dumps({**given, **local}), str(HERE / playbook)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        log = self.folders.around / "machine.log"
        with log.open("wb") as told:
            status = self._ansible(argv, environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told)
        if status:
            why = _last(log.read_text(errors="replace"))
            if not self.folders.facts.exists() and not self.folders.world.exists():  # it was refused before anything was made
                shutil.rmtree(self.folders.around)
                raise RehearsalError(why)
            raise RehearsalError(f"{why}\nthat was while what stands for AWS was made or removed; all of it is in {log}")

    def _play(self, wanted: Wanted, environment: Mapping[str, str]) -> report.Ran:
        """The playbook as a person types it, but for the folder of its state: that of the environment itself is not touched."""
        argv = [wanted.playbook, f"--inventory={self.folders.inventory}", "--extra-vars", json.dumps({"slipway_state_dir": str(self.folders.state)})]
        own = {name: value for name, value in os.environ.items() if not name.upper().startswith(_USERS_OWN)}
        noting = {
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "rehearsal,slipway.platform.exit_status",
            "SLIPWAY_REHEARSAL_RECORD": str(self.folders.record),
        }
        self.folders.record.unlink(missing_ok=True)
        began = time.monotonic()
        status = self._ansible([*argv, *wanted.arguments], {**own, **environment, **noting})
        seconds = time.monotonic() - began
        noted = json.loads(self.folders.record.read_text()) if self.folders.record.exists() else {"tasks": [], "totals": {}}
        return report.Ran(wanted.playbook, status, seconds, noted["tasks"], noted["totals"])

    def _ansible(self, argv: Sequence[str], environment: Mapping[str, str], **more: Any) -> int:
        """An interrupt from the keyboard reaches it too: it is waited for, so that what it began has an end."""
        program = [str(Path(sys.executable).with_name("ansible-playbook")), *argv]
        with subprocess.Popen(program, cwd=self.folders.checkout, env=dict(environment), **more) as started:
            try:
                return started.wait()
            except KeyboardInterrupt:
                started.wait()
                raise
            except BaseException:
                started.send_signal(signal.SIGTERM)
                raise

    def _addresses(self, state: Mapping[str, Any]) -> list[str]:
        summary = self.folders.state / "summary.json"
        services = json.loads(summary.read_text())["services"] if summary.exists() else []
        proxy = state["environment"]["HTTPS_PROXY"]
        asks = [f"curl --proxy {proxy} --cacert {state['ca_file']} {each['url']}" for each in services if each.get("url")]
        kubectl = f"{self.folders.around}/bin/kubectl --kubeconfig {self.folders.state}/kubeconfig get pods --all-namespaces"
        return [*asks, f". {self.folders.variables}    # then curl, aws and kubectl are those of {self.folders.environment}:", kubectl] if asks else []

    def _lock(self) -> None:
        name = self.folders.environment
        _lock.take(Path(f"/run/slipway/rehearsal-{name}.lock"), os.getpid(), f"the rehearsal of {name}")


def _asked(url: str, calls: int, violations: int) -> report.Asked:
    world = _get(url, "world")
    parts = [Part(**each) for each in world["parts"]]
    return report.Asked(report.read_calls(_get(url, "calls")[calls:]), _get(url, "violations")[violations:], parts, world["reports"])


def _get(url: str, what: str) -> Any:
    return _exchange(urllib.request.Request(f"{url}/_simulator/{what}"))


def _exchange(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise RehearsalError(f"the simulated AWS takes no {request.full_url}: {error.read().decode(errors='replace')}") from None
    except OSError as error:
        raise RehearsalError(f"the simulated AWS does not answer at {request.full_url}: {error}") from None


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _last(log: str) -> str:
    """What went wrong, of what Ansible printed."""
    found = re.search(r"(?ms)^\[ERROR\]: (?:Task failed: )?(?:Action failed: )?(.+?)(?:\nOrigin: |\n\n|\Z)", log)
    return found[1] if found else log[-2000:]
