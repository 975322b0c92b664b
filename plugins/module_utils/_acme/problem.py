# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a CA says when it refuses (RFC 8555 §6.7, RFC 9457), in its own words, and what to check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response

_ACME = "urn:ietf:params:acme:error:"
_KINDS: Mapping[str, type[SlipwayError]] = {
    "alreadyReplaced": Conflict,
    "accountDoesNotExist": NotFound,
    "externalAccountRequired": InvalidInput,
    "rejectedIdentifier": InvalidInput,
    "unsupportedIdentifier": InvalidInput,
    "invalidProfile": InvalidInput,
    "invalidContact": InvalidInput,
    "unsupportedContact": InvalidInput,
    "unauthorized": Denied,
    "userActionRequired": Denied,
}
_CHECKS = {
    "rateLimited": "wait, and try with the CA's staging directory first",
    "rejectedIdentifier": "the CA does not sign for this name",
    "unsupportedIdentifier": "the CA does not sign for names of this kind",
    "userActionRequired": "the CA has new terms; read and agree to them at the address in its text",
}
_OF_PROOFS = {
    "caa": "its CAA records must name this CA, or there must be none",
    "connection": "the name must lead to the server that answers, and its port 80 must be open to the CA",
    "dns": "its records must be there, and answered by every name server of the domain",
    "incorrectResponse": "what answers must be what this run put there: no other account, no cache, no redirect to another place",
    "tls": "the TLS of the server that answers is broken",
    "unauthorized": "what answers must be what this run put there: no other account, no cache, no old record",
}


def kind(problem: Mapping[str, Any]) -> str:
    """Its type without ACME's prefix."""
    return str(problem.get("type", "")).removeprefix(_ACME)


def told(problem: Mapping[str, Any], of_proof: bool = False) -> str:
    """The CA's own text, that of each name included, and what to check."""
    parts = [f"{problem.get('detail') or 'it says no more'} ({kind(problem) or 'no type'})"]
    for each in problem.get("subproblems") or ():
        parts.append(f"{(each.get('identifier') or {}).get('value', '?')}: {each.get('detail', '')} ({kind(each)})")
    check = (_OF_PROOFS if of_proof else _CHECKS).get(kind(problem))
    return "; ".join(parts) + (f". Check: {check}" if check else "")


def error(answer: Response, what: str, again: str = "") -> SlipwayError:
    """What an answer of 400 or more means. ``what``: what was asked for; ``again``: when the CA wants to be asked again."""
    try:
        problem = json.loads(answer.body)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return Unreachable(f"{what}: {answer.url} answers {answer.status}, and no ACME problem", status=answer.status, problem="")
    when = f"; it may be asked again at {again}" if again else ""
    found = _KINDS.get(kind(problem), Unreachable if answer.status >= 429 else Denied if answer.status in (401, 403) else InvalidInput)
    return found(f"{what}: the CA refuses: {told(problem)}{when}", status=answer.status, problem=kind(problem))
