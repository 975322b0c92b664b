# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull-through cache rules: under a prefix, ECR has the images of another registry, and makes their repositories when they are first pulled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.ecr.options import Request, Rule
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict


@dataclass(frozen=True)
class Plan:
    """One repository, or one rule. ``before`` and ``after``: {} where there is none."""

    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    steps: tuple[Step, ...] = ()


def plans(aws: Aws, request: Request) -> list[Plan]:
    """Reads all rules with one list, if any is asked for."""
    if not request.rules:
        return []
    listed = aws.listed("ecr", "describe_pull_through_cache_rules", "pullThroughCacheRules")
    there = {each["ecrRepositoryPrefix"]: each for each in listed}
    return [_plan(aws, rule, there.get(rule.prefix), request.present) for rule in request.rules]


def _plan(aws: Aws, rule: Rule, found: Mapping[str, Any] | None, present: bool) -> Plan:
    what, prefix = f"pull-through {rule.prefix}", {"ecrRepositoryPrefix": rule.prefix}
    before = {"upstream": found["upstreamRegistryUrl"], "credential_arn": found.get("credentialArn", "")} if found else {}
    if not present:
        step = Step(f"delete the pull-through cache rule {rule.prefix}", "ecr", "delete_pull_through_cache_rule", prefix)
        return Plan(what, before, {}, (step,) if found else ())
    after = {"upstream": rule.upstream, "credential_arn": rule.credential_arn}
    if before == after:
        return Plan(what, before, after)
    credential = {"credentialArn": rule.credential_arn} if rule.credential_arn else {}
    if not found:
        ask = {**prefix, "upstreamRegistryUrl": rule.upstream, **credential}
        return Plan(what, {}, after, (Step(f"create the pull-through cache rule {rule.prefix}", "ecr", "create_pull_through_cache_rule", ask),))
    if before["upstream"] != rule.upstream or not credential:
        raise Conflict(
            f"pull_through {rule.prefix} in {aws.region} is for {before['upstream']}{' with a credential' if before['credential_arn'] else ''}, "
            f"and {rule.upstream}{' without one' if not credential else ''} is wanted; ECR can't change that, so delete the rule, or choose another prefix"
        )
    return Plan(what, before, after, (Step(f"set the credential of {rule.prefix}", "ecr", "update_pull_through_cache_rule", {**prefix, **credential}),))
