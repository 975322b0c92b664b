# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS was asked, one line per call, with nothing in it that is secret."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.core.model import ListShape, MapShape, OperationModel, Shape, StructureShape

MASK = "***"
_READ = re.compile(
    r"(Describe|List|Get|Head|Batch(Get|Check|Describe)|Lookup|Search|Simulate|Validate|Decode|Query|Scan|Select|Test|Check|Filter|Preview"
    r"|AssumeRole|Decrypt|Encrypt|ReEncrypt|Generate|Sign|Verify)(?![a-z])"
)
_SECRET = re.compile(r"password|secret(string|binary|key|access)|private.?key|plaintext|credential|user.?data|token", re.IGNORECASE)
_NO_SECRET = re.compile(
    r"(next|page|pagination|client|request|continuation)\w*token|token(validity|duration)|passwordlength|managemasteruserpassword", re.IGNORECASE
)
_NAMES = re.compile(r"(name|identifier|id|arn)$", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """``source``: who answered (moto, own, fault, simulator). ``error``: its code. ``resource``: what the operation is about, by name if it has one."""

    at: str
    service: str
    region: str
    account: str
    operation: str
    write: bool
    resource: str
    status: int
    error: str
    source: str
    parameters: dict[str, Any]
    milliseconds: float
    agent: str


def is_write(operation: str, parameters: dict[str, Any]) -> bool:
    """A dry run is none."""
    return not _READ.match(operation) and not parameters.get("DryRun")


def resource_of(operation: OperationModel, parameters: dict[str, Any]) -> str:
    """The operation's noun and the first parameter that reads as a name: "Cluster orders"; without any, the noun."""
    noun = re.sub(r"^[A-Z][a-z]+", "", operation.name) or operation.name
    shape = operation.input_shape
    required = shape.required_members if shape else []
    ordered = sorted(parameters, key=lambda key: key not in required)
    name = next((parameters[key] for key in ordered if _NAMES.search(key) and isinstance(parameters[key], str)), "")
    return f"{noun} {name}".strip()


def masked(value: Any, shape: Shape | None, name: str = "") -> Any:
    """JSON with a mask in place of everything that the model calls sensitive or whose name says that it is secret."""
    if shape is not None and shape.metadata.get("sensitive"):
        return MASK
    if isinstance(value, dict):
        inner = shape.members if isinstance(shape, StructureShape) else {}
        other = shape.value if isinstance(shape, MapShape) else None
        return {str(key): masked(each, inner.get(key, other), str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each, shape.member if isinstance(shape, ListShape) else None, name) for each in value]
    if _SECRET.search(name) and not _NO_SECRET.search(name) and not isinstance(value, bool | int | float):
        return MASK
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    return value.isoformat() if isinstance(value, datetime) else value


class Record:
    """The calls of a simulator, in order; ``path`` gets each as a line of JSON."""

    def __init__(self, path: Path | None = None) -> None:
        self.calls: list[Call] = []
        self.path = path

    def add(self, call: Call) -> None:
        self.calls.append(call)
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(call), default=str) + "\n")


def counts(calls: Iterable[Call]) -> Counter[str]:
    """Calls by "service Operation"."""
    return Counter(f"{call.service} {call.operation}" for call in calls)


def writes(calls: Iterable[Call]) -> dict[str, list[str]]:
    """Operations that write, by "service Noun name"; also those that AWS then refused, but none that a fault kept from it."""
    found: dict[str, list[str]] = {}
    for call in calls:
        if call.write and call.source in ("moto", "own"):
            found.setdefault(f"{call.service} {call.resource}", []).append(call.operation)
    return found
