# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key stores that openssl and Java's keytool wrote, and kubeconfigs."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import FilePart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import content, files, jks, kubeconfig, pkcs12
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption
from cryptography.hazmat.primitives.serialization import pkcs12 as writing
from support import pki
from support.programs import Run, runner

ROOT = pki.authority()
INTERMEDIATE = pki.authority("Test Intermediate", ROOT)
LEAF = pki.issue("web", INTERMEDIATE)
PASSWORD = "hunter2-and-a-half"


def parse(data: bytes, *passwords: str) -> content.Content:
    return content.parse(data, lambda: [password.encode() for password in passwords])


def codes(found: content.Content) -> list[str]:
    return [problem.code for problem in found.problems]


def subjects(found: content.Content) -> list[list[str]]:
    return [[certificate.subject.removeprefix("CN=") for certificate in chain.certificates] for chain in found.chains]


# --- PKCS#12

OLD = ("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "chain.pem").write_bytes(LEAF.pem + ROOT.pem + INTERMEDIATE.pem)
    (tmp_path / "key.pem").write_bytes(LEAF.key_pem)
    return tmp_path


@pytest.mark.parametrize("options", [(), OLD, ("-nomac",), ("-certpbe", "NONE", "-keypbe", "NONE")], ids=lambda options: " ".join(options) or "modern")
def test_pkcs12_of_openssl(folder: Path, openssl: Run, options: Sequence[str]) -> None:
    openssl("pkcs12", "-export", "-in", "chain.pem", "-inkey", "key.pem", "-name", "the web", "-out", "a.p12", "-passout", f"pass:{PASSWORD}", *options)
    found = parse((folder / "a.p12").read_bytes(), PASSWORD)
    assert (found.kind, subjects(found), [chain.alias for chain in found.chains]) == ("pkcs12", [["web", "Test Intermediate", "Test Root"]], ["the web"])
    assert [problem.code for problem in found.remarks] == (["legacy_encryption"] if options == OLD else [])


@pytest.mark.parametrize("options", [(), ("-legacy",)])
def test_pkcs12_without_a_key(folder: Path, openssl: Run, options: Sequence[str]) -> None:
    openssl("pkcs12", "-export", "-nokeys", "-in", "chain.pem", "-out", "a.p12", "-passout", "pass:", *options)
    found = parse((folder / "a.p12").read_bytes())
    assert sorted(subjects(found)) == [["Test Intermediate"], ["Test Root"], ["web"]]
    assert [chain.number for chain in found.chains] == [1, 2, 3]


def test_pkcs12_with_an_empty_password_and_with_none(folder: Path, openssl: Run) -> None:
    openssl("pkcs12", "-export", "-in", "chain.pem", "-inkey", "key.pem", "-out", "empty.p12", "-passout", "pass:")
    made = writing.serialize_key_and_certificates(b"web", LEAF.key, LEAF.x509, None, NoEncryption())
    for data in ((folder / "empty.p12").read_bytes(), made):
        for passwords in ((), (PASSWORD,)):
            assert subjects(parse(data, *passwords))[0][0] == "web"


def test_a_trust_store_of_java(folder: Path, keytool: Run) -> None:
    (folder / "root.pem").write_bytes(ROOT.pem)
    keytool("-importcert", "-noprompt", "-alias", "the-root", "-file", "root.pem", "-keystore", "trust.p12", "-storetype", "PKCS12", "-storepass", PASSWORD)
    found = parse((folder / "trust.p12").read_bytes(), PASSWORD)
    assert (subjects(found), found.chains[0].alias) == ([["Test Root"]], "the-root")


def modern(password: str = PASSWORD) -> bytes:
    return writing.serialize_key_and_certificates(b"web", LEAF.key, LEAF.x509, [INTERMEDIATE.x509], BestAvailableEncryption(password.encode()))


def test_a_wrong_password_is_told_apart_from_none_and_from_damage() -> None:
    data = modern()
    assert codes(parse(data)) == ["password_needed"]
    assert codes(parse(data, "wrong")) == ["wrong_password"]
    assert codes(parse(data, "wrong", PASSWORD)) == []
    for size in (*range(12, len(data) - 1, 97), len(data) - 1):
        assert codes(parse(data[:size], PASSWORD)) == ["damaged"], size
    assert codes(parse(data[:40] + b"\xff" + data[41:], PASSWORD)) in (["damaged"], ["wrong_password"])


def test_a_password_need_not_be_ascii() -> None:
    assert subjects(parse(modern("schlüssel-ключ"), "schlüssel-ключ")) == [["web", "Test Intermediate"]]


def test_rounds_are_counted_before_they_are_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs12, "_MOST_ROUNDS", 10_000)
    (problem,) = parse(modern(), PASSWORD).problems
    assert problem.code == "unsupported"
    assert "rounds; more than 10000 take too long" in problem.text
    unencrypted = writing.serialize_key_and_certificates(b"web", None, None, [ROOT.x509, LEAF.x509], NoEncryption())  # type: ignore[arg-type]
    assert len(parse(unencrypted).chains) == 2, "serial numbers are no rounds"


# --- Java key stores


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: each start of keytool takes a second."""
    folder = tmp_path_factory.mktemp("java")
    keytool, openssl = runner("keytool", folder), runner("openssl", folder)
    (folder / "chain.pem").write_bytes(LEAF.pem + ROOT.pem + INTERMEDIATE.pem)
    (folder / "key.pem").write_bytes(LEAF.key_pem)
    openssl("pkcs12", "-export", "-in", "chain.pem", "-inkey", "key.pem", "-name", "web", "-out", "a.p12", "-passout", f"pass:{PASSWORD}")
    (folder / "root.pem").write_bytes(ROOT.pem)
    for kind in ("JKS", "JCEKS"):
        to = ("-keystore", f"a.{kind.lower()}", "-storetype", kind, "-storepass", PASSWORD)
        if kind == "JCEKS":
            keytool("-genseckey", "-alias", "an-aes-key", "-keyalg", "AES", "-keysize", "256", "-keypass", PASSWORD, *to)
        keytool("-importkeystore", "-noprompt", "-srckeystore", "a.p12", "-srcstorepass", PASSWORD, "-destkeystore", *to[1:4], "-deststorepass", PASSWORD)
        keytool("-importcert", "-noprompt", "-alias", "the-root", "-file", "root.pem", *to)
        if kind == "JCEKS":
            keytool("-genseckey", "-alias", "zz-another", "-keyalg", "HmacSHA256", "-keysize", "256", "-keypass", PASSWORD, *to)
    return folder


@pytest.mark.parametrize("kind", ["jks", "jceks"])
def test_java_key_stores_are_read_without_a_password(java: Path, kind: str) -> None:
    data = (java / f"a.{kind}").read_bytes()
    for passwords, expected in (((), []), ((PASSWORD,), []), (("wrong",), ["wrong_password"])):
        found = parse(data, *passwords)
        assert {chain.alias: subjects(content.Content("", (chain,)))[0] for chain in found.chains} == {
            "web": ["web", "Test Intermediate", "Test Root"],
            "the-root": ["Test Root"],
        }
        assert (found.kind, codes(found)) == (kind, expected)
    assert (kind == "jceks") == any(not entry.chain for entry in jks.entries(data))
    for size in range(13, len(data), 131):
        cut = parse(data[:size], PASSWORD)
        assert codes(cut) == ["damaged"], size
        assert "wrong" not in cut.problems[0].text
    assert codes(parse(data[:4] + b"\0\0\0\x07" + data[8:])) == ["damaged"]


def test_rows_of_a_key_store_have_its_aliases(java: Path) -> None:
    path = java / "a.jks"
    rows = {found.name: found for found in files.collect([FilePart(str(path))], Request(), Context(environ={}))}
    assert set(rows) == {f"{path}#web", f"{path}#the-root"}
    assert rows[f"{path}#web"].labels == {"path": str(path), "alias": "web"}


# --- passwords of files


def look(path: Path, environ: dict[str, str] | None = None, **options: str) -> list[Found]:
    return list(files.collect([FilePart(str(path), **options)], Request(), Context(environ=environ or {})))


def test_passwords_come_from_a_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "a.p12"
    path.write_bytes(modern())
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    (by_file,) = look(path, password_file=str(tmp_path / "password"))
    (by_variable,) = look(path, {"STORE": PASSWORD}, password_variable="STORE")
    assert by_file.chain == by_variable.chain == (LEAF.facts, INTERMEDIATE.facts)
    (missing,) = look(path, password_file=str(tmp_path / "none"))
    assert missing.problems == (Problem("unreadable", f"its password should be in {tmp_path}/none: there is no such file"),)
    (unset,) = look(path, password_variable="STORE")
    assert unset.problems == (Problem("unreadable", "its password should be in the environment variable STORE, which is not set"),)


def test_a_password_is_not_asked_for_where_none_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(LEAF.pem)
    assert look(path, password_file=str(tmp_path / "none"))[0].problems == ()


# --- kubeconfigs


def config(**users: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "a", "cluster": {"server": "https://a.example.test", "certificate-authority-data": base64.b64encode(ROOT.pem).decode()}},
            {"name": "b", "cluster": {"server": "https://b.example.test", "certificate-authority": "../pki/ca.crt"}},
            {"name": "c", "cluster": {"server": "https://c.example.test", "insecure-skip-tls-verify": True}},
        ],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [{"name": "at-b", "context": {"cluster": "b", "user": "file"}}, {"name": "at-a", "context": {"cluster": "a", "user": "data"}}],
        "current-context": "at-a",
    }


USERS: dict[str, dict[str, Any]] = {
    "data": {"client-certificate-data": base64.b64encode(LEAF.pem + INTERMEDIATE.pem).decode(), "client-key-data": base64.b64encode(LEAF.key_pem).decode()},
    "file": {"client-certificate": "client.crt", "client-key": "client.key"},
    "both": {"client-certificate-data": base64.b64encode(LEAF.pem).decode(), "client-certificate": "none.crt"},
    "token": {"token": "a-secret-token"},
    "plug-in": {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"}},
    "old": {"username": "admin", "password": "hunter2"},
}


@pytest.mark.parametrize("write", [yaml.safe_dump, json.dumps, lambda each: json.dumps(each, indent=1)], ids=["yaml", "one line of json", "json"])
def test_a_kubeconfig(tmp_path: Path, write: Any) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki/ca.crt").write_bytes(INTERMEDIATE.pem + ROOT.pem)
    (home / "client.crt").write_bytes(LEAF.pem)
    (home / "config").write_text(write(config(**USERS)))
    rows = look(home / "config")
    assert [(found.name.removeprefix(f"{home}/"), found.chain) for found in rows] == [
        ("config cluster a", (ROOT.facts,)),
        ("config cluster b", (INTERMEDIATE.facts, ROOT.facts)),
        ("config user data", (LEAF.facts, INTERMEDIATE.facts)),
        ("config user file", (LEAF.facts,)),
        ("config user both", (LEAF.facts,)),
    ]
    assert rows[2].labels == {"path": str(home / "config"), "kind": "user", "key": "data"}
    assert not any(found.problems for found in rows)
    assert "secret" not in repr(rows)


def test_a_kubeconfig_with_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config(file=USERS["file"], broken={"client-certificate-data": "%%%"}, strange="a text")))  # type: ignore[arg-type]
    problems = {found.name.removeprefix(f"{path} "): found.problems for found in look(path) if found.problems}
    assert problems == {
        "cluster b": (Problem("missing", f"it names {tmp_path}/../pki/ca.crt: there is no such file"),),
        "user file": (Problem("missing", f"it names {tmp_path}/client.crt: there is no such file"),),
        "user broken": (Problem("damaged", "the certificate of its user broken is no base64"),),
    }
    path.write_text("kind: Config\nclusters: [\n")
    assert [found.problems for found in look(path)] == [(Problem("damaged", "it begins as a kubeconfig, and is no YAML"),)]


def test_the_references_of_one_context() -> None:
    data = yaml.safe_dump(config(**USERS)).encode()
    assert [(each.kind, each.name) for each in kubeconfig.references(data, "")] == [("cluster", "a"), ("user", "data")]
    assert [(each.kind, each.name) for each in kubeconfig.references(data, "at-b")] == [("cluster", "b"), ("user", "file")]
    assert kubeconfig.references(data, "nowhere") == []
