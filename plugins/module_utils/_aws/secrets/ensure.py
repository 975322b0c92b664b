# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are as wanted: the one call behind the module ``secretsmanager_secret``. Names and version ids come out, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents, keys, tags, wait
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets import value
from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets.options import Request, Secret
from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets.read import Found, read
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step, take
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

_SERVICE = "secretsmanager"
_GONE = 120.0  # seconds in which a secret that is deleted at once is gone


@dataclass(frozen=True)
class Result(Converged):
    """``secrets``: name, arn, and the ids of the version that is AWSCURRENT and the one that is AWSPREVIOUS ("" for none)."""

    secrets: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...]
    found: Found


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = read(aws, request)
    if not request.present:
        return _absent(aws, request, found, check_mode)
    restores = [name for name, there in found.items() if there.going]
    was = {name: {"deleted_on": there.going} for name, there in found.items() if there.going}
    plans = _plans(aws, request, found)
    if restores and not check_mode:
        aws.together(lambda name: aws.call(_SERVICE, "restore_secret", SecretId=name), restores)
        plans = _plans(aws, request, read(aws, request))
    if not check_mode:
        plans = aws.together(lambda plan: _apply(aws, plan), plans)
    return Result(
        before={plan.name: was.get(plan.name, dict(plan.before)) for plan in plans},
        after={plan.name: dict(plan.after) for plan in plans},
        actions=(*(f"restore secret {name}" for name in restores), *(step.text for plan in plans for step in plan.steps)),
        secrets=[{"name": p.name, "arn": p.found.arn, "version_id": p.found.version, "previous_version_id": p.found.previous} for p in plans],
    )


def _plans(aws: Aws, request: Request, found: Mapping[str, Found]) -> list[Plan]:
    return [_present(aws, secret, found.get(secret.name), request) for secret in request.secrets]


def _present(aws: Aws, secret: Secret, found: Found | None, request: Request) -> Plan:
    # The value of one that is going can't be read until it is restored; it is taken for what it was.
    text = None if found and found.going else value.wanted(secret, found.text if found else None)
    wanted_tags = tags.wanted(found.tags if found else {}, secret.tags, request.purge_tags)
    after = _wanted(secret, text, found) | {"tags": wanted_tags}
    if found is None:
        made = Found(LATER, version=LATER if text is not None else "")
        return Plan(secret.name, {}, after, tuple(_create(secret, text)), made)
    before = _state(aws, secret, found)
    steps = tuple(_update(secret, text, found, before, after))
    if text is not None:
        found = replace(found, version=LATER, previous=found.version)
    return Plan(secret.name, before, after, steps, found)


def _wanted(secret: Secret, text: str | None, found: Found | None) -> dict[str, Any]:
    """What is compared, as it is wanted; what an option leaves out is not in it."""
    state: dict[str, Any] = {}
    if secret.has_value:
        version = LATER if text is not None else found.version if found else ""
        now = text if text is not None else found.text if found else None
        entries = value.names(secret, now) if now is not None else sorted({*secret.values, *secret.generate, *secret.compose})
        state["value"] = {"entries": entries, "version_id": version}
    optional = {"description": secret.description, "kms_key": secret.kms_key or None}
    state |= {key: each for key, each in optional.items() if each is not None}
    if secret.policy is not None:
        state["policy"] = documents.policy(secret.policy) if secret.policy else {}
    if secret.replica_regions is not None:
        state["replica_regions"] = list(secret.replica_regions)
    return state


def _state(aws: Aws, secret: Secret, found: Found) -> dict[str, Any]:
    """The same, as it is."""
    state: dict[str, Any] = {}
    if secret.has_value:
        state["value"] = {"entries": value.names(secret, found.text), "version_id": found.version}
    if secret.description is not None:
        state["description"] = found.description
    if secret.kms_key:
        state["kms_key"] = secret.kms_key if keys.same(aws, secret.kms_key, found.kms_key) else found.kms_key
    if secret.policy is not None:
        state["policy"] = documents.policy(found.policy) if found.policy else {}
    if secret.replica_regions is not None:
        state["replica_regions"] = list(found.replica_regions)
    return state | {"tags": dict(found.tags)}


def _create(secret: Secret, text: str | None) -> Iterator[Step]:
    ask: dict[str, Any] = {"Name": secret.name, "Tags": tags.pairs(secret.tags)}
    optional = {"Description": secret.description, "KmsKeyId": secret.kms_key, "SecretString": text}
    ask |= {key: each for key, each in optional.items() if each}
    if secret.replica_regions:
        ask["AddReplicaRegions"] = [{"Region": region} for region in secret.replica_regions]
    yield Step(f"create secret {secret.name}", _SERVICE, "create_secret", ask)
    if secret.policy:
        yield _policy(secret)


def _policy(secret: Secret) -> Step:
    if secret.policy:
        ask = {"SecretId": secret.name, "ResourcePolicy": documents.text(secret.policy), "BlockPublicPolicy": True}
        return Step(f"set the policy of secret {secret.name}", _SERVICE, "put_resource_policy", ask)
    return Step(f"remove the policy of secret {secret.name}", _SERVICE, "delete_resource_policy", {"SecretId": secret.name})


def _update(secret: Secret, text: str | None, found: Found, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Step]:
    name, differs = secret.name, {key for key in after if before[key] != after[key]}
    settings = {"Description": secret.description} if "description" in differs else {}
    settings |= {"KmsKeyId": secret.kms_key} if "kms_key" in differs else {}
    if settings:
        yield Step(f"set {', '.join(sorted(differs & {'description', 'kms_key'}))} of secret {name}", _SERVICE, "update_secret", {"SecretId": name, **settings})
    if text is not None:
        yield Step(f"put a new version of secret {name}", _SERVICE, "put_secret_value", {"SecretId": name, "SecretString": text})
    if "policy" in differs:
        yield _policy(secret)
    if "replica_regions" in differs:
        yield from _replicas(name, set(found.replica_regions), set(secret.replica_regions or ()))
    more, fewer = tags.changes(before["tags"], after["tags"])
    if more:
        yield Step(f"tag secret {name}", _SERVICE, "tag_resource", {"SecretId": name, "Tags": tags.pairs(more)})
    if fewer:
        yield Step(f"untag secret {name}", _SERVICE, "untag_resource", {"SecretId": name, "TagKeys": fewer})


def _replicas(name: str, now: set[str], then: set[str]) -> Iterator[Step]:
    if then - now:
        added = {"SecretId": name, "AddReplicaRegions": [{"Region": region} for region in sorted(then - now)]}
        yield Step(f"copy secret {name} to {', '.join(sorted(then - now))}", _SERVICE, "replicate_secret_to_regions", added)
    if now - then:
        removed = {"SecretId": name, "RemoveReplicaRegions": sorted(now - then)}
        yield Step(f"remove secret {name} from {', '.join(sorted(now - then))}", _SERVICE, "remove_regions_from_replication", removed)


def _apply(aws: Aws, plan: Plan) -> Plan:
    """The plan with the ids that AWS made."""
    found, after = plan.found, dict(plan.after)
    for step in plan.steps:
        if step.operation not in ("create_secret", "put_secret_value"):
            take(aws, [step], _spreads)
            continue
        ask = dict(step.parameters)
        answer = wait.eventually(aws, lambda step=step, ask=ask: aws.call(_SERVICE, step.operation, **ask), _still_going, _GONE)  # type: ignore[misc]
        found = replace(found, arn=answer["ARN"], version=answer.get("VersionId") or "")
        if "value" in after:
            after["value"] = {**after["value"], "version_id": found.version}
    return replace(plan, found=found, after=after)


def _spreads(error: SlipwayError) -> bool:
    """A principal that was made just before is not known at once."""
    return error.facts.get("code") == "MalformedPolicyDocumentException" and "rincipal" in error.message


def _still_going(error: SlipwayError) -> bool:
    """A secret that was deleted at once takes a while to free its name."""
    return error.facts.get("code") == "InvalidRequestException" and "scheduled for deletion" in error.message


def _absent(aws: Aws, request: Request, found: Mapping[str, Found], check_mode: bool) -> Result:
    plans = [_gone(secret.name, found[secret.name], request) for secret in request.secrets if secret.name in found]
    if not check_mode:
        aws.together(lambda plan: take(aws, plan.steps), plans)
        if not request.recovery_days:
            aws.together(lambda plan: _wait_for_end(aws, plan.name), [plan for plan in plans if plan.steps])
    return Result(
        before={secret.name: {} for secret in request.secrets} | {plan.name: dict(plan.before) for plan in plans},
        after={secret.name: {} for secret in request.secrets} | {plan.name: dict(plan.after) for plan in plans},
        actions=tuple(step.text for plan in plans for step in plan.steps),
    )


def _gone(name: str, found: Found, request: Request) -> Plan:
    """One that is going already is left to go, unless it is to be gone at once."""
    if found.going and request.recovery_days:
        return Plan(name, {}, {}, (), found)
    steps = [*_replicas(name, set(found.replica_regions), set())]
    window: dict[str, Any] = {"RecoveryWindowInDays": request.recovery_days} if request.recovery_days else {"ForceDeleteWithoutRecovery": True}
    how = f"with {request.recovery_days} days to restore it" if request.recovery_days else "at once"
    steps.append(Step(f"delete secret {name}, {how}", _SERVICE, "delete_secret", {"SecretId": name, **window}))
    return Plan(name, {"arn": found.arn}, {}, tuple(steps), found)


def _wait_for_end(aws: Aws, name: str) -> None:
    def look() -> wait.Seen[None]:
        there = aws.find(_SERVICE, "describe_secret", SecretId=name)
        return wait.Seen(None, "going" if there else "gone", done=there is None)

    wait.until_done(aws, f"secret {name}", look, _GONE)
