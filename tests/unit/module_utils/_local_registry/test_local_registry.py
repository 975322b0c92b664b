# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._local_registry import files
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.container import Request, ensure
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.files import PULL, PUSH
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.podman import SPEC, Podman
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Keychain

HOST = "localhost:5001"

# podman as far as it is asked: it keeps what it is told in a file, and its containers answer nothing.
PODMAN = (
    f"#!{sys.executable}"
    + """
import json, os, sys
home = os.environ["FAKE_PODMAN"]
state = json.load(open(home))
args = sys.argv[1:]
state["calls"].append(args)
verb = args[0]
if verb == "ps":
    print(json.dumps(state["containers"]))
elif args[:2] == ["network", "ls"]:
    print("\\n".join(state["networks"]))
elif args[:2] == ["network", "create"]:
    state["networks"].append(args[2])
elif args[:2] == ["network", "rm"]:
    state["networks"].remove(args[2])
elif verb == "load":
    sys.stdin.buffer.read()
    print("Loaded image: imageid")
elif verb == "run":
    options = dict(a[2:].split("=", 1) for a in args if a.startswith("--") and "=" in a)
    key, _, value = options["label"].partition("=")
    state["containers"].append(
        {"Names": [options["name"]], "State": state["after_run"], "Labels": {key: value}, "Networks": [options["network"]]}
    )
elif verb == "start" and state["after_run"] == "broken":
    json.dump(state, open(home, "w"))
    sys.exit(125)
elif verb == "start":
    for c in state["containers"]:
        if c["Names"] == [args[1]]:
            c["State"] = state["after_run"]
elif verb == "rm":
    state["containers"] = [c for c in state["containers"] if c["Names"] != [args[-1]]]
elif verb == "logs":
    print("panic: permission denied", file=sys.stderr)
json.dump(state, open(home, "w"))
"""
)


class Machine:
    """A request, and the podman it meets."""

    def __init__(self, path: Path, port: int, pull_port: int) -> None:
        self.state = path / "podman.json"
        self.podman = Podman({"FAKE_PODMAN": str(self.state)})
        (path / "tls.crt").write_text("certificate")
        (path / "tls.key").write_text("key")
        (path / "image").mkdir()
        self.request = Request(
            "registry", "net", path / "image", path / "registry", path / "registry" / "data", port, pull_port,
            path / "tls.crt", path / "tls.key", None, "present", False,
        )  # fmt: skip
        self.save({"calls": [], "networks": [], "containers": [], "after_run": "exited"})

    def save(self, value: object) -> None:
        self.state.write_text(json.dumps(value))

    def load(self) -> dict[str, list[dict[str, object]]]:
        value: dict[str, list[dict[str, object]]] = json.loads(self.state.read_text())
        return value

    def ensure(self, **more: object) -> list[str]:
        """The actions; whether the registry answers is not the fake's business."""
        try:
            return ensure(replace(self.request, **more), self.podman, sleep=lambda _: None).actions  # type: ignore[arg-type]
        except NotReady as error:
            return [error.message]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    (bin_dir / "podman").write_text(PODMAN)
    (bin_dir / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_dir}:{os.environ['PATH']}")
    return Machine(tmp_path, free_port(), free_port())


def wanted(path: Path, folder: Path) -> files.Files:
    return files.wanted(folder, HOST, path / "tls.crt", path / "tls.key")


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    (tmp_path / "tls.crt").write_text("certificate")
    (tmp_path / "tls.key").write_text("key")
    return tmp_path


def test_credentials_are_made_once(tls: Path, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    first = wanted(tls, folder)
    files.write(folder, first, files.different(folder, first))
    again = wanted(tls, folder)
    assert files.different(folder, again) == []
    assert again.contents == first.contents


def test_nobody_else_can_read_them(tls: Path, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    first = wanted(tls, folder)
    files.write(folder, first, files.different(folder, first))
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert folder.stat().st_mode & 0o077 == 0


def test_push_and_pull_have_passwords_of_their_own(tls: Path, tmp_path: Path) -> None:
    contents = wanted(tls, tmp_path / "registry").contents
    passwords = {}
    for process, name in ((PUSH, "auth.json"), (PULL, "pull-secret.json")):
        (tmp_path / name).write_bytes(contents[name])
        credential = Keychain.from_file(tmp_path / name).find(HOST)
        assert credential
        user, _, hashed = contents[f"{process.role}/htpasswd"].strip().partition(b":")
        assert credential.username == user.decode() == process.role
        assert bcrypt.checkpw(credential.password.encode(), hashed)
        passwords[credential.password] = len(credential.password)
    assert len(passwords) == 2
    assert min(passwords.values()) >= 40


def test_no_password_is_shown(tls: Path, tmp_path: Path) -> None:
    found = wanted(tls, tmp_path / "registry")
    (tmp_path / "auth.json").write_bytes(found.contents["auth.json"])
    credential = Keychain.from_file(tmp_path / "auth.json").find(HOST)
    assert credential
    assert credential.password not in repr(found)
    assert credential.password.encode() not in found.contents["push/config.yml"]


def test_only_the_door_for_nodes_is_read_only(tls: Path, tmp_path: Path) -> None:
    contents = wanted(tls, tmp_path / "registry").contents
    push, pull = (json.loads(contents[f"{role}/config.yml"]) for role in ("push", "pull"))
    assert push["storage"]["maintenance"]["readonly"]["enabled"] is False
    assert pull["storage"]["maintenance"]["readonly"]["enabled"] is True
    assert (push["http"]["addr"], pull["http"]["addr"]) == (":5000", ":5002")
    assert push["http"]["relativeurls"] is True


def test_a_new_certificate_starts_the_process_anew(tls: Path, tmp_path: Path) -> None:
    folder = tmp_path / "registry"
    first = wanted(tls, folder)
    files.write(folder, first, files.different(folder, first))
    (tls / "tls.crt").write_text("renewed")
    second = wanted(tls, folder)
    assert files.different(folder, second) == ["push/tls.crt", "pull/tls.crt"]
    assert second.fingerprint(PUSH) != first.fingerprint(PUSH)


def test_a_missing_certificate_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the certificate for the registry cannot be read"):
        wanted(tmp_path, tmp_path / "registry")


def test_a_registry_is_made_from_nothing(machine: Machine) -> None:
    message = machine.ensure()[0]
    # The containers of this podman end at once, which is said with what they printed.
    assert "container registry-push ended" in message
    assert "panic: permission denied" in message
    state = machine.load()
    assert state["networks"] == ["net"]
    assert [c["Names"] for c in state["containers"]] == [["registry-push"], ["registry"]]
    runs = [" ".join(map(str, call)) for call in state["calls"] if call[0] == "run"]  # type: ignore[index]
    assert f"--publish=127.0.0.1:{machine.request.port}:5000" in runs[0]
    assert f"--publish=127.0.0.1:{machine.request.pull_port}:5002" in runs[1]
    assert ":/var/lib/registry " in f"{runs[0]} "
    assert ":/var/lib/registry:ro" in runs[1]
    for run in runs:
        assert "--user=65532:65532 --cap-drop=all --security-opt=no-new-privileges --read-only" in run


def test_a_stopped_container_is_started_and_an_outdated_one_replaced(machine: Machine) -> None:
    machine.ensure()
    assert machine.ensure(check_mode=True) == ["start registry-push", "start registry"]
    assert machine.request.cert_file
    machine.request.cert_file.write_text("renewed")
    assert machine.ensure(check_mode=True) == [
        "write pull/tls.crt, push/tls.crt",
        "remove registry-push, which is out of date",
        "start registry-push",
        "remove registry, which is out of date",
        "start registry",
    ]


def test_one_that_cannot_be_started_is_made_anew(machine: Machine) -> None:
    machine.ensure()
    state = machine.load()
    state["after_run"] = "broken"  # type: ignore[assignment]
    machine.save({**state, "calls": []})
    machine.ensure()
    assert [call[0] for call in machine.load()["calls"] if call[0] in ("start", "rm", "run")] == ["start", "rm", "run"] * 2  # type: ignore[index]


def test_a_running_one_is_left_alone(machine: Machine) -> None:
    machine.ensure()
    state = machine.load()
    for container in state["containers"]:
        container["State"] = "running"
    machine.save(state)
    assert machine.ensure(check_mode=True) == []
    assert state["containers"][0]["Labels"][SPEC]  # type: ignore[index]


def test_check_mode_writes_nothing(machine: Machine) -> None:
    assert machine.ensure(check_mode=True)[-1] == "start registry"
    assert not machine.request.path.exists()
    assert not [call for call in machine.load()["calls"] if call[0] in ("run", "load", "rm", "start")]  # type: ignore[index]


def test_check_mode_on_an_empty_environment(machine: Machine, tmp_path: Path) -> None:
    assert machine.ensure(check_mode=True, image=None) == ["start registry-push", "start registry"]
    assert machine.ensure(check_mode=True, cert_file=tmp_path / "none") == ["start registry-push", "start registry"]


def test_a_port_in_use_names_its_process(machine: Machine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Busy, match=rf"port {port} is in use by .*process {os.getpid()}") as caught:
            ensure(replace(machine.request, port=port), machine.podman)
    assert caught.value.facts == {"port": port, "pid": os.getpid()}


def test_absent_removes_the_containers_and_keeps_the_images(machine: Machine) -> None:
    machine.ensure()
    assert machine.ensure(state="absent") == ["remove registry-push", "remove registry", "remove network net"]
    assert machine.request.data_dir.is_dir()
    assert (machine.request.path / "auth.json").is_file()
    assert machine.ensure(state="absent") == []


def test_a_network_with_others_in_it_stays(machine: Machine) -> None:
    machine.ensure()
    state = machine.load()
    state["containers"].append({"Names": ["node"], "State": "running", "Labels": None, "Networks": ["net"]})
    machine.save(state)
    assert machine.ensure(state="absent") == ["remove registry-push", "remove registry"]
