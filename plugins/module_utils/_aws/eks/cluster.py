# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that is there as it is wanted, or is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import insights, plan, state, tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.ours import refuse_foreign
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.removal import remove
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import Offered, Support, offered
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import SPREAD, causes, not_spread, run_update, settled
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.wanted import Wanted, of
from ansible_collections.slipway.platform.plugins.module_utils._aws.keys import same
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER, Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import eventually
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotReady

_MADE = ("arn", "platform_version", "endpoint", "certificate_authority", "security_group", "vpc_id", "oidc_issuer")
"""What AWS makes."""
MOVING = ("CREATING", "UPDATING", "PENDING")


@dataclass(frozen=True)
class Result(Converged):
    """``certificate_authority``: base64 of PEM. ``support``: of the version that the cluster has now. ``warnings``: Ansible shows them."""

    name: str = ""
    arn: str = ""
    status: str = "absent"
    version: str = ""
    platform_version: str = ""
    endpoint: str = ""
    certificate_authority: str = ""
    security_group: str = ""
    vpc_id: str = ""
    oidc_issuer: str = ""
    service_cidr: str = ""
    dns_address: str = ""
    support: Support = field(default_factory=Support)
    warnings: tuple[str, ...] = ()


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.CLUSTER has them. Errors: those of _errors.py."""
    wanted = of(params)
    if params["state"] == "absent":
        before, warnings, actions = remove(aws, wanted, check_mode)
        return Result(before, {}, actions, name=wanted.name, warnings=warnings)
    found = find(aws, wanted.name)
    if found:
        refuse_foreign(aws, wanted.name, wanted.tags, found.get("tags") or {})
    if found and not check_mode:
        found = settled(aws, f"cluster {wanted.name}", lambda: find(aws, wanted.name), wanted.timeout, (*MOVING, "DELETING"), found)
    if found and found["status"] == "FAILED":
        raise NotReady(
            f"cluster {wanted.name} in {aws.region} is FAILED and stays so: {causes((found.get('health') or {}).get('issues') or ()) or 'EKS gives no cause'}; "
            f"mend the cause, delete it (state: absent), and run again",
            state="FAILED",
        )
    versions = offered(aws)
    if not found or found["status"] == "DELETING":
        return _make(aws, wanted, versions, check_mode)
    return _change(aws, wanted, found, versions, check_mode)


def find(aws: Aws, name: str) -> Mapping[str, Any] | None:
    """As DescribeCluster has it."""
    answer = aws.find("eks", "describe_cluster", name=name)
    return answer["cluster"] if answer else None


def _make(aws: Aws, wanted: Wanted, versions: Offered, check_mode: bool) -> Result:
    plan_ = plan.make(wanted, versions, aws.region)
    result = Result({}, {wanted.name: plan_.after}, ("create",), wanted.name, warnings=tuple(step.warning for step in plan_.steps if step.warning))
    if check_mode:
        version = wanted.settings.get("version", versions.default)
        later: dict[str, Any] = dict.fromkeys(_MADE, LATER)
        services = wanted.settings.get("service_cidr", LATER)
        result = replace(result, service_cidr=services, dns_address=dns_address(services))
        return replace(result, status="absent", version=version, support=versions.of(version), **later)
    (step,) = plan_.steps
    _say(aws, wanted.name, step)
    eventually(aws, lambda: aws.call("eks", step.operation, **step.parameters), not_spread, SPREAD)
    return _facts(result, _active(aws, wanted), versions)


def _change(aws: Aws, wanted: Wanted, found: Mapping[str, Any], versions: Offered, check_mode: bool) -> Result:
    now = state.seen(found)
    key = wanted.settings.get("kms_key")
    if key and now["kms_key"] and same(aws, key, now["kms_key"]):
        wanted = replace(wanted, settings=wanted.settings | {"kms_key": now["kms_key"]})
    plan_ = plan.update(now, found.get("tags") or {}, wanted, versions, aws.region)
    _refuse_other_vpc(aws, plan_, found)
    warnings = [step.warning for step in plan_.steps if step.warning]
    if plan_.upgrade and not wanted.ignore_insights:
        warnings += _readiness(aws, wanted, now["version"], plan_.upgrade, check_mode)
    retagged = plan_.before["tags"] != plan_.after["tags"]
    actions = (*(("tags",) if retagged else ()), *(step.what for step in plan_.steps))
    result = Result({wanted.name: plan_.before}, {wanted.name: plan_.after}, actions, wanted.name, warnings=tuple(warnings))
    if check_mode or not actions:
        return _facts(result, found, versions)
    tagging.retag(aws, found["arn"], plan_.before["tags"], plan_.after["tags"])
    for step in plan_.steps:
        _say(aws, wanted.name, step)
        force = {"force": True} if step.operation == "update_cluster_version" and wanted.ignore_insights else {}
        run_update(aws, f"cluster {wanted.name}, {step.what}", step.operation, {**step.parameters, **force}, wanted.timeout, name=wanted.name)
    return _facts(result, _active(aws, wanted), versions)


def dns_address(services: str) -> str:
    """Where pods ask for names: EKS takes the tenth address of the Services (what nodes are given as --cluster-dns)."""
    return services if services in ("", LATER) else str(ip_network(services)[10])


def _say(aws: Aws, name: str, step: plan.Step) -> None:
    if step.warning:
        aws.progress(f"cluster {name}, {step.what}: {step.warning}")


def _readiness(aws: Aws, wanted: Wanted, now: str, version: str, check_mode: bool) -> list[str]:
    """Before anything is touched. Check mode reads what EKS found last, since having it look again is a request that does something."""
    behind = [
        f"{each['nodegroupName']} ({each['version']})"
        for each in node_groups(aws, wanted.name)
        if each.get("version") != now and each["status"] not in ("DELETING", "DELETE_FAILED")
    ]
    if behind:
        raise Conflict(
            f"version: the cluster has {now}, and these node groups another: {', '.join(behind)}; EKS upgrades a cluster only when its node groups have "
            f"its version: bring them to {now} first",
            nodegroups=behind,
        )
    if not check_mode:
        insights.refresh(aws, wanted.name, wanted.timeout)
    return insights.refuse(wanted.name, version, insights.of_upgrade(aws, wanted.name, version))


def node_groups(aws: Aws, cluster: str) -> list[dict[str, Any]]:
    """As DescribeNodegroup has them."""
    names = aws.listed("eks", "list_nodegroups", "nodegroups", clusterName=cluster)
    return aws.together(lambda name: aws.call("eks", "describe_nodegroup", clusterName=cluster, nodegroupName=name)["nodegroup"], names)


def _refuse_other_vpc(aws: Aws, plan_: plan.Plan, found: Mapping[str, Any]) -> None:
    """A cluster can't leave its VPC (UpdateClusterConfig)."""
    added = sorted(set(plan_.after.get("subnets") or ()) - set(plan_.before.get("subnets") or ()) - {LATER})
    vpc = found["resourcesVpcConfig"].get("vpcId")
    if not added or not vpc:
        return
    foreign = [each["SubnetId"] for each in aws.listed("ec2", "describe_subnets", "Subnets", SubnetIds=added) if each.get("VpcId") != vpc]
    if foreign:
        raise Conflict(f"subnets: {', '.join(foreign)} are not in {vpc}, the VPC of the cluster, which it can't leave; give subnets of that VPC")


def _active(aws: Aws, wanted: Wanted) -> Mapping[str, Any]:
    found = settled(aws, f"cluster {wanted.name}", lambda: find(aws, wanted.name), wanted.timeout, MOVING)
    if found and found["status"] == "ACTIVE":
        return found
    cause = causes(((found or {}).get("health") or {}).get("issues") or ())
    status = found["status"] if found else "gone"
    raise NotReady(
        f"cluster {wanted.name} in {aws.region} is {status}: {cause or 'EKS gives no cause'}; mend the cause, delete it (state: absent), and run again",
        state=status,
    )


def _facts(result: Result, found: Mapping[str, Any], versions: Offered) -> Result:
    vpc, version = found.get("resourcesVpcConfig") or {}, str(found.get("version", ""))
    return replace(
        result,
        arn=found.get("arn", ""),
        status=found.get("status", ""),
        version=version,
        platform_version=found.get("platformVersion", ""),
        endpoint=found.get("endpoint", ""),
        certificate_authority=(found.get("certificateAuthority") or {}).get("data", ""),
        security_group=vpc.get("clusterSecurityGroupId", ""),
        vpc_id=vpc.get("vpcId", ""),
        oidc_issuer=((found.get("identity") or {}).get("oidc") or {}).get("issuer", ""),
        service_cidr=state.seen(found)["service_cidr"],
        dns_address=dns_address(state.seen(found)["service_cidr"]),
        support=versions.of(version),
    )
