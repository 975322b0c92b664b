# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of an image, and by whom: the predicates of our statements, and the facts that signed statements make.

A statement is an in-toto Statement v1 whose predicate type is ``https://slipway.platform/attestations/<type>/v1``. What counts is what a
trusted key signed: a fact is about the digests in the signed subjects, wherever the statement was found, and said by the owner of the
key, whatever the statement claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._records import moments

if TYPE_CHECKING:
    from ansible_collections.slipway.platform.plugins.module_utils._sign.attached import Signed

_PREFIX = "https://slipway.platform/attestations/"
_VERSION = "/v1"
# When somebody else's attestation was made, unless it says so: long ago, so that no limit of age is met by accident.
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# Fields of each type beside ``time`` and ``by``: what they hold, a question mark for those that may be left out.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "built": {"revision": "text", "source": "text", "builder": "text"},
    "tested": {"suite": "text", "passed": "flag"},
    "deployed": {"environment": "text", "release": "text"},
    "verified": {"environment": "text", "passed": "flag", "evidence": "text?"},
    "approved": {"environment": "text", "plan": "text", "expires": "moment"},
    "rejected": {"reason": "text", "environment": "text?"},
    "bypassed": {"environment": "text", "gates": "texts", "reason": "text", "expires": "moment"},
    "scanned": {"scanner": "text", "findings": "findings"},
    "promoted": {
        "environment": "text",
        "from": "text?",
        "plan": "text",
        "gates": "objects",
        "approvals": "objects",
        "before": "object",
        "after": "object",
    },
}
_FINDING = ("id", "severity", "package", "fixed")
# Attestations of others that a policy can ask for, by the beginning of their predicate type.
_FOREIGN = {
    "https://spdx.dev/Document": "sbom",
    "https://cyclonedx.org/bom": "sbom",
    "https://slsa.dev/provenance/": "provenance",
}


@dataclass(frozen=True)
class Fact:
    """Something that a trusted key said of a digest. ``by``: the name that the policy gives to the key; ``reference``: where it was found."""

    type: str
    digest: str
    environment: str
    time: datetime
    by: str
    predicate: Mapping[str, Any]
    reference: str


def predicate_type(name: str) -> str:
    return f"{_PREFIX}{name}{_VERSION}"


def predicate(name: str, fields: Mapping[str, Any], by: str, time: datetime) -> dict[str, Any]:
    """The predicate of a statement; ``InvalidInput`` names the field that is missing, unknown or of another kind."""
    known = FIELDS.get(name)
    if known is None:
        raise InvalidInput(f"{name!r} is not a type of statement: choose one of {', '.join(FIELDS)}")
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise InvalidInput(f"a statement {name!r} has no field {unknown[0]!r}; it has {', '.join(known)}")
    value = {field: content for field, content in fields.items() if content is not None}
    check(name, value)
    for field, kind in known.items():
        if kind == "moment":
            value[field] = moments.text(moments.parse(value[field]))
    return {**value, "by": by, "time": moments.text(time)}


def facts(signed: Iterable[Signed]) -> tuple[Fact, ...]:
    """The facts that these signed statements make, oldest first; those with a problem make none (see ``problems``)."""
    found = [fact for one in signed for fact in _read(one) if isinstance(fact, Fact)]
    return tuple(sorted(found, key=lambda fact: (fact.time, fact.reference)))


def problems(signed: Iterable[Signed]) -> tuple[str, ...]:
    """Why statements that were found count for nothing."""
    return tuple(text for one in signed for text in _read(one) if isinstance(text, str))


def type_of(uri: str) -> str:
    """Our name of a predicate type; the type itself if we have none."""
    if uri.startswith(_PREFIX) and uri.endswith(_VERSION):
        return uri.removeprefix(_PREFIX).removesuffix(_VERSION)
    return next((name for start, name in _FOREIGN.items() if uri.startswith(start)), uri)


def _read(signed: Signed) -> Iterator[Fact | str]:
    where = str(signed.reference)
    if signed.problem or signed.statement is None:
        yield f"{where}: {signed.problem or 'no statement'}"
        return
    statement, name = signed.statement, type_of(signed.statement.predicate_type)
    try:
        time = _moment(name, statement.predicate, signed.signer)
    except InvalidInput as error:
        yield f"{where}: {error.message}"
        return
    environment = str(statement.predicate.get("environment") or "") if name in FIELDS else ""
    for subject in statement.subjects:
        yield Fact(name, str(subject.digest), environment, time, signed.signer, statement.predicate, where)


def _moment(name: str, value: Mapping[str, Any], signer: str) -> datetime:
    if name not in FIELDS:
        # SLSA provenance 1.0 is the one of them that says when: runDetails.metadata.finishedOn.
        details = value.get("runDetails")
        metadata = details.get("metadata") if isinstance(details, Mapping) else None
        finished = metadata.get("finishedOn") if isinstance(metadata, Mapping) else None
        return moments.parse(finished) if finished else LONG_AGO
    if value.get("by") != signer:
        raise InvalidInput(f"it claims to be by {value.get('by')!r} and is signed by {signer!r}: it counts for nobody")
    check(name, {field: content for field, content in value.items() if field not in ("by", "time")})
    return moments.parse(value.get("time"))


def check(name: str, value: Mapping[str, Any]) -> None:
    """Refuse fields of a wrong kind. Those that are not known are left alone: a later version may have more."""
    for field, kind in FIELDS[name].items():
        content = value.get(field)
        if content is None:
            if not kind.endswith("?"):
                raise InvalidInput(f"a statement {name!r} needs {field!r}")
            continue
        _check_kind(f"{field!r} of a statement {name!r}", kind.rstrip("?"), content)


def _check_kind(what: str, kind: str, value: Any) -> None:
    right = {
        "text": lambda: isinstance(value, str) and bool(value),
        "flag": lambda: isinstance(value, bool),
        "texts": lambda: _is_list(value) and bool(value) and all(isinstance(one, str) and one for one in value),
        "object": lambda: isinstance(value, Mapping),
        "objects": lambda: _is_list(value) and all(isinstance(one, Mapping) for one in value),
        "findings": lambda: _is_list(value) and all(isinstance(one, Mapping) and set(one) == set(_FINDING) for one in value),
    }
    shapes = {
        "text": "a text that is not empty",
        "flag": "true or false",
        "texts": "a list of texts with at least one",
        "object": "a dictionary",
        "objects": "a list of dictionaries",
        "findings": f"a list of dictionaries with {', '.join(_FINDING)}",
    }
    if kind == "moment":
        moments.parse(value, what)
    elif not right[kind]():
        raise InvalidInput(f"{what} must be {shapes[kind]}, and is {value!r}")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
