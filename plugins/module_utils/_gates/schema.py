# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON schema (draft 2020-12) of a policy; ``docs/policy.schema.json`` is written from it. What it can't say is in ``meaning``."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._document.schema import Schema, mapping, text, whole
from ansible_collections.slipway.platform.plugins.module_utils._gates.attestations import SEVERITIES
from ansible_collections.slipway.platform.plugins.module_utils._gates.bypass import SHUT
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import KINDS

DURATION = text("a length of time: a whole number and m, h, d or w, for example 90m, 24h or 7d", pattern=r"^[1-9][0-9]{0,3}[mhdw]$")
DATE = text("a date, for example 2026-12-24", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
MOMENT = text(
    "a moment with its offset from UTC, for example 2026-12-24T12:00:00Z",
    pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})$",
)
LOCAL = text("a local date and time, for example 2026-12-24T18:00", pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")
TIME = text("a time of day from 00:00 to 24:00", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")
DIGEST = text("a digest, for example sha256: and 64 of 0-9 and a-f", pattern=r"^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$")
NAME = text("a name", minLength=1, maxLength=200)
ENVIRONMENT = text("the name of an environment: 1 to 63 of a-z, 0-9 and -", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
DAY = text("mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri", pattern=f"^{_DAY}(-{_DAY})?$")
REASON = text("a reason", minLength=1)


def _list(items: Schema, expected: str, **more: object) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "x-expected": expected, **more}


NAMES = _list(NAME, "a list of names of keys")

# The key that makes a window what it is, and those that may stand beside it.
WINDOW_FORMS: dict[str, tuple[str, ...]] = {
    "weekly": ("days", "from", "to"),
    "dates": ("first", "last"),
    "cron": ("cron", "duration"),
    "rrule": ("rrule", "start", "duration"),
}
_WINDOW_HINTS: Schema = {"x-unknown": {"until": "write to (a time), last (a date) or duration", "timezone": "write zone"}}
_BESIDE = "it stands beside gates, not in it"
_GATE_HINTS: Schema = {
    "x-unknown": {
        "freeze": "write it as a window that denies: windows: {deny: [...]}",
        **dict.fromkeys(("stop", "bypass", "versions", "records"), _BESIDE),
    }
}
_VERIFIED: Schema = {"x-expected": "{} or a map of by and max_age"}
WINDOW = mapping(
    {
        "name": NAME,
        "zone": text("an IANA time zone, for example Europe/Berlin"),
        "days": _list(DAY, "a list of days: [mon-thu, sat]"),
        "from": TIME,
        "to": TIME,
        "first": DATE,
        "last": DATE,
        "cron": text('a cron expression, for example "0 22 * * sat"', minLength=1),
        "rrule": text('a recurrence rule (RFC 5545), for example "FREQ=MONTHLY;BYDAY=-1FR"', minLength=1),
        "start": LOCAL,
        "duration": DURATION,
    },
    **_WINDOW_HINTS,
)
_EXCEPTION = mapping({"id": NAME, "owner": NAME, "reason": REASON, "expires": DATE}, ("id", "owner", "reason", "expires"))
ATTESTATION = mapping(
    {
        "type": text("a type: built, tested, scanned, deployed, sbom, provenance, or the URI of a predicate", minLength=1),
        "by": NAMES,
        "max_age": DURATION,
        "suite": NAME,
        "scanner": NAME,
        "severity": {"enum": list(SEVERITIES)},
        "exceptions": {"type": "array", "items": _EXCEPTION, "x-expected": "a list of findings that are accepted for a time"},
    },
    ("type",),
)
_EVIDENCE = {"by": NAMES}
GATES = mapping(
    {
        "verified": mapping({**_EVIDENCE, "max_age": DURATION}, **_VERIFIED),
        "soak": DURATION,
        "upstream": mapping(_EVIDENCE),
        "windows": mapping({"zone": WINDOW["properties"]["zone"], "allow": _list(WINDOW, "a list of windows"), "deny": _list(WINDOW, "a list of windows")}),
        "approvals": mapping({"quorum": whole(1, 100), "from": NAMES, "valid": DURATION}, ("quorum", "from")),
        "signatures": mapping({**_EVIDENCE, "quorum": whole(1, 100)}),
        "attestations": _list(ATTESTATION, "a list of attestations, each with its type"),
        "rejected": _list(mapping({"digest": DIGEST, "reason": REASON, "by": NAME}, ("digest", "reason", "by")), "a list of digests"),
    },
    **_GATE_HINTS,
)

POLICY: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "policy.yml for Slipway: what a promotion to an environment needs",
    **mapping(
        {
            "environment": ENVIRONMENT,
            "from": ENVIRONMENT,
            "keys": {
                "type": "object",
                "propertyNames": {"pattern": r"^[A-Za-z0-9]([A-Za-z0-9._@+-]{0,98}[A-Za-z0-9])?$", "x-expected": "a name: letters, digits and . _ @ + -"},
                "additionalProperties": text("the path of a public key (PEM), from the folder of the policy", minLength=1),
                "minProperties": 1,
                "x-expected": "a map of names and paths of public keys",
            },
            "versions": mapping(
                {
                    "scheme": {"enum": ["semver", "calver"]},
                    "format": text("a format of calendar versions, for example YYYY.0M.MICRO", minLength=1),
                    "accept": _list({"enum": list(KINDS)}, f"a list of {', '.join(KINDS)}"),
                }
            ),
            "gates": GATES,
            "records": mapping({"by": NAMES}, ("by",)),
            "stop": mapping({"reason": REASON, "by": NAME, "since": MOMENT}, ("reason", "by", "since")),
            "bypass": mapping({"from": NAMES, "longest": DURATION, "also": _list({"enum": list(SHUT)}, f"a list of {', '.join(SHUT)}")}, ("from",)),
            "rollback": mapping({"skip": _list({"enum": ["windows", "approvals", "attestations"]}, "a list of windows, approvals, attestations")}, ("skip",)),
        },
        ("environment", "keys", "gates"),
    ),
}
