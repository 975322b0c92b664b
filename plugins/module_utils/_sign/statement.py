# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements about artifacts: in-toto Attestation Framework, Statement v1.

{"_type": ..., "subject": [{"name": ..., "digest": {"sha256": <hex>}}], "predicateType": <URI>, "predicate": {...}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import read_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
TYPE = "https://in-toto.io/Statement/v1"
# The predicate type under which cosign 3 stores an image signature: it says "signed", and nothing else.
IMAGE_SIGNATURE = "https://sigstore.dev/cosign/sign/v1"
# cosign attest still writes the older one; the fields are the same.
_TYPES = (TYPE, "https://in-toto.io/Statement/v0.1")


@dataclass(frozen=True)
class Subject:
    """What a statement is about: the digest decides, the name (a repository) is for readers."""

    name: str
    digest: Digest


@dataclass(frozen=True)
class Statement:
    """What is said (predicate, of a type that a URI names) about what (subjects)."""

    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: Mapping[str, Any]

    def is_about(self, digest: Digest) -> bool:
        return any(subject.digest == digest for subject in self.subjects)


def encode(statement: Statement) -> bytes:
    """Canonical JSON: the same statement is the same bytes."""
    value = {
        "_type": TYPE,
        "subject": [_subject(subject) for subject in statement.subjects],
        "predicateType": statement.predicate_type,
        "predicate": dict(statement.predicate),
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def decode(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> Statement:
    """A statement from the payload of an envelope. Raises ``InvalidInput``."""
    if payload_type != PAYLOAD_TYPE:
        raise InvalidInput(f"the payload is of type {payload_type!r} and not a statement ({PAYLOAD_TYPE})")
    value = read_json(payload, "the statement")
    if not isinstance(value, dict) or value.get("_type") not in _TYPES:
        raise InvalidInput(f"this is not an in-toto statement: its _type is not {TYPE}")
    kind, predicate, listed = value.get("predicateType"), value.get("predicate") or {}, value.get("subject")
    if not isinstance(kind, str) or not kind or not isinstance(predicate, dict) or not isinstance(listed, list):
        raise InvalidInput("the statement has no predicateType, or its predicate is no object, or its subject is no list")
    subjects = tuple(subject for entry in listed for subject in _subjects(entry))
    if not subjects:
        raise InvalidInput("the statement is about nothing: no subject has a sha256 or sha512")
    return Statement(kind, subjects, predicate)


def claimed_type(payload: bytes) -> str:
    """The predicate type that an unverified payload claims to have; empty if it is no statement. Good for sorting, never for believing."""
    try:
        value = read_json(payload, "the statement")
    except InvalidInput:
        return ""
    return str(value.get("predicateType") or "") if isinstance(value, dict) else ""


def _subject(subject: Subject) -> dict[str, Any]:
    digest = {"digest": {subject.digest.algorithm: subject.digest.hex}}
    return {"name": subject.name, **digest} if subject.name else digest


def _subjects(entry: Any) -> Iterator[Subject]:
    """One per digest of a kind that images have; a subject may be named by others too (gitCommit)."""
    if not isinstance(entry, dict) or not isinstance(entry.get("digest"), dict):
        raise InvalidInput("a subject of the statement has no digest")
    for algorithm in ("sha256", "sha512"):
        if algorithm in entry["digest"]:
            yield Subject(str(entry.get("name") or ""), Digest.parse(f"{algorithm}:{entry['digest'][algorithm]}"))
