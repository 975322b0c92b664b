# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a policy: what a new user gets wrong, what goes into its digest, and that the examples and the guide are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates.policy import _digest, check_text, load
from ansible_collections.slipway.platform.plugins.module_utils._gates.schema import POLICY
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jsonschema import Draft202012Validator
from support.schema import check_expectations, check_published

TEXT = """environment: prod
from: stage
keys:
  ci: ci.pub
  alice: alice.pub
  bob: bob.pub
versions: {scheme: semver, accept: [release]}
gates:
  verified: {by: [ci]}
  soak: 24h
  signatures: {by: [ci]}
  approvals: {quorum: 2, from: [alice, bob]}
  attestations:
    - {type: scanned, severity: low, max_age: 48h}
  windows:
    zone: Europe/Berlin
    allow:
      - {days: [mon-fri], from: 22:00, to: 06:00}
    deny:
      - {first: 2026-12-24, last: 2026-12-26}
stop: {reason: incident, by: alice, since: 2026-12-01T10:00:00Z}
bypass: {from: [alice], longest: 4h}
"""


def public_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ci", "alice", "bob"):
        (tmp_path / f"{name}.pub").write_bytes(public_key())
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.yml"
    path.write_text(text)
    return path


def problems(text: str) -> list[str]:
    return [str(problem) for problem in check_text(text, "policy.yml")[1]]


def test_it_is_read(folder: Path) -> None:
    found = load(write(folder, TEXT))
    assert (found.environment, found.upstream_name) == ("prod", "stage")
    assert found.keys == {name: str(folder / f"{name}.pub") for name in ("ci", "alice", "bob")}
    assert found.verified is not None
    assert found.verified.by == {"ci"}
    assert found.approvals is not None
    assert found.approvals.people == {"alice", "bob"}
    assert found.attestations is not None
    assert found.attestations.required[0].by == {"ci", "alice", "bob"}
    assert re.fullmatch("sha256:[0-9a-f]{64}", found.digest)


def test_without_gates_there_are_few(folder: Path) -> None:
    found = load(write(folder, "environment: dev\nkeys: {ci: ci.pub}\ngates: {}\n"))
    assert [found.verified, found.soak, found.windows, found.approvals, found.signatures, found.attestations, found.stop] == [None] * 7
    assert found.bypass.people == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("soak: 24h", "sok: 24h", "policy.yml:10:3: gates.sok: unknown key; did you mean `soak`?"),
        ("soak: 24h", "freeze: 24h", "policy.yml:10:3: gates.freeze: unknown key; write it as a window that denies"),
        ("soak: 24h", "canary: 24h", "policy.yml:10:3: gates.canary: unknown key; known here: approvals, attestations, rejected, signatures, soak"),
        ("soak: 24h", "soak: 24", 'policy.yml:10:9: gates.soak: is a number, not a text; write it in quotes: "24"'),
        ("soak: 24h", "soak: 1 day", "policy.yml:10:9: gates.soak: `1 day` is not a length of time: a whole number and m, h, d or w"),
        ("environment: prod", "enviroment: prod", "policy.yml:1:1: enviroment: unknown key; did you mean `environment`?"),
        ("from: stage", "from: prod", "policy.yml:2:7: from: is the environment itself"),
        ("from: stage\n", "", "policy.yml:8:3: gates.verified: looks at the environment before, and `from` names none"),
        ("verified: {by: [ci]}", "verified: {by: [cii]}", "policy.yml:9:19: gates.verified.by[0]: `cii` has no key; did you mean `ci`?"),
        ("verified: {by: [ci]}", "verified:", "policy.yml:9:12: gates.verified: is empty, not a map of keys; it takes {} or a map of by and max_age"),
        ("from: [alice, bob]", "from: [alice, bib]", "gates.approvals.from[1]: `bib` has no key; did you mean `bob`?"),
        ("quorum: 2", "quorum: 3", "policy.yml:12:23: gates.approvals.quorum: can't be reached by 2"),
        ("quorum: 2", "quorum: 0", "gates.approvals.quorum: `0` is not a whole number from 1 to 100"),
        ("bypass: {from: [alice]", "bypass: {from: [eve]", "bypass.from[0]: `eve` has no key; known here: alice, bob, ci"),
        ("bob: bob.pub", "bob: alice.pub", "policy.yml:6:8: keys.bob: is the key of alice already; one person is one name"),
        ("zone: Europe/Berlin", "zone: Europe/Berlim", "policy.yml:16:11: gates.windows.zone: `Europe/Berlim` is no time zone; did you mean `Europe/Berlin`?"),
        ("zone: Europe/Berlin", "zone: CEST", "policy.yml:16:11: gates.windows.zone: `CEST` is no time zone"),
        ("days: [mon-fri]", "days: [monday]", "policy.yml:18:17: gates.windows.allow[0].days[0]: `monday` is not mon, tue, wed"),
        ("from: 22:00", "from: 25:00", "policy.yml:18:33: gates.windows.allow[0].from: `25:00` is not a time of day"),
        ("from: 22:00, to: 06:00", "from: 22:00, to: 22:00", "gates.windows.allow[0].to: begins when it ends"),
        ("first: 2026-12-24", "first: 2026-02-30", "policy.yml:20:17: gates.windows.deny[0].first: `2026-02-30` is no date or time that exists"),
        ("last: 2026-12-26", "last: 2026-12-23", "policy.yml:20:35: gates.windows.deny[0].last: ends on 2026-12-23 before it begins on 2026-12-24"),
        ("first: 2026-12-24, last: 2026-12-26", "name: x", "policy.yml:20:9: gates.windows.deny[0]: says no time; write days, from and to; or first and last"),
        ("first: 2026-12-24, last", "days: [mon], last", "gates.windows.deny[0]: says several things at once (days, last); write days"),
        ("last: 2026-12-26", "duration: 1h", "gates.windows.deny[0].duration: has no meaning beside first; known there: first, last"),
        ("first: 2026-12-24, last: 2026-12-26", 'cron: "0 0 * * *"', "gates.windows.deny[0]: `duration` is missing"),
        ("first: 2026-12-24, last: 2026-12-26", 'cron: "0 0 * *", duration: 1h', "gates.windows.deny[0].cron: `0 0 * *` has 4 fields"),
        ("first: 2026-12-24, last: 2026-12-26", "rrule: FREQ=DALY, start: 2026-01-01T00:00, duration: 1h", "gates.windows.deny[0].rrule: FREQ is `DALY`"),
        ("first: 2026-12-24, last: 2026-12-26", "rrule: FREQ=DAILY, duration: 1h", "gates.windows.deny[0]: `start` is missing"),
        ("first: 2026-12-24, last: 2026-12-26", "cron: 0 0 * * *, days: [mon], duration: 1h", "gates.windows.deny[0]: says several things at once"),
        (
            "type: scanned, severity: low",
            "type: scaned, severity: low",
            "gates.attestations[0].type: `scaned` is no type of attestation; did you mean `scanned`?",
        ),
        ("severity: low, ", "", "policy.yml:14:7: gates.attestations[0]: `severity` is missing"),
        ("severity: low", "severity: hihg", "gates.attestations[0].severity: `hihg` is not one of none, low, medium, high, critical; did you mean `high`?"),
        ("type: scanned", "type: tested", "gates.attestations[0].severity: has no meaning for tested; it is for scanned"),
        ("type: scanned, severity: low", "type: sbom", "gates.attestations[0].max_age: can't be asked of an SBOM"),
        ("scheme: semver", "scheme: semvar", "versions.scheme: `semvar` is not one of semver, calver; did you mean `semver`?"),
        ("scheme: semver", "format: YYYY.MM", "versions.format: is for calendar versions; write scheme: calver"),
        ("scheme: semver", "scheme: calver, format: YYYY.MN", "versions.format: `MN` is no part of a calendar version"),
        ("accept: [release]", "accept: [relase]", "versions.accept[0]: `relase` is not one of commit, rc, release; did you mean `release`?"),
        ("2026-12-01T10:00:00Z", "2026-12-01", "stop.since: `2026-12-01` is not a moment with its offset from UTC"),
        ("2026-12-01T10:00:00Z", "2026-13-01T10:00:00Z", "stop.since: `2026-13-01T10:00:00Z` is no date or time that exists"),
        (TEXT, "", "policy.yml:1:1: is empty; start with `environment: prod`"),
        ("soak: 24h", "soak: 24h\n  soak: 1h", "policy.yml:11:3: gates.soak: is written twice, first on line 10"),
    ],
)
def test_what_a_new_user_gets_wrong(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    found = problems(TEXT.replace(old, new, 1))
    assert any(problem in entry for entry in found), found
    assert len(found) <= 3


def test_all_problems_at_once(folder: Path) -> None:
    text = TEXT.replace("zone: Europe/Berlin", "zone: Mars").replace("[ci]", "[cy]").replace("quorum: 2", "quorum: 9")
    with pytest.raises(InvalidInput) as error:
        load(write(folder, text))
    assert error.value.message.startswith(f"4 problems in {folder}/policy.yml:\n")


def test_a_date_that_does_not_exist_is_told(folder: Path) -> None:
    assert any("is no date or time that exists" in entry for entry in problems(TEXT.replace("2026-12-26", "2026-12-32")))


# --- files and keys


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"policy.yml:1:1: there is no such file; every environment that is promoted to has a policy.yml"):
        load(tmp_path / "policy.yml")


def test_a_key_that_is_not_there(folder: Path) -> None:
    (folder / "bob.pub").unlink()
    with pytest.raises(InvalidInput) as error:
        load(write(folder, TEXT))
    assert (
        f"policy.yml:6:8: keys.bob: the public key {folder}/bob.pub cannot be read: No such file or directory; put their public key there"
        in error.value.message
    )


@pytest.mark.parametrize("kind", ["rubbish", "rsa", "private"])
def test_a_key_of_another_kind(folder: Path, kind: str) -> None:
    planted = b"-----BEGIN PRIVATE KEY-----\nplanted-s3cret\n-----END PRIVATE KEY-----\n"
    rsa_key = rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "bob.pub").write_bytes({"rubbish": b"hello", "rsa": rsa_key, "private": planted}[kind])
    with pytest.raises(InvalidInput) as error:
        load(write(folder, TEXT))
    assert "policy.yml:6:8: keys.bob: " in error.value.message
    assert "planted-s3cret" not in f"{error.value.message}{error.value.facts}"


def test_one_key_under_two_names(folder: Path) -> None:
    """Also if the files differ in what does not matter."""
    (folder / "bob.pub").write_bytes(b"comment\n" + (folder / "alice.pub").read_bytes() + b"\n")
    with pytest.raises(InvalidInput, match=r"keys.bob: is the same key as that of alice; one person is one name"):
        load(write(folder, TEXT))


# --- the digest


def test_the_digest_is_of_what_it_says(folder: Path) -> None:
    first = load(write(folder, TEXT)).digest
    spelled = (
        TEXT.replace("soak: 24h", "soak: '24h'   # a day")
        .replace("[alice, bob]", "\n    - alice\n    - bob\n  ")
        .replace("quorum: 2, from:", "quorum: 2, from:")
    )
    reordered = "\n".join(sorted(TEXT.split("\nkeys:")[0].split("\n"), reverse=True)) + "\nkeys:" + TEXT.split("\nkeys:")[1]
    assert load(write(folder, reordered)).digest == first
    assert (
        load(write(folder, spelled.replace("approvals: {quorum: 2, from: \n    - alice\n    - bob\n  }", "approvals: {quorum: 2, from: [alice, bob]}"))).digest
        == first
    )


@pytest.mark.parametrize(
    ("old", "new"), [("soak: 24h", "soak: 23h"), ("[alice, bob]", "[bob, alice, ci]"), ("longest: 4h", "longest: 5h"), ("2026-12-26", "2026-12-27")]
)
def test_every_change_changes_the_digest(folder: Path, old: str, new: str) -> None:
    assert load(write(folder, TEXT)).digest != load(write(folder, TEXT.replace(old, new))).digest


def test_another_key_changes_the_digest(folder: Path) -> None:
    first = load(write(folder, TEXT)).digest
    (folder / "bob.pub").write_bytes(public_key())
    assert load(write(folder, TEXT)).digest != first


def test_a_digest_is_the_same_in_every_version() -> None:
    """Approvals are bound to plans, and plans to this: other bytes for the same policy would make all of them worthless."""
    data = {"gates": {"soak": "24h", "approvals": {"quorum": 2, "from": ["ada", "Zoë"]}}, "environment": "prod"}
    written = _digest(data, {"Zoë": "SHA256:b", "ada": "SHA256:a"})
    assert written == "sha256:d163f434a145d260efe8c8087984b67a17ec4b273d8c7498b1745385b4d82000"


def test_where_a_key_lies_does_not_matter(folder: Path) -> None:
    first = load(write(folder, TEXT)).digest
    (folder / "keys").mkdir()
    (folder / "bob.pub").rename(folder / "keys/robert.pub")
    assert load(write(folder, TEXT.replace("bob.pub", "keys/robert.pub"))).digest == first


# --- the schema, the guide, the examples


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(POLICY)


def test_editors_get_the_same_schema(checkout: Path) -> None:
    check_published(POLICY, checkout / "docs/policy.schema.json")


def test_every_text_says_what_it_takes() -> None:
    check_expectations(POLICY, {"pattern", "minimum", "minLength"})


@pytest.mark.parametrize("environment", ["stage", "prod"])
def test_the_examples_are_right(checkout: Path, environment: str) -> None:
    path = checkout / "inventories" / environment / "policy.yml"
    document, found = check_text(path.read_text(), str(path))
    assert [str(problem) for problem in found] == []
    assert document is not None
    assert document.data["environment"] == environment


def test_the_guide_is_right(checkout: Path) -> None:
    text = (checkout / "docs/policy.md").read_text()
    whole, *parts = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert problems(whole) == []
    for part in parts:
        base = "environment: prod\nfrom: stage\nkeys: {ci: a, stage: s, alice: b, bob: c, carol: d}\n"
        assert problems(base + part + ("" if "gates:" in part else "gates: {}\n")) == []


def test_the_mistake_in_the_guide_is_told_so(checkout: Path) -> None:
    text = (checkout / "docs/policy.md").read_text()
    whole = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0]
    document, found = check_text(whole.replace("  approvals:", "  aprovals:"), "inventories/prod/policy.yml")
    assert document is not None
    assert [str(problem) for problem in found if f"\n{problem}\n" in text]


def test_the_guide_names_every_gate(checkout: Path) -> None:
    text = (checkout / "docs/policy.md").read_text()
    keys = [*POLICY["properties"]["gates"]["properties"], "stop", "bypass", "versions", "rollback", "records"]
    assert [key for key in keys if f"| `{key}`" not in text] == []
