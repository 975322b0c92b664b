# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._image.layer import TRIM, TRIM_DISTROLESS, Entry, compose, matcher, owner, repack

EPOCH = 1_700_000_000


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("usr/share/man/*", "usr/share/man/man1", True),
        ("usr/share/man/*", "usr/share/man/man1/a.gz", True),
        ("usr/share/man/*", "usr/share/man", False),
        ("usr/share/man", "usr/share/manx", False),
        ("/etc/apt", "etc/apt/sources.list", True),
        ("etc/cron.*", "etc/cron.daily/x", True),
        ("etc/cron.*", "etc/crontab", False),
        ("a/*/c", "a/b/c", True),
        ("a/*/c", "a/b/b/c", False),
        ("a/**/c", "a/b/b/c", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("usr/share/doc/*/!copyright", "usr/share/doc/libc6/changelog.gz", True),
        ("usr/share/doc/*/!copyright", "usr/share/doc/libc6/copyright", False),
        ("usr/share/doc/*/!copyright", "usr/share/doc/libc6/copyrights", True),
        ("usr/share/doc/*/!copyright", "usr/share/doc/libc6", False),
        ("a.b", "axb", False),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    assert bool(matcher([pattern])(path)) is expected


def test_no_pattern_matches_nothing() -> None:
    assert not matcher([])("")


def tar(path: Path, *members: tuple[str, str, str], mtime: int = EPOCH - 10) -> Path:
    """A tar of (type, name, content or target); the owner's name, the order and the devices are what a builder leaves."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as out:
        for kind, name, value in members:
            info = tarfile.TarInfo(name)
            info.mtime, info.uname, info.uid = mtime, "builder", 7
            info.type = {"f": tarfile.REGTYPE, "d": tarfile.DIRTYPE, "l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "c": tarfile.CHRTYPE}[kind]
            if kind == "f":
                info.size = len(value)
            info.linkname = value if kind in "lh" else ""
            out.addfile(info, io.BytesIO(value.encode()))
    return path


def unpacked(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as found:
        return {info.name: info for info in found}


def content(path: Path, name: str) -> bytes:
    with tarfile.open(path) as found:
        handle = found.extractfile(name)
        assert handle
        return handle.read()


def test_the_layer_follows_from_its_content_alone(tmp_path: Path) -> None:
    first = tar(tmp_path / "1", ("f", "./b", "two"), ("f", "./a", "one"), ("c", "./dev/null", ""))
    second = tar(tmp_path / "2", ("f", "a", "one"), ("f", "b", "two"))
    one = compose(first, tmp_path / "1.gz", remove=[], entries=[], epoch=EPOCH)
    two = compose(second, tmp_path / "2.gz", remove=[], entries=[], epoch=EPOCH)
    assert one.digest == two.digest
    assert one.path.read_bytes()[4:8] == b"\0\0\0\0", "gzip carries no time"
    assert one.diff_id.matches(gzip.decompress(one.path.read_bytes()))
    assert one.digest.matches(one.path.read_bytes())
    assert one.size == one.path.stat().st_size
    assert {info.uname for info in unpacked(one.path).values()} == {""}


@pytest.mark.parametrize(("mtime", "expected"), [(EPOCH + 1, EPOCH), (EPOCH - 10, EPOCH - 10)])
def test_no_file_is_younger_than_the_given_time(tmp_path: Path, mtime: int, expected: int) -> None:
    packed = compose(tar(tmp_path / "t", ("f", "a", "x"), mtime=mtime), tmp_path / "l", remove=[], entries=[], epoch=EPOCH)
    assert unpacked(packed.path)["a"].mtime == expected


def test_a_layer_packed_anew_has_one_time(tmp_path: Path) -> None:
    for number, mtime in enumerate((EPOCH - 5, EPOCH + 5)):
        source = tar(tmp_path / f"{number}", ("d", "x", ""), ("f", "x/.wh.gone", ""), ("f", "x/a", "1"), mtime=mtime)
        repack(source, tmp_path / f"{number}.gz", EPOCH)
    assert (tmp_path / "0.gz").read_bytes() == (tmp_path / "1.gz").read_bytes()
    assert set(unpacked(tmp_path / "0.gz")) == {"x", "x/.wh.gone", "x/a"}


def test_entries_are_put_on_top_through_merged_usr(tmp_path: Path) -> None:
    source = tar(tmp_path / "t", ("d", "usr", ""), ("d", "usr/bin", ""), ("l", "bin", "usr/bin"), ("f", "usr/bin/a", "old"))
    entries = [Entry("/bin/a", 0o755, content=b"new"), Entry("etc/deep/file", content=b"x"), Entry("data", 0o700, 65532, 65532), Entry("usr/bin/b", target="a")]
    packed = compose(source, tmp_path / "l", remove=[], entries=entries, epoch=EPOCH)
    found = unpacked(packed.path)
    assert content(packed.path, "usr/bin/a") == b"new"
    assert "bin/a" not in found
    assert found["etc/deep"].isdir()
    assert (found["data"].mode, found["data"].uid) == (0o700, 65532)
    assert found["usr/bin/b"].linkname == "a"


def test_removal_goes_through_merged_usr(tmp_path: Path) -> None:
    source = tar(tmp_path / "t", ("l", "lib", "usr/lib"), ("d", "usr", ""), ("d", "usr/lib", ""), ("f", "usr/lib/systemd", "x"))
    packed = compose(source, tmp_path / "l", remove=["lib/systemd"], entries=[], epoch=EPOCH)
    assert set(unpacked(packed.path)) == {"lib", "usr", "usr/lib"}


def test_a_hard_link_outlives_its_first_name(tmp_path: Path) -> None:
    source = tar(tmp_path / "t", ("f", "a", "content"), ("h", "b", "a"), ("h", "c", "a"))
    packed = compose(source, tmp_path / "l", remove=["a"], entries=[], epoch=EPOCH)
    found = unpacked(packed.path)
    assert content(packed.path, "b") == b"content"
    assert found["b"].isreg()
    assert found["c"].islnk()
    assert found["c"].linkname == "b"


def test_an_entry_over_a_hard_link_changes_only_that_name(tmp_path: Path) -> None:
    source = tar(tmp_path / "t", ("f", "a", "content"), ("h", "b", "a"))
    packed = compose(source, tmp_path / "l", remove=[], entries=[Entry("a", content=b"own")], epoch=EPOCH)
    assert content(packed.path, "a") == b"own"
    assert content(packed.path, "b") == b"content"


def test_long_names_and_other_letters_survive(tmp_path: Path) -> None:
    name = "d/" * 40 + "ä" * 120
    packed = compose(tar(tmp_path / "t", ("f", name, "x")), tmp_path / "l", remove=[], entries=[], epoch=EPOCH)
    assert name in unpacked(packed.path)


def test_what_is_trimmed_and_what_stays() -> None:
    gone, gone_distroless = matcher(TRIM), matcher(TRIM_DISTROLESS)
    for path in ("var/cache/ldconfig/aux-cache", "var/log/dpkg.log", "etc/resolv.conf", "etc/apt/sources.list.d/0000debian.sources", "dev/null"):
        assert gone(path), path
    for path in ("usr/share/doc/libc6/copyright", "etc/ssl/certs", "var/lib/dpkg/status", "usr/share/zoneinfo/UTC", "tmp", "run"):
        assert not gone(path), path
    assert gone_distroless("var/lib/dpkg/status")
    assert not gone_distroless("var/lib/dpkg/status.d/libc6")


@pytest.mark.parametrize("text", ["root", "0", "a:b", "1:", ":1", "-1:0"])
def test_owners_are_numbers(text: str) -> None:
    with pytest.raises(InvalidInput):
        owner(text)
    assert owner("65532:0") == (65532, 0)
