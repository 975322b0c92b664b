# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that EKS tells, and what it says when it can't."""

from __future__ import annotations

from support.eks_core import Rig

from simulator.faults import Fault


def test_a_cluster_with_all_that_belongs_to_it(rig: Rig) -> None:
    rig.cluster(version="1.34")
    rig.eks.create_nodegroup(clusterName="one", nodegroupName="workers", subnets=rig.subnets, nodeRole=rig.node_role)
    rig.eks.create_addon(clusterName="one", addonName="coredns")
    rig.state.faults.find("one", "Kubelet version skew", "ERROR", "nodes are old")
    rig.later()
    with rig.nothing_written():
        found = rig.info(name="one")
    assert (found.changed, found.clusters, found.status, found.problems) == (False, ("one",), "ACTIVE", ())
    assert (found.settings["version"], found.settings["access_mode"], found.settings["upgrade_policy"]) == ("1.34", "API", "EXTENDED")
    assert (found.support.status, found.support.standard_days_left) == ("STANDARD_SUPPORT", 10)
    assert [(each.name, each.version, each.status) for each in found.nodegroups] == [("workers", "1.34", "ACTIVE")]
    assert [(each.name, each.status) for each in found.addons] == [("coredns", "ACTIVE")]
    assert ("Kubelet version skew", "ERROR", "nodes are old") in [(each.name, each.status, each.reason) for each in found.insights]
    assert [each.version for each in found.versions][:3] == ["1.36", "1.35", "1.34"]


def test_its_settings_are_what_eks_cluster_takes(rig: Rig) -> None:
    rig.ensure(logs=["api"], zonal_shift=True, **{"auto_mode": {"enabled": True}})
    settings = dict(rig.info(name="one").settings)
    settings["auto_mode"] = {"enabled": True}
    assert not rig.ensure(**settings).changed


def test_one_that_is_not_there_is_absent(rig: Rig) -> None:
    found = rig.info(name="one")
    assert (found.status, found.problems) == ("absent", ())


def test_without_a_name_there_are_names_and_versions(rig: Rig) -> None:
    rig.create()
    found = rig.info()
    assert (found.clusters, found.status) == (("one",), "")
    assert found.versions


def test_what_is_refused_is_unknown_and_not_absent(rig: Rig) -> None:
    rig.cluster()
    rig.aws.faults.append(Fault("error", "eks", "DescribeCluster", times=None, code="AccessDeniedException", status=403, message="no"))
    rig.aws.faults.append(Fault("error", "eks", "DescribeClusterVersions", times=None, code="AccessDeniedException", status=403, message="no"))
    found = rig.info(name="one")
    assert (found.status, found.clusters, found.versions) == ("unknown", ("one",), ())
    assert len(found.problems) == 2
    assert "allow eks:DescribeCluster to who asks" in found.problems[1]


def test_bad_news_is_news(rig: Rig) -> None:
    rig.state.faults.fail_cluster("one", "VpcNotFound", "the VPC is gone")
    rig.create()
    rig.later()
    found = rig.info(name="one")
    assert (found.status, found.issues) == ("FAILED", "VpcNotFound: the VPC is gone")
