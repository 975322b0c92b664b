# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the promotion modules, in the shape of Ansible's argument specs, and what they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates import policy
from ansible_collections.slipway.platform.plugins.module_utils._oci import access
from ansible_collections.slipway.platform.plugins.module_utils._records import environments, moments, plan, prepare, running, say, statements
from ansible_collections.slipway.platform.plugins.module_utils._records import record as recording
from ansible_collections.slipway.platform.plugins.module_utils._records.environments import Source
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Saved
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.options import SIGNER, signer

_KEYS: dict[str, Any] = {"keys": {"type": "dict", "default": {}, "no_log": False}, "policy": {"type": "path"}}
_SOURCE: dict[str, Any] = {"name": {"type": "str", "required": True}, "ledger": {"type": "path"}, "kubeconfig": {"type": "path"}, "namespace": {"type": "str"}}
_SERVICE: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "source": {"type": "str", "required": True},
    "destination": {"type": "str", "required": True},
    "tags": {"type": "list", "elements": "str", "required": True},
    "rollback": {"type": "bool", "default": False},
}
_STATEMENT: dict[str, Any] = {
    "type": {"type": "str", "required": True, "choices": [name for name in statements.FIELDS if name != "promoted"]},
    "images": {"type": "list", "elements": "str", "required": True},
    "fields": {"type": "dict", "required": True},
}
_APPROVE: dict[str, Any] = {
    "plan": {"type": "path", "required": True},
    "environment": {"type": "str", "required": True},
    "hours": {"type": "int", "default": 24},
}
PLAN: dict[str, Any] = {
    "environment": {"type": "str", "required": True},
    "policy": {"type": "path", "required": True},
    "services": {"type": "list", "elements": "dict", "default": [], "options": _SERVICE},
    "requester": {"type": "str", "default": ""},
    "environments": {"type": "list", "elements": "dict", "required": True, "options": _SOURCE},
    "manifests": {"type": "raw", "default": ""},
    "moving_tags": {"type": "list", "elements": "str", "default": []},
    "plan": {"type": "path"},
    "begun": {"type": "path"},
    "save": {"type": "path"},
    "show": {"type": "bool", "default": True},
    "signer": {**SIGNER, "required": False},
    **access.OPTIONS,
}
STATEMENT: dict[str, Any] = {
    "statements": {"type": "list", "elements": "dict", "default": [], "options": _STATEMENT},
    "approve": {"type": "dict", "options": _APPROVE},
    "signer": SIGNER,
    **access.OPTIONS,
}
RECORD: dict[str, Any] = {
    "plan": {"type": "path", "required": True},
    "ledger": {"type": "path", "required": True},
    "kubeconfig": {"type": "path"},
    "namespace": {"type": "str"},
    "signer": SIGNER,
    **access.OPTIONS,
    **_KEYS,
}
VERIFY_RECORDS: dict[str, Any] = {
    "environment": {"type": "str", "required": True},
    "ledger": {"type": "path", "required": True},
    "registry": {"type": "bool", "default": False},
    **access.OPTIONS,
    **_KEYS,
}
STATUS: dict[str, Any] = {
    "environments": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {**_SOURCE, "plans": {"type": "list", "elements": "path", "default": []}},
    },
    **_KEYS,
}


def trust(params: Mapping[str, Any], environment: str) -> Trust:
    """Whose records of an environment count: those of a policy, by its keys, and the keys given beside it."""
    files: dict[str, Path] = {}
    if params["policy"]:
        given = policy.load(Path(params["policy"]))
        files |= {name: Path(path) for name, path in given.keys.items() if name in given.recorders(environment)}
    for name, path in params["keys"].items():
        if not isinstance(path, str) or not path:
            raise InvalidInput(f"keys, {name}: write the path of a PEM file with the public key")
        files[str(name)] = Path(path).expanduser()
    if not files:
        raise InvalidInput("whose signatures count? Give the policy, or keys (name: path of a public key)")
    return Trust.from_files(files)


def plan_request(params: Mapping[str, Any], carry: prepare.Carry) -> prepare.Request:
    """The request of ``promotion_plan``. What a saved plan says need not be said again."""
    saved = plan.read(Path(params["plan"])) if params["plan"] else None
    services = tuple(prepare.Service(**{**value, "tags": tuple(value["tags"])}) for value in params["services"]) or _planned(saved)
    requester = params["requester"] or (saved.plan.requester if saved else "")
    if not requester:
        raise InvalidInput("requester is empty: say who asks for the promotion, since that person's approval does not count")
    sources = tuple(map(Source.from_params, params["environments"]))
    records = signer(params["signer"]) if params["signer"] else None
    begun = plan.read(Path(params["begun"])) if params["begun"] and Path(params["begun"]).exists() else None
    return prepare.Request(params["environment"], Path(params["policy"]), services, requester, sources, params["manifests"], saved, begun, carry, records)


def wanted(params: Mapping[str, Any], now: datetime) -> tuple[say.Wanted, ...]:
    """The statements of ``promotion_statement``."""
    found = [say.Wanted(one["type"], image, one["fields"]) for one in params["statements"] for image in one["images"]]
    if params["approve"]:
        found += approvals(plan.read(Path(params["approve"]["plan"])).plan, params["approve"]["environment"], params["approve"]["hours"], now)
    if not found:
        raise InvalidInput("there is nothing to say: give statements, each with at least one image, or approve")
    return tuple(found)


def approvals(planned: plan.Plan, environment: str, hours: int, now: datetime) -> list[say.Wanted]:
    """One approval of a plan for each of its digests, attached where the digest comes from."""
    if planned.environment != environment:
        raise InvalidInput(f"the plan is for {planned.environment!r}, and the approval for {environment!r}: name the right inventory or plan")
    if hours <= 0:
        raise InvalidInput(f"hours is {hours}: an approval lasts at least one")
    fields = {"environment": environment, "plan": planned.hash, "expires": moments.text(now + timedelta(hours=hours))}
    return [say.Wanted("approved", f"{prepare.bare(change.source)}@{change.digest}", fields) for change in planned.changes]


def record_request(params: Mapping[str, Any], check_mode: bool) -> recording.Request:
    """The request of ``promotion_record``; with a cluster, what its pod templates were given is part of the record."""
    saved, containers = plan.read(Path(params["plan"])), {}
    if params["kubeconfig"]:
        if not params["namespace"]:
            raise InvalidInput("beside kubeconfig the namespace of the release is needed")
        containers = running.templates(Path(params["kubeconfig"]), params["namespace"])
    return recording.Request(saved, Path(params["ledger"]), trust(params, saved.plan.environment), signer(params["signer"]), containers, check_mode)


def sources(params: Mapping[str, Any]) -> tuple[tuple[Source, ...], dict[str, list[Path]]]:
    """The environments of ``promotion_status``, and the saved plans of each."""
    for value in params["environments"]:
        if value["kubeconfig"] and not value["namespace"]:
            raise InvalidInput(f"environments, {value['name']}: beside kubeconfig the namespace of the release is needed")
    plans = {value["name"]: [path for name in value["plans"] if (path := Path(name)).exists()] for value in params["environments"]}
    return tuple(map(environments.Source.from_params, params["environments"])), plans


def _planned(saved: Saved | None) -> tuple[prepare.Service, ...]:
    changes = saved.plan.changes if saved else ()
    return tuple(prepare.Service(one.service, one.source, one.destination, tuple(one.tags), one.rollback) for one in changes)
