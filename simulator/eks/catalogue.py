# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-ons that EKS offers here, with their versions, what they need and what can be configured.

An excerpt in the shape of AWS's catalogue, dated 2026-11: names, namespaces, service accounts and managed policies are AWS's (user guide, "AWS add-ons"
and "Community add-ons"); versions are plausible and ordered, so that there is always an older one to update from. What runs in a real cluster is asked
of DescribeAddonVersions, never of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.eks.versions import VERSIONS

_MINORS = sorted(version.minor for version in VERSIONS.values())
_OLDEST, _NEWEST = _MINORS[0], _MINORS[-1]
_TEXT, _FLAG, _COUNT, _OBJECT, _LIST = {"type": "string"}, {"type": "boolean"}, {"type": "integer", "minimum": 0}, {"type": "object"}, {"type": "array"}
_QUANTITIES = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
_RESOURCES = {"type": "object", "additionalProperties": False, "properties": {"limits": _QUANTITIES, "requests": _QUANTITIES}}
_PODS = {"affinity": _OBJECT, "nodeSelector": _OBJECT, "podAnnotations": _OBJECT, "podLabels": _OBJECT, "resources": _RESOURCES, "tolerations": _LIST}
_DEPLOYMENT = {**_PODS, "replicaCount": {**_COUNT, "minimum": 1}, "topologySpreadConstraints": _LIST, "podDisruptionBudget": _OBJECT}


@dataclass(frozen=True)
class AddonVersion:
    """``since`` and ``until``: the first and the last minor version of Kubernetes that it fits; ``defaults``: those whose default it is."""

    name: str
    since: int
    until: int
    defaults: frozenset[int]

    def fits(self, kubernetes: str) -> bool:
        return self.since <= int(kubernetes.partition(".")[2]) <= self.until

    def compatibilities(self) -> list[dict[str, Any]]:
        minors = range(self.until, self.since - 1, -1)
        return [{"clusterVersion": f"1.{minor}", "platformVersions": ["*"], "defaultVersion": minor in self.defaults} for minor in minors]


@dataclass(frozen=True)
class Addon:
    """``deployment``: needs nodes before it is healthy; a daemon set without nodes has nothing to do. ``accounts``: service account and IAM policies."""

    name: str
    type: str
    namespace: str
    versions: tuple[AddonVersion, ...]
    schema: dict[str, Any]
    deployment: bool = False
    accounts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    publisher: str = "eks"
    owner: str = "aws"

    def version(self, name: str) -> AddonVersion | None:
        return next((version for version in self.versions if version.name == name), None)

    def default(self, kubernetes: str) -> AddonVersion | None:
        minor = int(kubernetes.partition(".")[2])
        return next((version for version in self.versions if minor in version.defaults), None)


def _versions(*names: str) -> tuple[AddonVersion, ...]:
    """Newest first, all for every version of Kubernetes; the second is the default, since AWS's default is seldom its newest."""
    everywhere = frozenset(_MINORS)
    default = names[min(1, len(names) - 1)]
    return tuple(AddonVersion(name, _OLDEST, _NEWEST, everywhere if name == default else frozenset()) for name in names)


def _by_minor() -> tuple[AddonVersion, ...]:
    """kube-proxy goes with Kubernetes, and may be up to three minor versions older than the API server."""
    found = []
    for version in VERSIONS.values():
        for build, default in ((4, False), (2, True)):
            last = min(version.minor + 3, _NEWEST)
            defaults = frozenset({version.minor}) if default else frozenset()
            found.append(AddonVersion(f"v{version.patch}-eksbuild.{build}", version.minor, last, defaults))
    return tuple(found)


def _schema(**properties: Any) -> dict[str, Any]:
    return {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": False, "properties": properties}


_VPC_CNI = _schema(
    **_PODS,
    env={"type": "object", "additionalProperties": {"type": "string"}},
    enableNetworkPolicy={"type": "string", "enum": ["true", "false"]},
    enableWindowsIpam={"type": "string", "enum": ["true", "false"]},
    nodeAgent={"type": "object", "properties": {"enablePolicyEventLogs": _TEXT, "healthProbeBindAddr": _TEXT, "metricsBindAddr": _TEXT}},
)
_SCALING = {"type": "object", "properties": {"enabled": _FLAG, "minReplicas": _COUNT, "maxReplicas": _COUNT}}
_COREDNS = _schema(**_DEPLOYMENT, corefile=_TEXT, autoScaling=_SCALING)
_EBS = _schema(controller=_OBJECT, node=_OBJECT, sidecars=_OBJECT, defaultStorageClass={"type": "object", "properties": {"enabled": _FLAG}})
_EXTERNAL_DNS = _schema(
    **_DEPLOYMENT,
    domainFilters={"type": "array", "items": _TEXT},
    policy={"type": "string", "enum": ["create-only", "sync", "upsert-only"]},
    sources={"type": "array", "items": _TEXT},
    txtOwnerId=_TEXT,
    txtPrefix=_TEXT,
    registry=_TEXT,
    interval=_TEXT,
    logLevel=_TEXT,
)
_METRICS_SERVER = _schema(**_PODS, replicas={**_COUNT, "minimum": 1}, podDisruptionBudget=_OBJECT, topologySpreadConstraints=_LIST, args=_LIST)
_KUBE_STATE_METRICS = _schema(**_PODS, replicas=_COUNT, collectors=_LIST, metricLabelsAllowlist=_LIST, prometheus=_OBJECT)
_CERT_MANAGER = _schema(**_DEPLOYMENT, cainjector=_OBJECT, webhook=_OBJECT, prometheus=_OBJECT, extraArgs=_LIST)
_CLOUDWATCH = _schema(agent=_OBJECT, agents=_LIST, containerLogs={"type": "object", "properties": {"enabled": _FLAG}}, manager=_OBJECT, tolerations=_LIST)
_SECRETS_STORE = _schema(**_PODS, **{"secrets-store-csi-driver": _OBJECT}, rotationPollInterval=_TEXT, enableSecretRotation=_FLAG, syncSecret=_OBJECT)

ADDONS = {
    addon.name: addon
    for addon in (
        Addon(
            "vpc-cni",
            "networking",
            "kube-system",
            _versions("v1.22.1-eksbuild.1", "v1.21.2-eksbuild.1", "v1.20.5-eksbuild.1"),
            _VPC_CNI,
            accounts=(("aws-node", ("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",)),),
        ),
        Addon("coredns", "networking", "kube-system", _versions("v1.14.1-eksbuild.2", "v1.13.2-eksbuild.3", "v1.12.4-eksbuild.6"), _COREDNS, deployment=True),
        Addon("kube-proxy", "networking", "kube-system", _by_minor(), _schema(**_PODS, ipvs=_OBJECT, mode=_TEXT)),
        Addon(
            "eks-pod-identity-agent",
            "security",
            "kube-system",
            _versions("v1.3.11-eksbuild.1", "v1.3.10-eksbuild.2"),
            _schema(**_PODS, agent=_OBJECT, init=_OBJECT),
        ),
        Addon(
            "aws-ebs-csi-driver",
            "storage",
            "kube-system",
            _versions("v1.56.0-eksbuild.1", "v1.55.0-eksbuild.2"),
            _EBS,
            deployment=True,
            accounts=(("ebs-csi-controller-sa", ("arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",)),),
        ),
        Addon("metrics-server", "observability", "kube-system", _versions("v0.8.1-eksbuild.2", "v0.8.0-eksbuild.6"), _METRICS_SERVER, True, owner="community"),
        Addon(
            "kube-state-metrics",
            "observability",
            "kube-state-metrics",
            _versions("v2.18.0-eksbuild.1", "v2.17.0-eksbuild.4"),
            _KUBE_STATE_METRICS,
            True,
            owner="community",
        ),
        Addon("cert-manager", "security", "cert-manager", _versions("v1.19.3-eksbuild.1", "v1.19.1-eksbuild.1"), _CERT_MANAGER, True, owner="community"),
        Addon(
            "external-dns",
            "networking",
            "external-dns",
            _versions("v0.20.0-eksbuild.3", "v0.19.0-eksbuild.2"),
            _EXTERNAL_DNS,
            True,
            (("external-dns", ("arn:aws:iam::aws:policy/AmazonRoute53FullAccess",)),),
            owner="community",
        ),
        Addon(
            "amazon-cloudwatch-observability",
            "observability",
            "amazon-cloudwatch",
            _versions("v4.10.0-eksbuild.1", "v4.8.0-eksbuild.1"),
            _CLOUDWATCH,
            deployment=True,
            accounts=(("cloudwatch-agent", ("arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy",)),),
        ),
        Addon(
            "aws-secrets-store-csi-driver-provider",
            "security",
            "aws-secrets-manager",
            _versions("v2.2.1-eksbuild.1", "v2.1.1-eksbuild.1"),
            _SECRETS_STORE,
        ),
    )
}
