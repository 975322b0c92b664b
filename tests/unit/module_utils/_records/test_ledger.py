# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, Conflict, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._records import ledger, moments, statements
from ansible_collections.slipway.platform.plugins.module_utils._sign import dsse
from ansible_collections.slipway.platform.plugins.module_utils._sign.keys import KeyFile
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import PAYLOAD_TYPE, Statement, Subject, encode
from cryptography.hazmat.primitives.asymmetric import ec

CI, MALLORY = (KeyFile(name, ec.generate_private_key(ec.SECP256R1())) for name in ("ci", "mallory"))
TRUST = dsse.Trust({"ci": CI.public_key})
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def envelope(number: int, signer: KeyFile = CI, **predicate: Any) -> bytes:
    said: dict[str, Any] = {"environment": "prod", "by": "ci", "time": moments.text(START + timedelta(minutes=number)), "after": {"service": "hello"}}
    said |= {"plan": "sha256:1", "gates": [], "approvals": [], "before": {}} | predicate
    subject = Subject("hello", Digest.of(str(number).encode()))
    return dsse.envelope(PAYLOAD_TYPE, encode(Statement(statements.predicate_type("promoted"), (subject,), said)), signer)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with five lines."""
    found = tmp_path / "prod/ledger.jsonl"
    for number in range(3):
        ledger.append(found, [envelope(number)])
    ledger.append(found, [envelope(3), envelope(4)])
    return found


def test_lines_follow_each_other_and_are_signed(path: Path) -> None:
    verified = ledger.verify(path, TRUST, "prod")
    assert (verified.line, verified.problem) == (0, "")
    assert [record.sequence for record in verified.records] == [1, 2, 3, 4, 5]
    assert [record.digest for record in verified.records] == [str(Digest.of(str(n).encode())) for n in range(5)]
    assert {record.signer for record in verified.records} == {"ci"}
    assert verified.head == json.loads(path.read_bytes().splitlines()[-1])["hash"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_no_ledger_is_one_without_lines(tmp_path: Path) -> None:
    verified = ledger.verify(tmp_path / "ledger.jsonl", TRUST)
    assert (verified.records, verified.head, verified.problem) == ((), "", "")


def test_one_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").mkdir()
    with pytest.raises(SlipwayError, match="cannot be read: Is a directory"):
        ledger.verify(tmp_path / "ledger.jsonl", TRUST)


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[list[bytes]], list[bytes]]:
    """Change the third line and give it, as a forger would, the hash that fits."""

    def apply(lines: list[bytes]) -> list[bytes]:
        value = json.loads(lines[2])
        change(value)
        content = {name: value[name] for name in ("sequence", "previous", "envelope")}
        value["hash"] = Digest.of(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hex
        return [*lines[:2], json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n", *lines[3:]]

    return apply


def put(new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return edit(lambda value: value.update(envelope=json.loads(new)))


def changed_payload(value: dict[str, Any]) -> None:
    payload = json.loads(base64.b64decode(value["envelope"]["payload"]))
    payload["predicate"]["by"] = "eve"
    value["envelope"]["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()


TAMPERED: Mapping[str, tuple[Callable[[list[bytes]], list[bytes]], int, str]] = {
    "the first line removed": (lambda lines: lines[1:], 1, "does not follow"),
    "a line removed": (lambda lines: lines[:2] + lines[3:], 3, "does not follow the line before: one was removed, added or moved"),
    "lines swapped": (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], 2, "does not follow"),
    "a line twice": (lambda lines: [*lines[:3], lines[2], *lines[3:]], 4, "does not follow"),
    "a byte changed": (lambda lines: [*lines[:2], lines[2].replace(b'"sequence":3', b'"sequence":4'), *lines[3:]], 3, "its content was changed"),
    "not JSON": (lambda lines: [*lines[:2], b"{}\n", *lines[3:]], 3, "not a line of a ledger"),
    "an empty line": (lambda lines: [*lines[:2], b"\n", *lines[2:]], 3, "not a line of a ledger"),
    "something beside": (lambda lines: [*lines[:2], lines[2].replace(b"{", b'{"more":1,', 1), *lines[3:]], 3, "written in another way"),
    "cut short": (lambda lines: [*lines[:4], lines[4][:-20]], 5, "it was cut off"),
    "content changed, hash made to fit": (edit(changed_payload), 3, "does not verify"),
    "signed by a stranger": (put(envelope(2, MALLORY)), 3, "none of the trusted ones"),
    "somebody else's name": (put(envelope(2, by="ada")), 3, "claims to be by 'ada' and is signed by 'ci'"),
    "of another environment": (put(envelope(2, environment="dev")), 3, "it is about 'dev'; this is the ledger of 'prod'"),
    "without what a record says": (put(envelope(2, after=3)), 3, "'after' of a statement 'promoted' must be a dictionary"),
    "older than the one before": (put(envelope(0)), 3, "it is older than the line before it"),
    "a replaced line, validly signed": (put(envelope(2, after={})), 4, "does not follow"),
}


@pytest.mark.parametrize(("tamper", "line", "problem"), TAMPERED.values(), ids=TAMPERED)
def test_the_first_line_that_is_wrong_is_named(path: Path, tamper: Callable[[list[bytes]], list[bytes]], line: int, problem: str) -> None:
    path.write_bytes(b"".join(tamper(path.read_bytes().splitlines(keepends=True))))
    verified = ledger.verify(path, TRUST, "prod")
    assert (verified.line, len(verified.records)) == (line, line - 1)
    assert problem in verified.problem


@pytest.mark.parametrize("position", range(0, 2000, 97))
def test_no_byte_can_be_changed(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 1
    path.write_bytes(data)
    assert ledger.verify(path, TRUST, "prod").line


def test_nothing_is_added_to_a_broken_chain(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[1:]))
    with pytest.raises(Conflict, match=r"line 1: it does not follow the line before.*nothing was added"):
        ledger.append(path, [envelope(9)])
    assert path.read_bytes() == b"".join(lines[1:])


def test_what_a_killed_run_left_is_put_aside(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"sequence":6,"prev')
    ledger.append(path, [envelope(5)])
    assert ledger.verify(path, TRUST).head
    assert path.read_bytes().startswith(whole)
    assert path.with_name("ledger.jsonl.torn").read_bytes() == b'{"sequence":6,"prev'


def test_many_at_once_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    threads = [threading.Thread(target=ledger.append, args=(path, [envelope(0), envelope(0)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.verify(path, TRUST).records) == 16


def test_a_run_that_holds_it_is_waited_for_and_then_named(path: Path) -> None:
    import fcntl

    ticks = iter(range(100))
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="another run writes to"):
            ledger.append(path, [envelope(5)], clock=lambda: float(next(ticks)), sleep=lambda _: None)
