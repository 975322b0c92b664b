# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""podman's configuration follows from what the machine can do."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils import _podman
from ansible_collections.slipway.platform.plugins.module_utils._errors import Missing

ABLE = _podman.Machine(cgroup="v2", systemd=True, raise_limits=True, nofile=1048576, nproc=1048576, runtimes=("crun", "runc"), netavark=True)
POOR = replace(ABLE, cgroup="hybrid", systemd=False, raise_limits=False, nofile=20000, nproc=32768)


def conf(machine: _podman.Machine) -> dict[str, dict[str, object]]:
    return tomllib.loads(_podman.containers_conf(machine, Path("/data")))


def test_an_able_machine_keeps_its_defaults() -> None:
    assert "default_ulimits" not in conf(ABLE)["containers"]
    assert conf(ABLE)["engine"]["runtime"] == "crun"
    assert conf(ABLE)["engine"]["cgroup_manager"] == "systemd"


def test_a_poor_machine_asks_for_no_more_than_it_has() -> None:
    assert conf(POOR)["containers"]["default_ulimits"] == ["nofile=20000:20000", "nproc=32768:32768"]
    assert conf(POOR)["engine"]["runtime"] == "runc"
    assert conf(POOR)["engine"]["cgroup_manager"] == "cgroupfs"


@pytest.mark.parametrize("machine", [ABLE, POOR])
def test_nothing_of_the_users_podman_is_touched(machine: _podman.Machine) -> None:
    settings = conf(machine)
    paths = [settings["engine"][key] for key in ("volume_path", "tmp_dir")] + [settings["network"]["network_config_dir"]]
    storage = tomllib.loads(_podman.storage_conf(Path("/data")))["storage"]
    paths += [storage["graphroot"], storage["runroot"]]
    assert all(str(path).startswith(("/data/", "/run/slipway/")) for path in paths)


def test_two_data_folders_never_share_what_runs() -> None:
    assert _podman.run_dir(Path("/one")) != _podman.run_dir(Path("/two"))


def test_two_data_folders_have_two_configurations(tmp_path: Path) -> None:
    files = {_podman.environment(tmp_path, {"XDG_DATA_HOME": str(tmp_path / name)}, POOR)["CONTAINERS_CONF"] for name in ("one", "two")}
    assert len(files) == 2


def test_a_missing_runtime_says_what_to_install() -> None:
    with pytest.raises(Missing, match="apt-get install runc"):
        _ = replace(POOR, runtimes=("crun",)).runtime


@pytest.mark.parametrize(("files", "cgroup"), [(["cgroup.controllers"], "v2"), (["unified/cgroup.controllers"], "hybrid"), ([], "v1")])
def test_the_machine_is_looked_at(tmp_path: Path, files: list[str], cgroup: str) -> None:
    for name, text in {"proc/self/status": "CapEff:\t000001fffeffffff\n", "proc/sys/kernel/pid_max": "32768\n"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in files:
        (tmp_path / "sys/fs/cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys/fs/cgroup" / name).touch()
    machine = _podman.detect(tmp_path)
    assert machine.cgroup == cgroup
    assert not machine.raise_limits
    assert not machine.systemd
    assert machine.nproc <= 32768


def test_files_are_written_once(tmp_path: Path) -> None:
    env = {"XDG_DATA_HOME": str(tmp_path / "data")}
    first = _podman.environment(tmp_path, env, POOR)
    folder = Path(first["CONTAINERS_CONF"]).parent
    written = {path.name: path.stat().st_ino for path in folder.iterdir()}
    assert _podman.environment(tmp_path, env, POOR) == first
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == written
    assert sorted(written) == ["containers.conf", "storage.conf"]


LAYERS = "/dev/sda1 /data/storage/overlay ext4 rw 0 0"
CONTAINER = "overlay /data/storage/overlay/0a1b/merged overlay rw 0 0"


@pytest.mark.parametrize(
    ("mounts", "idle"),
    [
        ("/dev/sda1 / ext4 rw 0 0", []),
        (LAYERS, ["/data/storage/overlay"]),
        (f"{LAYERS}\n{LAYERS}", ["/data/storage/overlay", "/data/storage/overlay"]),
        (f"{LAYERS}\n{CONTAINER}", []),
        (LAYERS.replace("/data/", "/other/"), []),
    ],
)
def test_storage_is_unmounted_only_when_no_container_uses_it(mounts: str, idle: list[str]) -> None:
    assert _podman.idle_mounts(mounts, Path("/data")) == idle


FRAME = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:NETAVARK_FORWARD - [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD
{filter}COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
:NETAVARK-DN-42A679BBD7CD7 - [0:0]
:NETAVARK-HOSTPORT-MASQ - [0:0]
-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ
{nat}-A NETAVARK-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
COMMIT
"""


def test_the_frame_of_rules_goes_when_no_network_is_left() -> None:
    assert _podman.idle_rules(FRAME.format(filter="", nat="")) == [
        ["-t", "filter", "-D", "FORWARD", "-m", "comment", "--comment", "netavark firewall plugin rules", "-j", "NETAVARK_FORWARD"],
        ["-t", "nat", "-D", "POSTROUTING", "-j", "NETAVARK-HOSTPORT-MASQ"],
        ["-t", "filter", "-F", "NETAVARK_FORWARD"],
        ["-t", "nat", "-F", "NETAVARK-DN-42A679BBD7CD7"],
        ["-t", "nat", "-F", "NETAVARK-HOSTPORT-MASQ"],
        ["-t", "filter", "-X", "NETAVARK_FORWARD"],
        ["-t", "nat", "-X", "NETAVARK-DN-42A679BBD7CD7"],
        ["-t", "nat", "-X", "NETAVARK-HOSTPORT-MASQ"],
    ]


@pytest.mark.parametrize(
    "used",
    [
        {"filter": "-A NETAVARK_FORWARD -d 10.88.0.0/16 -j ACCEPT\n", "nat": ""},
        {"filter": "", "nat": "-A POSTROUTING -s 10.88.0.0/16 -j NETAVARK-1D8721804F16F\n"},
        {"filter": "", "nat": "-A NETAVARK-DN-42A679BBD7CD7 -p tcp --dport 80 -j DNAT --to-destination 10.88.0.2:80\n"},
    ],
)
def test_rules_stay_while_any_network_uses_them(used: dict[str, str]) -> None:
    assert _podman.idle_rules(FRAME.format(**used)) == []


def test_a_machine_without_netavark_is_left_alone() -> None:
    assert _podman.idle_rules("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n") == []
