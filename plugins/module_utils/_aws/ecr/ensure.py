# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories are as wanted: the one call behind the module ``ecr_repository``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents, keys, tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr import rules
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.options import Repository, Request
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.read import Found, read
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.rules import Plan
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step, take
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, SlipwayError


@dataclass(frozen=True)
class Result(Converged):
    """``repositories``: name, arn and uri of each that is wanted, in the order asked for."""

    repositories: list[dict[str, str]] = field(default_factory=list)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    found = read(aws, request)
    decide = _present if request.present else _absent
    plans = [decide(aws, wanted, found.get(wanted.name), request) for wanted in request.repositories]
    rule_plans = rules.plans(aws, request)
    if not check_mode:
        made = aws.together(lambda plan: _apply(aws, plan), plans)
        aws.together(lambda plan: take(aws, plan.steps), rule_plans)
        found |= {each.name: each for each in made if each}
    every = (*plans, *rule_plans)
    return Result(
        before={plan.name: dict(plan.before) for plan in every},
        after={plan.name: dict(plan.after) for plan in every},
        actions=tuple(step.text for plan in every for step in plan.steps),
        repositories=[_named(wanted.name, found.get(wanted.name)) for wanted in request.repositories if request.present],
    )


def _named(name: str, found: Found | None) -> dict[str, str]:
    return {"name": name, "arn": found.arn if found else LATER, "uri": found.uri if found else LATER}


def _apply(aws: Aws, plan: Plan) -> Found | None:
    """What was made, if it was not there."""
    made = None
    for step in plan.steps:
        if step.operation == "create_repository":
            item = aws.call(step.service, step.operation, **step.parameters)["repository"]
            made = Found(plan.name, item["repositoryArn"], item["repositoryUri"], "", (), False, "", "")
        else:
            take(aws, [step], _spreads)
    return made


def _spreads(error: SlipwayError) -> bool:
    """A principal that was made just before is not known to ECR at once."""
    return error.facts.get("code") == "InvalidParameterException" and "rincipal" in error.message


def _absent(aws: Aws, wanted: Repository, found: Found | None, request: Request) -> Plan:
    if found is None:
        return Plan(wanted.name, {}, {})
    if found.images and request.keep_images:
        return Plan(found.name, {"arn": found.arn}, {"arn": found.arn})
    if found.images:
        raise Conflict(f"repository {found.name} in {aws.region} has images, which would be lost; delete them, or write force: true", repository=found.name)
    step = Step(f"delete repository {found.name}", "ecr", "delete_repository", {"repositoryName": found.name, "force": request.force})
    return Plan(found.name, {"arn": found.arn}, {}, (step,))


def _present(aws: Aws, wanted: Repository, found: Found | None, request: Request) -> Plan:
    _unchangeable(aws, wanted, found)
    after = _state(wanted, tags.wanted(found.tags if found else {}, wanted.tags, request.purge_tags))
    if found is None:
        return Plan(wanted.name, {}, after, tuple(_create(wanted)))
    before = _state(wanted, found.tags, found)
    return Plan(wanted.name, before, after, tuple(_update(wanted, found, before, after)))


def _unchangeable(aws: Aws, wanted: Repository, found: Found | None) -> None:
    if found and wanted.encryption and wanted.encryption != found.encryption:
        is_, want = found.encryption, wanted.encryption
    elif found and wanted.kms_key and not keys.same(aws, wanted.kms_key, found.kms_key):
        is_, want = found.kms_key, wanted.kms_key
    else:
        return
    raise Conflict(
        f"repository {wanted.name} in {aws.region}: its encryption is {is_} and {want} is wanted; ECR can't change that, "
        "so write what it is, or copy the images into a repository of another name",
        repository=wanted.name,
    )


def _state(wanted: Repository, its_tags: Mapping[str, str], found: Found | None = None) -> dict[str, Any]:
    """What is compared, as it is wanted, or as it is; what an option leaves out is not in it."""
    source = found or wanted
    state: dict[str, Any] = {"tag_mutability": source.mutability, "mutable_tags": list(source.mutable_tags), "scan_on_push": source.scan_on_push}
    if wanted.encryption:
        state["encryption"] = wanted.encryption
    if wanted.kms_key:
        state["kms_key"] = wanted.kms_key
    if wanted.lifecycle is not None:
        state["lifecycle"] = documents.lifecycle(source.lifecycle) if source.lifecycle else {}
    if wanted.policy is not None:
        state["policy"] = documents.policy(source.policy) if source.policy else {}
    return state | {"tags": dict(its_tags)}


def _mutability(wanted: Repository) -> dict[str, Any]:
    filters = [{"filterType": "WILDCARD", "filter": each} for each in wanted.mutable_tags]
    return {"imageTagMutability": wanted.mutability} | ({"imageTagMutabilityExclusionFilters": filters} if filters else {})


def _create(wanted: Repository) -> Iterator[Step]:
    parameters: dict[str, Any] = {"repositoryName": wanted.name, "tags": tags.pairs(wanted.tags), **_mutability(wanted)}
    parameters["imageScanningConfiguration"] = {"scanOnPush": wanted.scan_on_push}
    if wanted.encryption:
        parameters["encryptionConfiguration"] = {"encryptionType": wanted.encryption} | ({"kmsKey": wanted.kms_key} if wanted.kms_key else {})
    yield Step(f"create repository {wanted.name}", "ecr", "create_repository", parameters)
    if wanted.lifecycle:
        yield _lifecycle(wanted)
    if wanted.policy:
        yield _policy(wanted)


def _lifecycle(wanted: Repository) -> Step:
    if wanted.lifecycle:
        parameters = {"repositoryName": wanted.name, "lifecyclePolicyText": documents.text(wanted.lifecycle)}
        return Step(f"set the lifecycle policy of {wanted.name}", "ecr", "put_lifecycle_policy", parameters)
    return Step(f"remove the lifecycle policy of {wanted.name}", "ecr", "delete_lifecycle_policy", {"repositoryName": wanted.name})


def _policy(wanted: Repository) -> Step:
    if wanted.policy:
        return Step(
            f"set the policy of {wanted.name}", "ecr", "set_repository_policy", {"repositoryName": wanted.name, "policyText": documents.text(wanted.policy)}
        )
    return Step(f"remove the policy of {wanted.name}", "ecr", "delete_repository_policy", {"repositoryName": wanted.name})


def _update(wanted: Repository, found: Found, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Step]:
    differs = {key for key in after if before[key] != after[key]}
    name = wanted.name
    if differs & {"tag_mutability", "mutable_tags"}:
        yield Step(f"set the tag mutability of {name}", "ecr", "put_image_tag_mutability", {"repositoryName": name, **_mutability(wanted)})
    if "scan_on_push" in differs:
        scanning = {"repositoryName": name, "imageScanningConfiguration": {"scanOnPush": wanted.scan_on_push}}
        yield Step(f"set scanning of {name}", "ecr", "put_image_scanning_configuration", scanning)
    if "lifecycle" in differs:
        yield _lifecycle(wanted)
    if "policy" in differs:
        yield _policy(wanted)
    more, fewer = tags.changes(before["tags"], after["tags"])
    if more:
        yield Step(f"tag {name}", "ecr", "tag_resource", {"resourceArn": found.arn, "tags": tags.pairs(more)})
    if fewer:
        yield Step(f"untag {name}", "ecr", "untag_resource", {"resourceArn": found.arn, "tagKeys": fewer})
