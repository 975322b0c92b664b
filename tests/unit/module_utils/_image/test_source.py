# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._image import machine, source

DATE = "2026-01-02T03:04:05Z"
EPOCH = 1767323045


def git(path: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in (("NAME", "n"), ("EMAIL", "e@x"), ("DATE", DATE))}
    settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    env = {**os.environ, **who, **settings}
    return subprocess.run(["git", "-C", str(path), *arguments], check=True, capture_output=True, text=True, env=env).stdout.strip()


@pytest.fixture
def service(tmp_path: Path) -> Path:
    repository = tmp_path / "repository"
    folder = repository / "services" / "hello"
    folder.mkdir(parents=True)
    git(repository, "init", "-q", "-b", "main")
    (folder / "app.py").write_text("print(1)\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o700)
    (folder / "link").symlink_to("app.py")
    (folder / ".gitignore").write_text("*.log\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "one")
    return folder


def test_a_clean_folder_is_named_by_the_last_commit_that_touched_it(service: Path) -> None:
    first = source.identify(service, "Containerfile")
    assert first.tag == f"sha-{git(service, 'rev-parse', 'HEAD')[:12]}"
    assert (first.epoch, first.dirty) == (EPOCH, False)
    (service.parent / "other.txt").write_text("x")
    git(service.parent, "add", ".")
    git(service.parent, "commit", "-q", "-m", "elsewhere")
    assert source.identify(service, "Containerfile") == first
    (service / "app.py").write_text("print(2)\n")
    git(service, "commit", "-q", "-am", "here")
    second = source.identify(service, "Containerfile")
    assert second.tag != first.tag
    assert second.content != first.content


@pytest.mark.parametrize("change", ["edit", "add", "delete", "mode"])
def test_a_folder_that_differs_from_its_commit_is_named_by_content(service: Path, change: str) -> None:
    clean = source.identify(service, "Containerfile")
    if change == "edit":
        (service / "app.py").write_text("print(3)\n")
    elif change == "add":
        (service / "new.py").write_text("")
    elif change == "delete":
        (service / "app.py").unlink()
        (service / "link").unlink()
    else:
        (service / "app.py").chmod(0o755)
    dirty = source.identify(service, "Containerfile")
    assert dirty.dirty
    assert dirty.tag == f"dirty-{dirty.content[:12]}"
    assert dirty.content != clean.content
    assert dirty.epoch == clean.epoch


def test_what_git_ignores_changes_nothing(service: Path) -> None:
    clean = source.identify(service, "Containerfile")
    (service / "debug.log").write_text("noise")
    assert source.identify(service, "Containerfile") == clean


def test_what_the_containerignore_leaves_out_changes_nothing(service: Path, tmp_path: Path) -> None:
    (service / "Containerfile").write_text("FROM scratch\n")
    (service / ".containerignore").write_text("*\n!app.py\n")
    git(service, "add", ".")
    git(service, "commit", "-q", "-m", "two")
    clean = source.identify(service, "Containerfile")
    assert clean.files == ("Containerfile", "app.py")
    (service / "README.md").write_text("words")
    assert source.identify(service, "Containerfile") == clean
    git(service, "add", ".")
    git(service, "commit", "-q", "-m", "three")
    assert source.identify(service, "Containerfile") == clean
    (service / "Containerfile").write_text("FROM scratch\nCOPY app.py /\n")
    assert source.identify(service, "Containerfile").dirty
    source.copy(clean, tmp_path / "copy")
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == ["Containerfile", "app.py"]


def test_the_copy_is_the_same_whatever_the_checkout_was_like(service: Path, tmp_path: Path) -> None:
    (service / "app.py").chmod(0o600)
    (service / "debug.log").write_text("noise")
    source.copy(source.identify(service, "Containerfile"), tmp_path / "copy")
    copied = tmp_path / "copy"
    assert sorted(p.name for p in copied.iterdir()) == [".gitignore", "app.py", "link", "run.sh"]
    assert (copied / "app.py").stat().st_mode & 0o777 == 0o644
    assert (copied / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (copied / "link").readlink() == Path("app.py")
    assert {int(p.lstat().st_mtime) for p in (copied, *copied.iterdir())} == {EPOCH}


def test_a_folder_that_is_not_there_or_not_in_git_or_not_committed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a folder"):
        source.identify(tmp_path / "none", "Containerfile")
    with pytest.raises(InvalidInput, match="is not in git"):
        source.identify(tmp_path, "Containerfile")
    git(tmp_path, "init", "-q")
    (tmp_path / "x").write_text("")
    with pytest.raises(InvalidInput, match="never been committed"):
        source.identify(tmp_path, "Containerfile")


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://user:planted-secret@git.example.org/a/b.git", "https://git.example.org/a/b.git"),
        ("ssh://git@git.example.org:22/a/b", "ssh://git.example.org:22/a/b"),
        ("git@git.example.org:a/b.git", "git@git.example.org:a/b.git"),
        ("/srv/git/b", ""),
        ("", ""),
    ],
)
def test_the_origin_is_named_without_credentials(service: Path, remote: str, expected: str) -> None:
    if remote:
        git(service, "remote", "add", "origin", remote)
    assert source.identify(service, "Containerfile").url == expected


def test_only_ways_to_reach_an_index_get_into_a_build() -> None:
    listing = """\
:env:.cert='/etc/own/ca.pem'
:env:.find-links='/opt/wheels https://wheels.example.org/'
global.index-url='https://user:planted@index.example.org/simple'
global.extra-index-url='https://a.example.org\\nhttps://b.example.org'
install.no-deps='true'
user.target='/home/somebody'
global.default-timeout='180'
"""
    assert machine.pip_conf(listing) == (
        "[global]\n"
        f"cert = {machine.BUNDLE_INSIDE}\n"
        "timeout = 180\n"
        "disable-pip-version-check = true\n"
        "extra-index-url = https://a.example.org\n    https://b.example.org\n"
        "find-links = https://wheels.example.org/\n"
        "index-url = https://user:planted@index.example.org/simple\n"
    )


def test_without_settings_only_the_certificates_are_named() -> None:
    assert machine.pip_conf("").splitlines() == ["[global]", f"cert = {machine.BUNDLE_INSIDE}", "disable-pip-version-check = true"]


def test_the_bundle_is_the_one_that_the_machine_names(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    assert machine.bundle({"SSL_CERT_FILE": str(tmp_path / "none"), "PIP_CERT": str(bundle)}) == bundle
