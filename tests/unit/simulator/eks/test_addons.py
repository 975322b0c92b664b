# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from support.eks import Account, refused

INVALID, IN_USE, ABSENT = "InvalidParameterException", "ResourceInUseException", "ResourceNotFoundException"
PODS = "pods.eks.amazonaws.com"


@pytest.fixture
def ready(account: Account) -> Account:
    """With a cluster that has nodes."""
    account.cluster(**account.auto())
    return account


def create(account: Account, name: str = "vpc-cni", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = account.eks.create_addon(clusterName="one", addonName=name, **more)["addon"]
    return made


def describe(account: Account, name: str = "vpc-cni") -> dict[str, Any]:
    shown: dict[str, Any] = account.eks.describe_addon(clusterName="one", addonName=name)["addon"]
    return shown


def update(account: Account, name: str = "vpc-cni", **more: Any) -> dict[str, Any]:
    begun: dict[str, Any] = account.eks.update_addon(clusterName="one", addonName=name, **more)["update"]
    return begun


def versions(account: Account, name: str, kubernetes: str = "1.35") -> list[str]:
    found = account.eks.describe_addon_versions(addonName=name, kubernetesVersion=kubernetes)["addons"]
    return [version["addonVersion"] for version in found[0]["addonVersions"]]


def test_the_catalogue_says_what_fits(account: Account) -> None:
    found = {addon["addonName"]: addon for addon in account.eks.describe_addon_versions(kubernetesVersion="1.35")["addons"]}
    assert {"vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent", "metrics-server", "kube-state-metrics", "cert-manager", "external-dns"} <= set(found)
    assert {"amazon-cloudwatch-observability", "aws-secrets-store-csi-driver-provider"} <= set(found)
    for addon in found.values():
        defaults = [item for version in addon["addonVersions"] for item in version["compatibilities"] if item["defaultVersion"]]
        assert [item["clusterVersion"] for item in defaults] == ["1.35"], addon["addonName"]
    assert not [name for name in versions(account, "kube-proxy", "1.31") if name.startswith("v1.35")]
    assert account.eks.describe_addon_versions(addonName="none")["addons"] == []
    assert [addon["addonName"] for addon in account.eks.describe_addon_versions(owners=["community"], maxResults=1)["addons"]] == ["metrics-server"]


def test_an_add_on_is_created_in_its_time(ready: Account) -> None:
    made = create(ready, tags={"a": "b"})
    assert made["status"] == "CREATING"
    assert made["addonVersion"] == versions(ready, "vpc-cni")[1]
    assert set(made) == {
        "addonName", "clusterName", "status", "addonVersion", "health", "addonArn", "createdAt", "modifiedAt", "tags", "publisher", "owner", "namespaceConfig",
    }  # fmt: skip
    ready.later()
    shown = describe(ready)
    assert (shown["status"], shown["health"], shown["namespaceConfig"]) == ("ACTIVE", {"issues": []}, {"namespace": "kube-system"})
    assert ready.eks.list_addons(clusterName="one")["addons"] == ["vpc-cni"]


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("none", {}, "Addon specified is not supported"),
        ("vpc-cni", {"addonVersion": "v0.0.1"}, "Addon version specified is not supported"),
        (
            "coredns",
            {"configurationValues": '{"replicas": 3}'},
            "ConfigurationValue provided in request is not supported: Json schema validation failed with error: "
            "[$.replicas: is not defined in the schema and the schema does not allow additional properties]",
        ),
        (
            "coredns",
            {"configurationValues": "replicaCount: many"},
            "ConfigurationValue provided in request is not supported: Json schema validation failed with error: "
            "[$.replicaCount: string found, integer expected]",
        ),
        ("coredns", {"configurationValues": "{"}, "ConfigurationValue provided in request is not a valid JSON or YAML"),
    ],
)
def test_a_wrong_add_on_is_refused(ready: Account, name: str, more: dict[str, Any], message: str) -> None:
    assert refused(create, account=ready, name=name, **more) == (INVALID, message)
    assert ready.eks.list_addons(clusterName="one")["addons"] == []


def test_a_version_must_fit_kubernetes(ready: Account) -> None:
    newest = versions(ready, "kube-proxy", "1.36")[0]
    assert refused(create, account=ready, name="kube-proxy", addonVersion=newest) == (INVALID, "Addon version specified is not supported")


def test_the_schema_is_what_values_are_held_against(ready: Account) -> None:
    version = versions(ready, "coredns")[0]
    shown = ready.eks.describe_addon_configuration(addonName="coredns", addonVersion=version)
    assert "replicaCount" in json.loads(shown["configurationSchema"])["properties"]
    ebs = ready.eks.describe_addon_configuration(addonName="aws-ebs-csi-driver", addonVersion=versions(ready, "aws-ebs-csi-driver")[0])
    assert ebs["podIdentityConfiguration"][0]["serviceAccount"] == "ebs-csi-controller-sa"
    create(ready, "coredns", configurationValues='{"replicaCount": 3}')
    assert describe(ready, "coredns")["configurationValues"] == '{"replicaCount": 3}'
    assert refused(ready.eks.describe_addon_configuration, addonName="coredns", addonVersion="v0")[0] == ABSENT


def test_an_add_on_is_there_once_or_not_at_all(ready: Account) -> None:
    create(ready)
    assert refused(create, account=ready) == (IN_USE, "Addon already exists.")
    assert refused(describe, account=ready, name="coredns") == (ABSENT, "No addon: coredns found in cluster: one")


def test_an_add_on_is_updated(ready: Account) -> None:
    create(ready)
    assert refused(update, account=ready)[1] == "Addon vpc-cni cannot be updated as it is currently in CREATING state"
    ready.later()
    newest = versions(ready, "vpc-cni")[0]
    begun = update(ready, addonVersion=newest, resolveConflicts="PRESERVE", configurationValues='{"enableNetworkPolicy": "true"}')
    assert (begun["type"], begun["status"]) == ("AddonUpdate", "InProgress")
    assert [param["type"] for param in begun["params"]] == ["AddonVersion", "ResolveConflicts", "ConfigurationValues"]
    assert describe(ready)["status"] == "UPDATING"
    assert refused(update, account=ready)[0] == IN_USE
    assert refused(ready.eks.delete_addon, clusterName="one", addonName="vpc-cni")[0] == "InvalidRequestException"
    assert ready.describe()["status"] == "ACTIVE"
    ready.later()
    assert ready.update_status(begun, addonName="vpc-cni")["status"] == "Successful"
    shown = describe(ready)
    assert (shown["status"], shown["addonVersion"]) == ("ACTIVE", newest)
    assert ready.eks.list_updates(name="one", addonName="vpc-cni")["updateIds"] == [begun["id"]]
    assert begun["id"] not in ready.eks.list_updates(name="one")["updateIds"]
    assert refused(ready.update_status, update=begun)[0] == ABSENT


def test_a_deployment_waits_for_nodes(account: Account) -> None:
    account.cluster()
    create(account, "coredns")
    create(account)
    account.later()
    assert describe(account)["status"] == "ACTIVE"
    shown = describe(account, "coredns")
    assert (shown["status"], shown["health"]["issues"][0]["code"]) == ("DEGRADED", "InsufficientNumberOfReplicas")
    account.eks.create_nodegroup(clusterName="one", nodegroupName="g", subnets=account.subnets, nodeRole=account.node_role)
    account.later()
    assert describe(account, "coredns")["status"] == "ACTIVE"
    account.eks.delete_nodegroup(clusterName="one", nodegroupName="g")
    account.later()
    assert describe(account, "coredns")["status"] == "DEGRADED"


def test_an_add_on_can_degrade(ready: Account) -> None:
    ready.state.faults.degrade_addon("one", "vpc-cni", "AddonPermissionFailure", "no permissions", "aws-node")
    create(ready)
    ready.later()
    shown = describe(ready)
    assert shown["status"] == "DEGRADED"
    assert shown["health"]["issues"] == [{"code": "AddonPermissionFailure", "message": "no permissions", "resourceIds": ["aws-node"]}]
    update(ready)
    ready.later()
    assert describe(ready)["status"] == "ACTIVE"


def test_conflicts_are_resolved_as_it_is_said(ready: Account) -> None:
    ready.state.faults.conflict("one", "kube-proxy", "DaemonSet.apps kube-proxy - .spec.template")
    create(ready, "kube-proxy")
    ready.later()
    shown = describe(ready, "kube-proxy")
    assert (shown["status"], shown["health"]["issues"][0]["code"]) == ("CREATE_FAILED", "ConfigurationConflict")
    failed = update(ready, "kube-proxy", resolveConflicts="NONE")
    ready.later()
    told = ready.update_status(failed, addonName="kube-proxy")
    assert (told["status"], told["errors"][0]["errorCode"]) == ("Failed", "ConfigurationConflict")
    assert describe(ready, "kube-proxy")["status"] == "UPDATE_FAILED"
    for mode in ("PRESERVE", "OVERWRITE", "NONE"):
        update(ready, "kube-proxy", resolveConflicts=mode)
        ready.later()
        assert describe(ready, "kube-proxy")["status"] == "ACTIVE", mode


def test_an_add_on_is_deleted(ready: Account) -> None:
    create(ready)
    ready.later()
    assert ready.eks.delete_addon(clusterName="one", addonName="vpc-cni", preserve=True)["addon"]["status"] == "DELETING"
    ready.later()
    assert refused(describe, account=ready)[0] == ABSENT


def test_an_add_on_owns_its_identities(ready: Account) -> None:
    role, other = ready.role_for("pods", PODS), ready.role_for("pods-2", PODS)
    asked = [{"serviceAccount": "external-dns", "roleArn": role}]
    made = create(ready, "external-dns", podIdentityAssociations=asked)
    ready.later()
    listed = ready.eks.list_pod_identity_associations(clusterName="one")["associations"]
    assert [(found["namespace"], found["serviceAccount"], found["ownerArn"]) for found in listed] == [("external-dns", "external-dns", made["addonArn"])]
    assert describe(ready, "external-dns")["podIdentityAssociations"] == [listed[0]["associationArn"]]
    owned = {"clusterName": "one", "associationId": listed[0]["associationId"]}
    assert refused(ready.eks.delete_pod_identity_association, **owned)[0] == "InvalidRequestException"
    assert refused(ready.eks.update_pod_identity_association, **owned, roleArn=other)[0] == "InvalidRequestException"
    associate(ready, namespace="external-dns", serviceAccount="mine", roleArn=role)
    taken = [{"serviceAccount": "mine", "roleArn": role}]
    assert refused(update, account=ready, name="external-dns", podIdentityAssociations=taken)[0] == IN_USE
    mine = ready.eks.list_pod_identity_associations(clusterName="one", serviceAccount="mine")["associations"][0]["associationId"]
    ready.eks.delete_pod_identity_association(clusterName="one", associationId=mine)
    update(ready, "external-dns")
    ready.later()
    assert len(ready.eks.list_pod_identity_associations(clusterName="one")["associations"]) == 1
    update(ready, "external-dns", podIdentityAssociations=[{"serviceAccount": "external-dns", "roleArn": other}])
    ready.later()
    found = ready.eks.list_pod_identity_associations(clusterName="one")["associations"][0]["associationId"]
    assert ready.eks.describe_pod_identity_association(clusterName="one", associationId=found)["association"]["roleArn"] == other
    update(ready, "external-dns", podIdentityAssociations=[])
    ready.later()
    assert ready.eks.list_pod_identity_associations(clusterName="one")["associations"] == []


def associate(account: Account, **more: Any) -> dict[str, Any]:
    arguments = {"clusterName": "one", "namespace": "a", "serviceAccount": "s", "roleArn": account.role_for("pods", PODS)} | more
    made: dict[str, Any] = account.eks.create_pod_identity_association(**arguments)["association"]
    return made


def test_a_service_account_gets_a_role(ready: Account) -> None:
    made = associate(ready, tags={"a": "b"})
    assert made["associationArn"].endswith(f":podidentityassociation/one/{made['associationId']}")
    assert made["disableSessionTags"] is False
    asked = {"clusterName": "one", "associationId": made["associationId"]}
    assert ready.eks.describe_pod_identity_association(**asked)["association"] == made
    assert refused(associate, account=ready) == (IN_USE, f"Association already exists: {made['associationId']}")
    assert refused(ready.eks.update_pod_identity_association, **asked)[0] == INVALID
    changed = ready.eks.update_pod_identity_association(**asked, roleArn=ready.role_for("pods-2", PODS))["association"]
    assert changed["roleArn"] != made["roleArn"]
    assert ready.eks.delete_pod_identity_association(**asked)["association"]["associationId"] == made["associationId"]
    assert refused(ready.eks.describe_pod_identity_association, **asked)[0] == ABSENT


def test_a_target_role_and_a_policy(ready: Account) -> None:
    target = "arn:aws:iam::999999999999:role/other"
    assert associate(ready, targetRoleArn=target)["externalId"]
    policy = {"policy": '{"Version": "2012-10-17", "Statement": []}', "serviceAccount": "t"}
    assert refused(associate, account=ready, **policy)[1] == "disableSessionTags must be true when policy is specified"
    assert associate(ready, **policy, disableSessionTags=True)["policy"] == policy["policy"]
    assert refused(associate, account=ready, policy="{", serviceAccount="u", disableSessionTags=True)[1] == "The policy is not valid JSON"


def test_the_role_must_be_one_that_pods_can_have(ready: Account) -> None:
    assert "does not exist" in refused(associate, account=ready, roleArn="arn:aws:iam::123456789012:role/none")[1]
    assert PODS in refused(associate, account=ready, roleArn=ready.node_role)[1]
    assert "cluster's account" in refused(associate, account=ready, roleArn="arn:aws:iam::999999999999:role/x")[1]


def test_associations_are_listed_by_what_they_are_for(ready: Account) -> None:
    for namespace, name in (("a", "s"), ("a", "t"), ("b", "s")):
        associate(ready, namespace=namespace, serviceAccount=name)
    listed = ready.eks.list_pod_identity_associations(clusterName="one", namespace="a")["associations"]
    assert [found["serviceAccount"] for found in listed] == ["s", "t"]
    assert set(listed[0]) == {"clusterName", "namespace", "serviceAccount", "associationArn", "associationId"}
    pages = ready.eks.get_paginator("list_pod_identity_associations").paginate(clusterName="one", PaginationConfig={"PageSize": 2})
    assert [len(page["associations"]) for page in pages] == [2, 1]
