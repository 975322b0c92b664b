# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an answer that is no success to the error tree.

Status objects: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.35/#status-v1-meta
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, Conflict, Denied, InvalidInput, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import Answer
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

_VERBS = {"GET": "reading", "PATCH": "applying", "POST": "creating", "DELETE": "deleting"}


_UNTYPED = "failed to create typed patch object"  # answered with status 500, but it is the manifest that does not fit the schema


_FOREIGN = "FieldManagerConflict"


def error_of(answer: Answer, method: str, what: str, host: str, secret: bool = False) -> SlipwayError:
    """The error of an answer with a Status body. With ``secret`` the server's texts are dropped: they may quote values."""
    try:
        status: Object = json.loads(answer.body)
    except ValueError:
        status = {}
    details = status.get("details") or {}
    causes = [
        # A conflict's text names only the other manager.
        {"field": c.get("field", ""), "reason": c.get("reason", ""), "message": c.get("message", "") if not secret or c.get("reason") == _FOREIGN else ""}
        for c in details.get("causes") or []
    ]
    message = status.get("message") or answer.body.decode(errors="replace")[:200]
    head = f"{_VERBS.get(method, method)} {what} at {host}"
    facts: dict[str, Any] = {"host": host, "status": answer.status, "object": what, "causes": causes}
    return _error(answer.status, status.get("reason", ""), head, "(text withheld: it may quote the value)" if secret else message, causes, facts)


def _error(code: int, reason: str, head: str, message: str, causes: list[dict[str, str]], facts: dict[str, Any]) -> SlipwayError:
    if code == 404:
        return NotFound(f"{head}: not found ({message})", **facts)
    if code == 401:
        return Denied(f"{head}: the credentials of the kubeconfig were not accepted (401); renew them", **facts)
    if code == 403:
        return Denied(f"{head}: forbidden: {message}", **facts)
    if code == 409:
        return _conflict(head, message, causes, facts)
    if code == 410:
        return Conflict(f"{head}: what it goes on from is forgotten (410), because too much changed meanwhile: begin again", **facts)
    if code in (400, 415, 422) or _UNTYPED in message:
        lines = dict.fromkeys(f"{c['field']}: {c['message']}".rstrip(": ") for c in causes if c["field"] or c["message"])
        return InvalidInput(f"{head}: refused as invalid: {'; '.join(lines) or message.partition(f'{_UNTYPED} ')[2] or message}", **facts)
    if code == 429:
        return Busy(f"{head}: the API server is overloaded or a disruption budget forbids it (429): {message}", **facts)
    return Unreachable(f"{head}: the API server answered {code} {reason}: {message}", **facts)


def _conflict(head: str, message: str, causes: list[dict[str, str]], facts: dict[str, Any]) -> Conflict:
    owned = [c for c in causes if c["reason"] == _FOREIGN]
    if not owned:
        return Conflict(f"{head}: conflict (409): {message}", **facts)
    # The server's text is: conflict with "manager" using apps/v1
    managers = sorted({c["message"].partition('"')[2].partition('"')[0] for c in owned})
    fields = [c["field"] for c in owned]
    return Conflict(
        f"{head}: {', '.join(fields)} belong to {' and '.join(managers) or 'another manager'}; "
        "leave these fields out of the manifest, or take them over with force: true",
        **facts,
        managers=managers,
        fields=fields,
    )
