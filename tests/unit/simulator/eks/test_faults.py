# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls that are accepted, and what they began ends badly."""

from __future__ import annotations

from support.eks import Account

from simulator.faults import Fault


def test_a_cluster_an_add_on_and_an_update(account: Account) -> None:
    account.aws.faults.append(Fault("fails_later", "eks", "CreateCluster", code="VpcNotFound", message="the VPC is gone"))
    shown = account.cluster()
    assert (shown["status"], shown["health"]["issues"][0]["code"]) == ("FAILED", "VpcNotFound")
    account.eks.delete_cluster(name="one")
    account.later()

    account.cluster()
    account.aws.faults.append(Fault("fails_later", "eks", "CreateAddon", where={"addonName": "vpc-cni"}, code="AccessDenied"))
    for name in ("kube-proxy", "vpc-cni"):
        account.eks.create_addon(clusterName="one", addonName=name)
    account.later()
    addons = {name: account.eks.describe_addon(clusterName="one", addonName=name)["addon"] for name in ("kube-proxy", "vpc-cni")}
    assert {name: addon["status"] for name, addon in addons.items()} == {"kube-proxy": "ACTIVE", "vpc-cni": "DEGRADED"}
    assert addons["vpc-cni"]["health"]["issues"] == [{"code": "AccessDenied", "message": "On demand", "resourceIds": []}]

    account.aws.faults.append(Fault("fails_later", "eks", "UpdateClusterVersion", code="IpNotAvailable", message="no addresses"))
    begun = account.eks.update_cluster_version(name="one", version="1.36")["update"]
    account.later()
    assert account.update_status(begun)["errors"] == [{"errorCode": "IpNotAvailable", "errorMessage": "no addresses", "resourceIds": []}]
    assert account.describe()["version"] == "1.35"
