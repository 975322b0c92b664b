# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node's root file system and the images of its components, as far as they are text and archives."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._kind import components, node_image, node_root
from ansible_collections.slipway.platform.plugins.module_utils._kind.ticker import Ticker, duration
from ansible_collections.slipway.platform.plugins.module_utils._kind.work import kind_step

UNIT = """[Service]
ExecStart=/usr/local/bin/containerd
LimitNPROC=infinity
LimitNOFILE=infinity
TasksMax=infinity
OOMScoreAdjust=-999
"""


def test_containerd_starts_where_limits_may_not_be_raised() -> None:
    assert node_root.containerd_unit(UNIT) == "[Service]\nExecStart=/usr/bin/containerd\nTasksMax=infinity\n"


def test_containerd_reads_registries_from_folders() -> None:
    text = node_root.containerd_config("  restrict_oom_score_adj = false\n")
    assert "restrict_oom_score_adj = true" in text
    assert 'config_path = "/etc/containerd/certs.d"' in text


@pytest.mark.parametrize(
    ("config", "image"), [('  sandbox_image = "registry.k8s.io/pause:3.9"\n', "registry.k8s.io/pause:3.9"), ("", "registry.k8s.io/pause:3.10")]
)
def test_the_sandbox_image_is_what_containerd_says(config: str, image: str) -> None:
    assert node_root.sandbox_image(config) == image


def test_libraries_are_those_with_a_path() -> None:
    printed = "\tlinux-vdso.so.1 (0x0001)\n\tlibmnl.so.0 => /lib/libmnl.so.0 (0x0002)\n\t/lib64/ld-linux-x86-64.so.2 (0x0003)\n"
    assert node_root.libraries(printed) == ["/lib/libmnl.so.0", "/lib64/ld-linux-x86-64.so.2"]


def test_every_component_has_an_image() -> None:
    wanted = ["registry.k8s.io/kube-proxy:v1.35.4", "registry.k8s.io/coredns/coredns:v1.13.1", "registry.k8s.io/pause:3.10.1"]
    found = {image.reference: image for image in node_root.component_images(wanted, "registry.k8s.io/pause:3.10")}
    assert found["registry.k8s.io/kube-proxy:v1.35.4"].layers == ("kubernetes", "nftables")
    assert found["registry.k8s.io/coredns/coredns:v1.13.1"].entrypoint == "/usr/local/bin/coredns"
    assert found["registry.k8s.io/pause:3.10"].layers == ("pause",)
    assert {"slipway.platform/pod-network:v1", "slipway.platform/volume-provisioner:v1"} <= found.keys()


def test_an_archive_is_the_same_every_time_and_shares_its_layers(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"ELF")
    layers = {"base": components.Layer({"usr/bin/all": tmp_path / "binary"}, {"usr/bin/a": "all"}, {"tmp": 0o1777})}
    images = [components.Component(f"example.org/{name}:1", f"/usr/bin/{name}", ("base",)) for name in ("a", "b")]
    for name in ("one", "two"):
        components.archive(images, layers, tmp_path, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as tar:
        index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]
        manifests = [json.load(tar.extractfile(f"blobs/sha256/{m['digest'][7:]}")) for m in index["manifests"]]  # type: ignore[arg-type]
        layer = tar.extractfile(f"blobs/sha256/{manifests[0]['layers'][0]['digest'][7:]}")
        with tarfile.open(fileobj=layer) as inner:
            assert [(member.name, oct(member.mode), member.linkname) for member in inner] == [
                ("tmp", "0o1777", ""),
                ("usr", "0o755", ""),
                ("usr/bin", "0o755", ""),
                ("usr/bin/all", "0o755", ""),
                ("usr/bin/a", "0o777", "all"),
            ]
    assert [m["annotations"]["io.containerd.image.name"] for m in index["manifests"]] == ["example.org/a:1", "example.org/b:1"]
    assert manifests[0]["layers"] == manifests[1]["layers"]
    assert manifests[0]["config"] != manifests[1]["config"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (" • Preparing nodes 📦 📦   ...", "starting the containers"),
        (" ✓ Preparing nodes 📦", ""),
        ("Thanks for using kind! 😊", ""),
        (" • Writing configuration", ""),
    ],
)
def test_steps_of_kind_are_said_in_our_words(line: str, said: str) -> None:
    assert kind_step(line) == said


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0s"), (59.9, "59s"), (60, "1m00s"), (192, "3m12s")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_line_comes_at_once() -> None:
    lines: list[str] = []
    with Ticker(lines.append, every=3600).during("compiling"):
        assert lines == ["compiling"]


def test_old_node_images_do_not_fill_the_disk(tmp_path: Path) -> None:
    for age, key in enumerate(["oldest", "older", "latest", "current", ".half"]):
        (tmp_path / key).mkdir()
        os.utime(tmp_path / key, (age, age))
    assert node_image.outdated(tmp_path, "current") == ["oldest", "older"]
