# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that EKS tells of a cluster and of the versions it offers; bad news is news, and what can't be asked is said to be unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import insights
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.cluster import find, node_groups
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.insights import Insight
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.state import seen
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.versions import Offered, Support, offered
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import causes
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """A node group or an add-on. ``issues``: one text, "" for none."""

    name: str
    version: str
    status: str
    issues: str


@dataclass(frozen=True)
class Result:
    """``status``: EKS's, or absent, or unknown. ``settings``: in the words of eks_cluster's options. ``problems``: what could not be asked, and why."""

    changed: bool = False
    clusters: tuple[str, ...] = ()
    name: str = ""
    status: str = ""
    arn: str = ""
    endpoint: str = ""
    certificate_authority: str = ""
    security_group: str = ""
    vpc_id: str = ""
    oidc_issuer: str = ""
    platform_version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    issues: str = ""
    support: Support = field(default_factory=Support)
    insights: tuple[Insight, ...] = ()
    nodegroups: tuple[Part, ...] = ()
    addons: tuple[Part, ...] = ()
    versions: tuple[Support, ...] = ()
    problems: tuple[str, ...] = ()


def task(aws: Aws, params: Mapping[str, Any]) -> Result:
    """``params``: as options.CLUSTER_INFO has them."""
    problems: list[str] = []

    def asked(work: Callable[[], T], otherwise: T) -> T:
        try:
            return work()
        except SlipwayError as error:
            problems.append(error.message)
            return otherwise

    name = params["name"]
    absent: Mapping[str, Any] = {"status": "absent"}
    unknown: Mapping[str, Any] = {"status": "unknown"}
    versions = asked(lambda: offered(aws), Offered())
    names = asked(lambda: aws.listed("eks", "list_clusters", "clusters"), list[str]())
    found = asked(lambda: find(aws, name) or absent, unknown) if name else {}
    result = Result(clusters=tuple(names), name=name, status=found.get("status", ""), versions=versions.versions)
    if found.get("arn"):
        result = replace(
            _of(result, found),
            support=versions.of(found.get("version", "")),
            nodegroups=tuple(asked(lambda: [_part(each, "nodegroupName", "version") for each in node_groups(aws, name)], list[Part]())),
            addons=tuple(asked(lambda: _addons(aws, name), list[Part]())),
            insights=tuple(asked(lambda: insights.listed(aws, name), list[Insight]())),
        )
    return replace(result, problems=tuple(problems))


def _of(result: Result, found: Mapping[str, Any]) -> Result:
    """What DescribeCluster tells."""
    vpc = found.get("resourcesVpcConfig") or {}
    return replace(
        result,
        arn=found["arn"],
        endpoint=found.get("endpoint", ""),
        certificate_authority=(found.get("certificateAuthority") or {}).get("data", ""),
        security_group=vpc.get("clusterSecurityGroupId", ""),
        vpc_id=vpc.get("vpcId", ""),
        oidc_issuer=((found.get("identity") or {}).get("oidc") or {}).get("issuer", ""),
        platform_version=found.get("platformVersion", ""),
        settings=seen(found),
        tags=found.get("tags") or {},
        issues=causes((found.get("health") or {}).get("issues") or ()),
    )


def _addons(aws: Aws, cluster: str) -> list[Part]:
    names = aws.listed("eks", "list_addons", "addons", clusterName=cluster)
    found = aws.together(lambda name: aws.call("eks", "describe_addon", clusterName=cluster, addonName=name)["addon"], names)
    return [_part(each, "addonName", "addonVersion") for each in found]


def _part(found: Mapping[str, Any], name: str, version: str) -> Part:
    issues = causes((found.get("health") or {}).get("issues") or ())
    return Part(str(found.get(name, "")), str(found.get(version, "")), str(found.get("status", "")), issues)
