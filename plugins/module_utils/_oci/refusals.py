# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry's refusal means (OCI distribution specification 1.1, "Error Codes"), as an error with a reason that programs can read."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response

UNAUTHORIZED = "unauthorized"
FORBIDDEN = "forbidden"
NOT_FOUND = "not_found"
TAG_CONFLICT = "tag_conflict"
DIGEST_MISMATCH = "digest_mismatch"
RATE_LIMITED = "rate_limited"
UNREACHABLE = "unreachable"
UNSUPPORTED_MANIFEST = "unsupported_manifest"
POLICY_REFUSED = "policy_refused"
INVALID = "invalid"
REFUSED = "refused"

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_MISSING = ("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN")
_IMMUTABLE = re.compile(r"immutable|already exists|cannot be (?:overwritten|updated)", re.IGNORECASE)


def error(host: str, response: Response, what: str, pause: float = 0.0) -> SlipwayError:
    """The error for an answer that is no success. ``facts``: host, status, codes, and the digests that it calls unknown as ``missing``."""
    listed = _read(response.body)
    codes = [str(one.get("code")) for one in listed]
    facts: dict[str, Any] = {"host": host, "status": response.status, "codes": codes}
    said = "; ".join(f"{one.get('code')} {one.get('message', '')}".strip() for one in listed[:3])
    message = f"could not {what}: {host} answered with status {response.status}" + (f": {said}" if said else "")
    if response.status in (401, 403):
        return Denied(f"{message}; check the credentials for this registry (auth_file, credentials) and what they may do", **facts)
    if response.status == 404 and "MANIFEST_BLOB_UNKNOWN" not in codes:
        return NotFound(f"{message}; is the name right, and was it pushed?" if {"MANIFEST_UNKNOWN", "NAME_UNKNOWN"} & set(codes) else message, **facts)
    if response.status == 429 or response.status >= 500:
        return Unreachable(f"{message}{_limit(response)}{_wait(response, pause)}", **facts)
    if any(code in _MISSING for code in codes):
        details = [json.dumps([one.get("detail"), one.get("message")]) for one in listed if one.get("code") in _MISSING]
        return SlipwayError(message, **facts, missing=sorted({digest for detail in details for digest in _DIGEST.findall(detail)}))
    if response.status in (409, 412) or _IMMUTABLE.search(said):
        return Conflict(message, **facts)
    return SlipwayError(message, **facts)


def _limit(response: Response) -> str:
    """What a registry says of its limit: ``100;w=21600`` is Docker Hub's way to say 100 in 6 hours."""
    limit, left = (response.header(f"ratelimit-{name}")[:40] for name in ("limit", "remaining"))
    return f"; {left} of its limit {limit or '(not said)'} are left" if left else ""


def _wait(response: Response, pause: float) -> str:
    return f"; it asks to wait {pause:.0f} s" if response.header("retry-after") or (response.status == 429 and response.header("ratelimit-reset")) else ""


def reason_of(problem: SlipwayError) -> str:
    """The reason code of an error."""
    status = problem.facts.get("status")
    if "reason" in problem.facts:
        return str(problem.facts["reason"])
    if isinstance(problem, Denied):
        return FORBIDDEN if status == 403 else UNAUTHORIZED
    if isinstance(problem, Unreachable):
        return RATE_LIMITED if status == 429 or (status == 503 and "asks to wait" in problem.message) else UNREACHABLE
    kinds = {NotFound: NOT_FOUND, Conflict: TAG_CONFLICT, InvalidInput: INVALID}
    return next((code for kind, code in kinds.items() if isinstance(problem, kind)), REFUSED)


def _read(body: bytes) -> list[dict[str, Any]]:
    try:
        return [one for one in json.loads(body)["errors"] if isinstance(one, dict)]
    except (ValueError, KeyError, TypeError):
        return []
