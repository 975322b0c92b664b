# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of an environment: what was promoted into it, one line each, chained by hashes so that no line can be changed or left out.

``.slipway/<environment>/ledger.jsonl``, lines of canonical JSON:

    {"sequence": 1, "previous": "", "envelope": {DSSE}, "hash": "<SHA-256, hex>"}

``hash`` is over the line without it; ``previous`` is the hash of the line before. The envelope holds the signed ``promoted`` statement, which is
also attached to the digest in the registry: lines that were cut off at the end are missed there.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, Conflict, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import canonical
from ansible_collections.slipway.platform.plugins.module_utils._records import moments, statements
from ansible_collections.slipway.platform.plugins.module_utils._sign import dsse
from ansible_collections.slipway.platform.plugins.module_utils._sign import statement as in_toto

_LOCK_SECONDS = 10.0
_PAUSE = 0.05


@dataclass(frozen=True)
class Line:
    """A line whose hash is right. ``envelope`` as it was signed, byte for byte where it matters: its payload is in it."""

    sequence: int
    hash: str
    envelope: Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """A line whose signature is trusted, too."""

    sequence: int
    hash: str
    statement: in_toto.Statement
    signer: str

    @property
    def digest(self) -> str:
        return str(self.statement.subjects[0].digest)


@dataclass(frozen=True)
class Verified:
    """The records up to the first line that is wrong (``line``, counted from 1; 0 if none is), and what is wrong with it."""

    records: tuple[Record, ...]
    line: int = 0
    problem: str = ""
    torn: bool = False  # the problem is a last line that was cut off, as a killed run leaves it

    @property
    def head(self) -> str:
        """The hash of the last line; empty for a ledger without lines."""
        return self.records[-1].hash if self.records else ""


def append(
    path: Path, envelopes: Sequence[bytes], clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> tuple[Line, ...]:
    """Write one line for each DSSE envelope, all or none. ``Conflict`` if the chain is broken: nothing is added to it."""
    _files.make_private_folder(path.parent)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as handle:
        _lock(handle, path, clock() + _LOCK_SECONDS, clock, sleep)
        data = handle.read()
        whole = data[: data.rfind(b"\n") + 1]
        lines, problem = chain(whole)
        if problem:
            raise Conflict(f"{path}, line {len(lines) + 1}: {problem}; nothing was added. Restore it from a copy", ledger=str(path), line=len(lines) + 1)
        if len(whole) < len(data):  # a run was killed while it wrote; what it wrote was never called done
            _files.write(path.with_name(f"{path.name}.torn"), data[len(whole) :])
        fresh: list[Line] = []
        for envelope in envelopes:
            before = fresh[-1] if fresh else lines[-1] if lines else Line(0, "", {})
            fresh.append(_line(before.sequence + 1, before.hash, json.loads(envelope)))
        _write(handle, len(whole), b"".join(_encode(line, before) for line, before in _pairs(lines, fresh)))
    _sync_folder(path.parent)
    return tuple(fresh)


def chain(data: bytes) -> tuple[list[Line], str]:
    """The lines whose hashes hold, and what is wrong with the one after them (empty if nothing is)."""
    lines: list[Line] = []
    for raw in io.BytesIO(data):
        before = lines[-1] if lines else Line(0, "", {})
        try:
            value = json.loads(raw)
            line = _line(int(value["sequence"]), value["previous"], value["envelope"])
            held = value["hash"]
        except (ValueError, KeyError, TypeError):
            return lines, "it is not a line of a ledger" if raw.endswith(b"\n") else "it was cut off: a run ended while it wrote; record its plan again"
        if held != line.hash:
            return lines, "its content was changed: it does not have the hash that it names"
        if value["previous"] != before.hash or line.sequence != before.sequence + 1:
            return lines, "it does not follow the line before: one was removed, added or moved"
        if raw != _encode(line, before):
            return lines, "it is written in another way than lines of a ledger are"
        lines.append(line)
    return lines, ""


def verify(path: Path, trust: dsse.Trust, environment: str = "") -> Verified:
    """Check the chain and every signature, offline. A ledger that does not exist has no lines; one that cannot be read raises."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Verified(())
    except OSError as error:
        raise SlipwayError(f"the ledger {path} cannot be read: {error.strerror}", ledger=str(path)) from error
    lines, problem = chain(data)
    records: list[Record] = []
    for line in lines:
        try:
            records.append(_open(line, trust, environment, records[-1] if records else None))
        except SlipwayError as error:
            return Verified(tuple(records), line.sequence, error.message)
    torn = bool(problem) and not data.endswith(b"\n") and data.count(b"\n") == len(lines)
    return Verified(tuple(records), len(lines) + 1 if problem else 0, problem, torn)


def _open(line: Line, trust: dsse.Trust, environment: str, before: Record | None) -> Record:
    opened = dsse.open_envelope(canonical(line.envelope), trust)
    statement = in_toto.decode(opened.payload, opened.payload_type)
    if statements.type_of(statement.predicate_type) != "promoted" or len(statement.subjects) != 1:
        raise Conflict(f"it holds a statement of type {statement.predicate_type} about {len(statement.subjects)} digests; a ledger holds promotions of one")
    said = statement.predicate
    statements.check("promoted", said)
    if said.get("by") != opened.signer:
        raise Conflict(f"it claims to be by {said.get('by')!r} and is signed by {opened.signer!r}")
    if environment and said.get("environment") != environment:
        raise Conflict(f"it is about {said.get('environment')!r}; this is the ledger of {environment!r}")
    if before and moments.parse(said.get("time")) < moments.parse(before.statement.predicate.get("time")):
        raise Conflict("it is older than the line before it")
    return Record(line.sequence, line.hash, statement, opened.signer)


def _line(sequence: int, previous: str, envelope: Mapping[str, Any]) -> Line:
    content = {"sequence": sequence, "previous": previous, "envelope": envelope}
    return Line(sequence, hashlib.sha256(canonical(content)).hexdigest(), envelope)


def _encode(line: Line, before: Line) -> bytes:
    return canonical({"sequence": line.sequence, "previous": before.hash, "envelope": line.envelope, "hash": line.hash}) + b"\n"


def _pairs(lines: Sequence[Line], fresh: Sequence[Line]) -> list[tuple[Line, Line]]:
    first = lines[-1] if lines else Line(0, "", {})
    return list(zip(fresh, [first, *fresh], strict=False))


def _write(handle: IO[bytes], position: int, data: bytes) -> None:
    handle.seek(position)
    handle.truncate()
    handle.write(data)
    handle.flush()
    os.fsync(handle.fileno())


def _lock(handle: IO[bytes], path: Path, until: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock() >= until:
                raise Busy(f"another run writes to {path} for more than {_LOCK_SECONDS:.0f} s; wait until it ends", ledger=str(path)) from None
            sleep(_PAUSE)
        else:
            return


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
