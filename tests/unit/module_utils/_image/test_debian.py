# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils import _artifacts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._image import apt, debian, distroless, dpkg, rootfs
from ansible_collections.slipway.platform.plugins.module_utils._image.debian import Image

TARGETS = """\
MetaKey: main/binary-amd64/Packages
Created-By: Packages
Component: main
Release: bookworm
Repo-URI: http://mirror.example.org/debian/

MetaKey: contrib/binary-amd64/Packages
Created-By: Packages
Component: contrib
Release: bookworm
Repo-URI: http://mirror.example.org/debian/

Created-By: Packages
Component: main
Release: bookworm-security
Repo-URI: http://security.example.org/

Created-By: Packages
Component: main
Release: cloud-sdk-bookworm
Repo-URI: https://elsewhere.example.org/apt
"""


def test_only_the_sources_of_the_suite_are_taken() -> None:
    assert apt.sources(TARGETS, "bookworm") == [
        "deb http://mirror.example.org/debian/ bookworm main contrib",
        "deb http://security.example.org/ bookworm-security main",
    ]


def test_a_suite_that_apt_does_not_know_is_explained() -> None:
    with pytest.raises(InvalidInput, match="no source for the suite trixie") as caught:
        apt.sources(TARGETS, "trixie")
    assert "bookworm" in caught.value.message


def test_only_settings_that_say_how_to_reach_a_mirror_are_taken() -> None:
    dump = """\
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example.org:3128";
Acquire::https::CaInfo "/etc/own-ca.pem";
Acquire::Check-Valid-Until "false";
Acquire::Languages:: "none";
APT::Install-Recommends "1";
DPkg::Post-Invoke:: "rm -f /var/cache/apt/*.bin || true";
"""
    assert apt.network_settings(dump).splitlines() == [
        'Acquire::http::Proxy "http://proxy.example.org:3128";',
        'Acquire::https::CaInfo "/etc/own-ca.pem";',
        'Acquire::Check-Valid-Until "false";',
    ]


def test_stand_ins_are_installed_packages() -> None:
    found = list(dpkg.paragraphs(dpkg.stand_ins(["mawk", "perl", "perl"], "amd64")))
    assert [p["Package"] for p in found] == ["mawk", "perl"]
    assert found[0]["Provides"] == "awk"
    assert found[1]["Multi-Arch"] == "allowed", "others depend on perl:any"
    assert all(p["Status"] == "install ok installed" for p in found)
    assert [p.name for p in dpkg.installed(dpkg.stand_ins(["mawk"], "amd64"))] == ["mawk"]


def test_a_status_file_is_read() -> None:
    status = """\
Package: b
Status: install ok installed
Version: 1:2.0-1
Architecture: amd64
Description: short
 long
 .
 longer

Package: a
Status: deinstall ok config-files
Version: 1
Architecture: all
"""
    assert dpkg.installed(status) == [dpkg.Package("b", "1:2.0-1", "amd64")]
    assert next(dpkg.paragraphs(status))["Description"] == "short\n long\n .\n longer"


def params(**more: Any) -> dict[str, Any]:
    return {"name": "redis", "repository": "slipway/redis", "packages": ["redis-server"], **more}


def key(image: Image) -> str:
    return _artifacts.key_of(image.inputs("amd64"))


@pytest.mark.parametrize(
    "more",
    [
        {"packages": ["redis-server", "tzdata"]},
        {"suite": "trixie"},
        {"variant": "minbase"},
        {"without": ["libsystemd0"]},
        {"files": [{"dest": "/a", "content": "x"}]},
        {"files": [{"dest": "/a", "content": "y"}]},
        {"files": [{"dest": "/a", "content": "x", "mode": "0600"}]},
        {"links": [{"dest": "/a", "src": "b"}]},
        {"directories": [{"path": "/data", "uid": 999}]},
        {"remove": ["usr/lib/x"]},
        {"run": [["/bin/true"]]},
        {"users": [{"name": "redis", "uid": 999}]},
        {"config": {"user": "999"}},
        {"source_date_epoch": 1},
    ],
)
def test_every_input_is_part_of_the_key(more: dict[str, Any]) -> None:
    assert key(Image.from_params(params(**more))) != key(Image.from_params(params()))


def test_the_key_knows_generation_and_architecture_and_no_order_of_packages() -> None:
    image = Image.from_params(params(packages=["a", "b"]))
    assert key(image) == key(Image.from_params(params(packages=["b", "a"])))
    assert key(image) != key(replace(image, generation="2"))
    assert key(image) != _artifacts.key_of(image.inputs("arm64"))


def test_contents_are_in_the_key_by_digest_only() -> None:
    image = Image.from_params(params(files=[{"dest": "/a", "content": "planted-content"}]))
    assert "planted-content" not in str(image.inputs("amd64"))


def test_a_file_may_come_from_this_machine(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xff")
    image = Image.from_params(params(files=[{"dest": "/a", "src": str(tmp_path / "f"), "mode": "0755", "owner": "1:2"}]))
    entry = image.entries[0]
    assert (entry.content, entry.mode, entry.uid, entry.gid) == (b"\xff", 0o755, 1, 2)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"packages": []}, "has no packages"),
        ({"repository": "Slipway"}, "lower case only"),
        ({"files": [{"dest": "/a", "src": "/does/not/exist"}]}, "cannot be read"),
        ({"files": [{"dest": "/a"}]}, "neither src nor content"),
        ({"files": [{"dest": "/a", "content": "", "mode": "rwx"}]}, "in octal"),
        ({"files": [{"dest": "/a", "content": "", "owner": "root"}]}, "as numbers"),
    ],
)
def test_what_cannot_be_built_is_refused_before(more: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        Image.from_params(params(**more))


def test_names_are_used_once() -> None:
    image = Image.from_params(params())
    with pytest.raises(InvalidInput, match="used twice: redis"):
        debian.check_names([image, image])


def test_the_configuration_is_the_one_of_the_specification() -> None:
    given = {"user": "999", "env": {"B": "2", "A": "1"}, "cmd": ["x"], "exposed_ports": ["6379/tcp"], "volumes": ["/data"], "stop_signal": "SIGTERM"}
    value = debian._config(Image.from_params(params(config=given)), "arm64", "2026-01-01T00:00:00Z", "sha256:x")
    assert value["architecture"] == "arm64"
    assert value["config"] == {
        "Env": ["A=1", "B=2", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "User": "999",
        "Cmd": ["x"],
        "ExposedPorts": {"6379/tcp": {}},
        "Volumes": {"/data": {}},
        "StopSignal": "SIGTERM",
    }
    assert value["rootfs"]["diff_ids"] == ["sha256:x"]


def test_a_distroless_image_has_accounts_and_records_of_its_packages(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "root.tar", "w") as out:
        for name in ("b", "a"):
            certificate = tarfile.TarInfo(f"./usr/share/ca-certificates/mozilla/{name}.crt")
            certificate.size = 1
            (tmp_path / name).write_text(name)
            with (tmp_path / name).open("rb") as handle:
                out.addfile(certificate, handle)
    package = dpkg.Package("libstdc++6", "1", "amd64", "Package: libstdc++6\n", "sums")
    root = rootfs.Root(tmp_path / "root.tar", [package], 0)
    made = {e.path: e for e in distroless.entries(root, [{"name": "redis", "uid": 999, "gid": 998, "home": "/data"}])}
    assert made["etc/ssl/certs/ca-certificates.crt"].content == b"a\nb\n"
    assert b"redis:x:999:998:redis:/data:" in (made["etc/passwd"].content or b"")
    assert b"redis:x:998:" in (made["etc/group"].content or b"")
    assert made["var/lib/dpkg/status.d/libstdc++6"].content == b"Package: libstdc++6\n"
    assert made["var/lib/dpkg/status.d/libstdc++6.md5sums"].content == b"sums"
    assert made["var/tmp"].mode == 0o1777
