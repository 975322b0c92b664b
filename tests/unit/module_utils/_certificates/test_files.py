# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as people have them, made by the programs that people make them with."""

from __future__ import annotations

import base64
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem, Threshold, Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import FilePart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import files
from support import pki
from support.pki import DAY, NOW
from support.programs import Run

ROOT = pki.authority()
INTERMEDIATE = pki.authority("Test Intermediate", ROOT)
LEAF = pki.issue("web", INTERMEDIATE, names=["web.example.test"])
OTHER = pki.issue("other", ROOT)


def look(path: Path | str, environ: dict[str, str] | None = None, **options: str) -> list[Found]:
    return list(files.collect([FilePart(str(path), **options)], Request(), Context(environ=environ or {})))


def written(folder: Path, content: bytes, name: str = "a.pem") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def one(path: Path | str, **options: str) -> Found:
    (found,) = look(path, **options)
    return found


def codes(found: Found) -> list[str]:
    return [problem.code for problem in found.problems]


def subjects(rows: list[Found]) -> list[list[str]]:
    return [[certificate.subject.removeprefix("CN=") for certificate in found.chain] for found in rows]


def test_a_file_of_a_server_is_one_row(tmp_path: Path) -> None:
    path = written(tmp_path, LEAF.key_pem + LEAF.pem + INTERMEDIATE.pem)
    found = one(path)
    assert (found.source, found.name, dict(found.labels), found.problems) == ("file", str(path), {"path": str(path)}, ())
    assert found.chain == (LEAF.facts, INTERMEDIATE.facts)


def test_a_list_of_roots_is_a_row_for_each(tmp_path: Path) -> None:
    path = written(tmp_path, ROOT.pem + LEAF.pem + INTERMEDIATE.pem + ROOT.pem + OTHER.pem)
    rows = look(path)
    assert [found.name for found in rows] == [f"{path}#1", f"{path}#2", f"{path}#5"]
    assert subjects(rows) == [["Test Root"], ["web", "Test Intermediate", "Test Root"], ["other"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("crlf.pem", LEAF.pem.replace(b"\n", b"\r\n")),
        ("text before.pem", b"Bag Attributes\n    friendlyName: web\nsubject=CN = web\n" + LEAF.pem),
        ("no newline at the end.pem", LEAF.pem.rstrip()),
        ("key first.pem", LEAF.key_pem + LEAF.pem),
        ("parameters.pem", b"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n" + LEAF.pem),
        ("old label.pem", LEAF.pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE")),
        ("byte order mark.pem", b"\xef\xbb\xbf" + LEAF.pem),
        ("of a windows shell.pem", LEAF.pem.decode().encode("utf-16")),
        ("one long line.pem", b"-----BEGIN CERTIFICATE-----" + base64.b64encode(LEAF.der) + b"-----END CERTIFICATE-----"),
        ("binary.der", LEAF.der),
        ("binary with a wrong name.pem", LEAF.der),
        ("binary without a name", LEAF.der),
    ],
)
def test_one_certificate_in_every_dress(tmp_path: Path, name: str, content: bytes) -> None:
    found = one(written(tmp_path, content, name))
    assert (found.chain, found.problems) == ((LEAF.facts,), ())


def test_certificates_that_follow_each_other_without_a_line_end(tmp_path: Path) -> None:
    assert one(written(tmp_path, LEAF.pem.rstrip() + INTERMEDIATE.pem.rstrip())).chain == (LEAF.facts, INTERMEDIATE.facts)


def test_openssl_writes_a_trusted_certificate(tmp_path: Path, openssl: Run) -> None:
    written(tmp_path, LEAF.pem)
    openssl("x509", "-in", "a.pem", "-trustout", "-addtrust", "serverAuth", "-out", "trusted.pem")
    assert b"TRUSTED" in (tmp_path / "trusted.pem").read_bytes()
    assert one(tmp_path / "trusted.pem").chain == (LEAF.facts,)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_pkcs7(tmp_path: Path, openssl: Run, form: str) -> None:
    written(tmp_path, LEAF.pem + INTERMEDIATE.pem)
    openssl("crl2pkcs7", "-nocrl", "-certfile", "a.pem", "-outform", form, "-out", "a.p7b")
    assert one(tmp_path / "a.p7b").chain == (LEAF.facts, INTERMEDIATE.facts)


def test_a_certificate_that_is_cut_off_is_said_and_the_others_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, OTHER.pem + LEAF.pem[:300] + b"\n" + ROOT.pem)
    read, whole = look(path)
    assert subjects([read]) == [["other", "Test Root"]]
    assert (whole.name, whole.problems) == (str(path), (Problem("damaged", "certificate 2 in it: it is cut off, or changed (no base64)"),))


@pytest.mark.parametrize(
    ("content", "code", "text"),
    [
        (b"", "no_certificate", "it is empty"),
        (b"<html>404</html>", "no_certificate", "it has no certificate (neither PEM, DER, PKCS#7, PKCS#12, JKS nor JCEKS)"),
        (LEAF.key_pem, "no_certificate", "it has no certificate, only PRIVATE KEY"),
        (LEAF.der[:200], "damaged", "binary, and"),
        (LEAF.pem[:200], "damaged", "certificate 1 in it: it is cut off"),
        (b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(b"\x30\x03\x02\x01\x05") + b"\n-----END CERTIFICATE-----\n", "damaged", "it is not a certificate"),
        (b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\5", "damaged", "it begins as a Java key store, and is cut off"),
        (b"\xff\xfe\xd8\xd8-----BEGIN ", "no_certificate", "it has no certificate"),
    ],
)
def test_what_was_named_and_is_no_certificate(tmp_path: Path, content: bytes, code: str, text: str) -> None:
    found = one(written(tmp_path, content))
    assert (found.chain, codes(found)) == ((), [code])
    assert text in found.problems[0].text


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "gone.pem").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.pem")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.pem"))
    with (tmp_path / "huge.pem").open("wb") as huge:
        huge.truncate(33 << 20)
    (tmp_path / "folder.pem").mkdir()
    expected = {
        "none.pem": ("missing", "there is no such file"),
        "gone.pem": ("missing", "it is a link to what is not there"),
        "pipe.pem": ("unreadable", "it is no file, but a pipe, a socket or a device"),
        "socket.pem": ("unreadable", "it can't be read: No such device or address"),
        "huge.pem": ("unreadable", "it is larger than 32 MiB, so it is no certificate"),
        "folder.pem": (
            "unreadable",
            f"it is a folder; write {tmp_path}/folder.pem/* for the files in it, {tmp_path}/folder.pem/** for those in its folders too",
        ),
    }
    for name, problem in expected.items():
        assert one(tmp_path / name).problems == (Problem(*problem),)


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that everybody may read, while the test is not root, who may read everything."""
    with tempfile.TemporaryDirectory() as name:
        folder, user = Path(name), os.geteuid()
        folder.chmod(0o777)
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)


def test_what_may_not_be_read_is_not_absent(nobody: Path) -> None:
    (nobody / "closed").mkdir()
    written(nobody / "closed", LEAF.pem)
    written(nobody, LEAF.pem, "secret.pem").chmod(0)
    (nobody / "closed").chmod(0)
    try:
        assert [codes(found) for found in look(nobody / "*.pem")] == [["unreadable"]]
        assert one(nobody / "secret.pem").problems == (Problem("unreadable", "it can't be read: Permission denied"),)
        for pattern in ("closed/*.pem", "**/a.pem", "*/*.pem"):
            named = [found for found in look(nobody / pattern) if found.name == str(nobody / "closed")]
            assert named
            assert all(found.problems == (Problem("unreadable", "this folder can't be looked into: Permission denied"),) for found in named)
        assert codes(one(nobody / "closed/a.pem")) == ["unreadable"]
    finally:
        (nobody / "closed").chmod(0o700)


# --- patterns


def test_patterns(tmp_path: Path) -> None:
    for name in ("a.pem", "b.crt", "x/c.pem", "x/y/d.pem", ".hidden.pem", ".dot/e.pem", "[odd].pem"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        written(tmp_path, LEAF.pem, name)
    (tmp_path / "link").symlink_to(tmp_path / "x")
    (tmp_path / "x/circle").symlink_to(tmp_path)

    def names(pattern: str) -> list[str]:
        return [found.name.removeprefix(f"{tmp_path}/") for found in look(tmp_path / pattern)]

    assert names("*.pem") == ["[odd].pem", "a.pem"]
    assert names("*") == ["[odd].pem", "a.pem", "b.crt"]
    assert names("**/*.pem") == ["[odd].pem", "a.pem", "x/c.pem", "x/y/d.pem"]
    assert names("**") == ["[odd].pem", "a.pem", "b.crt", "x/c.pem", "x/y/d.pem"]
    assert names("**/d.pem") == ["x/y/d.pem"]
    assert names("*/c.pem") == ["link/c.pem", "x/c.pem"]
    assert names("x/[cd].pem") == ["x/c.pem"]
    assert names(".*/*.pem") == [".dot/e.pem"]
    assert names("[odd].pem") == ["[odd].pem"]
    assert names("?.[cp]*") == ["a.pem", "b.crt"]


def test_a_pattern_that_matches_nothing_is_unknown(tmp_path: Path) -> None:
    found = one(tmp_path / "*.pem")
    assert (found.name, codes(found)) == (f"{tmp_path}/*.pem", ["missing"])


def test_a_pattern_passes_over_what_was_never_meant(tmp_path: Path) -> None:
    written(tmp_path, LEAF.pem, "live.pem")
    written(tmp_path, LEAF.key_pem, "privkey.pem")
    written(tmp_path, b"this folder has keys and certificates", "README")
    written(tmp_path, b"<html>", "broken.crt")
    (tmp_path / "folder.pem").mkdir()
    rows = look(tmp_path / "*")
    assert {Path(found.name).name: codes(found) for found in rows} == {"live.pem": [], "broken.crt": ["no_certificate"]}


def test_a_part_has_thresholds_of_its_own(tmp_path: Path) -> None:
    limits = Thresholds(Threshold(1, 60), Threshold(1, 30))
    written(tmp_path, LEAF.pem)
    (found,) = files.collect([FilePart(f"{tmp_path}/*", thresholds=limits)], Request(), Context(environ={}))
    assert found.thresholds == limits


def test_a_link_that_is_swapped_shows_the_one_or_the_other(tmp_path: Path) -> None:
    small, large = written(tmp_path, LEAF.pem, "small"), written(tmp_path, LEAF.pem + INTERMEDIATE.pem + ROOT.pem, "large")
    link, over = tmp_path / "live.pem", threading.Event()
    link.symlink_to(small)

    def swap() -> None:
        while not over.is_set():
            for target in (large, small):
                (tmp_path / "next").symlink_to(target)
                (tmp_path / "next").replace(link)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        seen = {len(one(link).chain) for _ in range(500)}
    finally:
        over.set()
        swapping.join()
    assert seen <= {1, 3}


# --- secrets


def test_no_key_and_no_password_is_ever_shown(tmp_path: Path, openssl: Run) -> None:
    password = "hunter2-and-a-half"
    written(tmp_path, password.encode() + b"\n", "password")
    written(tmp_path, LEAF.key_pem + LEAF.pem + b"-----BEGIN CERTIFICATE-----\n" + LEAF.key_pem.splitlines()[1] + b"\n-----END CERTIFICATE-----\n")
    openssl("pkcs12", "-export", "-in", "a.pem", "-inkey", "a.pem", "-out", "a.p12", "-passout", "file:password")
    shown = repr([look(tmp_path / "a.pem"), look(tmp_path / "a.p12", password_file=str(tmp_path / "password")), look(tmp_path / "a.p12")])
    wrong = {"environ": {"P": "other-secret"}, "password_variable": "P"}
    shown += repr(look(tmp_path / "a.p12", **wrong))  # type: ignore[arg-type]
    assert "wrong_password" in shown
    for line in (*LEAF.key_pem.decode().splitlines()[1:-1], password, "other-secret"):
        assert line not in shown


# --- time


def test_five_thousand_files_are_read_in_order(tmp_path: Path) -> None:
    key = pki.new_key()
    contents = [pki.issue(f"host-{number}", ROOT, key=key, ends=NOW + number * DAY).pem for number in range(20)]
    for number in range(5000):
        (tmp_path / f"{number:04}.pem").write_bytes(contents[number % 20])
    rows = look(tmp_path / "*.pem")
    assert [found.chain[0].subject for found in rows[:21]] == [f"CN=host-{number % 20}" for number in range(21)]
    assert len(rows) == 5000
