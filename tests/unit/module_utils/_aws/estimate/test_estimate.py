# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums that were worked out by hand, from the prices in the table; and what holds for every sum."""

from __future__ import annotations

import random
import re
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate import prices
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.estimate import Result, estimate
from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.options import OF_ROLES, OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from support.tree import CHECKOUT, load_yaml

TODAY = date(2026, 11, 22)
ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
MIB = 2**20


def service(replicas: int, cpu: float = 0.05, memory: int = 64 * MIB) -> dict[str, Any]:
    return {"replicas": replicas, "requests": {"cpu": cpu, "memory": memory}}


PROD: dict[str, Any] = {
    "environment": "prod",
    "region": "eu-central-1",
    "services": {"hello": service(3), "herald": service(3, 0.025, 48 * MIB)},
    "pods": {"redis": 1, "postgres-client": 1, "external-secrets": 1},
    "cluster": {"zones": ZONES, "nat": "one_per_zone"},
    "database": {"instance_class": "db.m7g.large", "storage_gib": 100},
    "load_balancer": "internet-facing",
    "registry": True,
}


def asked(today: date = TODAY, **args: Any) -> Result:
    checked = ArgumentSpecValidator(OPTIONS).validate(deepcopy({"environment": "test", "region": "eu-central-1", **args}))
    assert not checked.error_messages, checked.error_messages
    return estimate(request(checked.validated_parameters), today)


def amounts(result: Result) -> dict[str, float | None]:
    return {each.item: each.monthly for each in result.items}


def of(start: str, result: Result) -> Any:
    return next(each for each in result.items if each.item.startswith(start))


# --- sums


def test_prod_with_a_standby_and_a_gateway_in_each_zone() -> None:
    result = asked(**PROD)
    assert amounts(result) == {
        "EKS control plane": 73.00,  # 730 h x 0.10
        "nodes, c5a.large": 190.53,  # 3 zones x 730 x 0.087
        "Auto Mode on them": 22.86,  # 12 % of it
        "volumes of nodes, GiB": 22.85,  # 3 x 80 GiB x 0.0952
        "NAT gateways": 113.88,  # 3 x 730 x 0.052
        "Application Load Balancer": 19.71,  # 730 x 0.027
        "public IPv4 addresses": 21.90,  # 3 gateways and 3 of the load balancer, x 730 x 0.005
        "RDS PostgreSQL, db.m7g.large, with its standby": 292.73,  # 730 x 0.401
        "RDS storage, gp3, with its standby, GiB": 27.40,  # 100 x 0.274
        "KMS keys": 2.00,
        "secrets in Secrets Manager": 0.40,
    }
    assert (result.total, result.complete, result.changed) == (787.26, True, False)
    assert [each.item for each in result.by_use] == ["backups beyond 100 GiB", "logs in CloudWatch", "images in ECR"]
    assert all(each.monthly is None and each.unit_price for each in result.by_use)


def test_a_small_one_in_one_zone_with_one_gateway() -> None:
    result = asked(
        region="us-east-1",
        services={"hello": service(1)},
        cluster={"zones": ["us-east-1a", "us-east-1b", "us-east-1c"], "nat": "single", "addons": []},
        database={"multi_az": False},
    )
    assert amounts(result) == {
        "EKS control plane": 73.00,
        "nodes, c6a.large": 55.85,  # 730 x 0.0765 = 55.845
        "Auto Mode on them": 6.70,  # 730 x 0.00918
        "volumes of nodes, GiB": 6.40,  # 80 x 0.08
        "NAT gateways": 32.85,
        "public IPv4 addresses": 3.65,
        "RDS PostgreSQL, db.t4g.medium, one zone": 47.45,  # 730 x 0.065
        "RDS storage, gp3, one zone, GiB": 2.30,  # 20 x 0.115
        "KMS keys": 2.00,
        "secrets in Secrets Manager": 0.40,
    }
    assert (result.total, result.complete) == (230.60, True)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"cluster": {"zones": ZONES, "nat": "single"}}, -2 * (37.96 + 3.65)),
        ({"cluster": {"zones": ZONES, "nat": "none"}}, -3 * (37.96 + 3.65)),
        ({"cluster": {"zones": ZONES, "nat": "one_per_zone", "interface_endpoints": ["ecr.api", "ecr.dkr"]}}, 52.56),  # 2 x 3 x 730 x 0.012
        ({"database": {"instance_class": "db.m7g.large", "storage_gib": 100, "multi_az": False}}, -(292.73 - 146.00) - (27.40 - 13.70)),
        ({"database": {"instance_class": "db.m7g.large", "storage_gib": 100, "kms_key": "arn"}}, -1.00),
        ({"load_balancer": "internal"}, -3 * 3.65),
        ({"load_balancer": "none"}, -19.71 - 3 * 3.65),
        ({"secrets": 5}, 2.00),
        ({"registry": False}, 0),
    ],
)
def test_what_a_choice_changes(change: dict[str, Any], difference: float) -> None:
    result = asked(**PROD | change)
    assert (round(result.total - 787.26, 2), result.complete) == (round(difference, 2), True)


def test_node_groups_by_their_number_and_type() -> None:
    groups = [
        {"name": "web", "instance_types": ["m7g.large", "m7i.large"], "scaling": {"min": 1, "max": 5, "desired": 2}, "disk_size": 50},
        {"name": "plain", "scaling": {"min": 1, "max": 2}},
    ]
    result = asked(cluster={"zones": ZONES, "nat": "none", "nodes": "managed", "nodegroups": groups}, services={"hello": service(9)})
    assert amounts(result) == {
        "EKS control plane": 73.00,
        "nodes of web, m7g.large": 142.79,  # 2 x 730 x 0.0978
        "volumes of web, GiB": 9.52,  # 2 x 50 x 0.0952
        "nodes of plain, t3.medium": 35.04,  # what EKS takes by itself: 730 x 0.048
        "volumes of plain, GiB": 1.90,
        "KMS keys": 1.00,
    }


# --- nodes of Auto Mode


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ({"web": service(1, 0.1)}, "1 c5a.large"),
        ({"web": service(2, 0.1)}, "2 c5a.large"),
        ({"web": service(7, 0.1)}, "3 c5a.large"),  # as many zones as there are
        ({"web": service(3, 1.9)}, "3 c5a.large"),  # 1.93 of 2 are left for pods
        ({"web": service(3, 1.94)}, "3 c5a.xlarge"),
        ({"web": service(1, 0.1, 2223 * MIB)}, "1 c5a.large"),  # 4096 x 0.925 - 1565 MiB
        ({"web": service(1, 0.1, 2224 * MIB)}, "1 m6a.large"),
        ({"web": service(12, 1)}, "4 c5a.xlarge"),  # three on each, which leaves 0.92 of it; of large ones twelve
    ],
)
def test_nodes_are_the_cheapest_that_hold_the_requests(services: dict[str, Any], expected: str) -> None:
    line = of("nodes, ", asked(services=services, cluster={"zones": ZONES, "addons": []}))
    assert f"{line.quantity} {line.item.removeprefix('nodes, ')}" == expected


def test_without_pods_there_is_no_node() -> None:
    assert not [name for name in amounts(asked(cluster={"zones": ZONES, "addons": []}, pods={"redis": 0})) if "node" in name]


# --- what is not known


def test_a_class_without_a_price() -> None:
    result = asked(**PROD | {"database": {"instance_class": "db.x2g.large", "storage_gib": 100}})
    line = of("RDS PostgreSQL", result)
    assert (line.monthly, line.unit_price, line.source) == (None, None, "")
    assert (result.total, result.complete) == (494.53, False)
    text = "\n".join(result.lines)
    assert re.search(r"db\.x2g\.large, with its standby +1 +not known +not known", text)
    assert re.search(r"total, at least +494\.53", text)


def test_a_region_without_prices() -> None:
    result = asked(**PROD | {"region": "ap-southeast-2"})
    assert (result.total, result.complete) == (0, False)
    assert {each.monthly for each in result.items} == {None}
    assert len(result.items) > 8
    assert result.prices == {"region": "ap-southeast-2", "oldest": "", "newest": ""}
    assert "no prices of ap-southeast-2 are known" in result.lines[1]


@pytest.mark.parametrize(
    "change",
    [
        {"cluster": {"zones": ZONES, "nodes": "managed", "nodegroups": [{"name": "a", "capacity_type": "SPOT", "scaling": {"desired": 1}}]}},
        {"cluster": {"zones": ZONES, "nodes": "managed", "nodegroups": [{"name": "a"}]}},
        {"cluster": {"zones": ZONES, "nodes": "managed", "nodegroups": [{"name": "a", "instance_types": ["p5.48xlarge"], "scaling": {"desired": 1}}]}},
        {"cluster": {"zones": ZONES, "version": "1.99"}},
        {"cluster": {"zones": ZONES}, "services": {"vast": service(1, 400)}},
        {"cluster": None},  # of a load balancer that faces the internet nobody knows the zones
    ],
)
def test_what_makes_it_cost_at_least(change: dict[str, Any]) -> None:
    result = asked(**{name: value for name, value in (PROD | change).items() if value is not None})
    assert not result.complete
    assert any("total, at least" in line for line in result.lines)


# --- support, sharing, mistakes


@pytest.mark.parametrize(("today", "extra"), [(date(2027, 3, 26), None), (date(2027, 3, 27), 365.00)])
def test_the_day_on_which_standard_support_ends(today: date, extra: float | None) -> None:
    result = asked(today, cluster={"zones": ZONES, "version": "1.35"})
    assert amounts(result).get("extended support of Kubernetes 1.35") == extra
    assert any("ended on 2027-03-27" in note for note in result.notes) == (extra is not None)


def test_a_shared_cluster_is_counted_whole_and_said_to_be_shared() -> None:
    own, shared = (asked(**PROD | {"environment": "dev", "cluster": {"zones": ZONES, "shared_as": name}}) for name in ("", "nonprod"))
    assert shared.total == own.total
    assert [note for note in shared.notes if note not in own.notes] == [
        "the cluster is shared (nonprod): it is counted whole here, and its nodes for the pods of dev alone"
    ]


def test_mistakes() -> None:
    with pytest.raises(InvalidInput, match="secrets: -1"):
        asked(secrets=-1)
    with pytest.raises(InvalidInput, match=r"pods: no role brings 'reddis'.*did you mean .redis"):
        asked(pods={"reddis": 1})


# --- what always holds


def _more(pick: random.Random, args: dict[str, Any]) -> None:
    """One thing more, of any kind."""
    cluster, database = args["cluster"], args["database"]
    name = pick.choice([*args["services"], f"new{len(args['services'])}"])
    found = args["services"].setdefault(name, service(0, 0.01, MIB))
    pick.choice(
        [
            lambda: found.update(replicas=found["replicas"] + 1),
            lambda: found["requests"].update(cpu=found["requests"]["cpu"] + pick.choice([0.05, 0.5, 3.0])),
            lambda: found["requests"].update(memory=found["requests"]["memory"] + pick.choice([64, 900, 9000]) * MIB),
            lambda: args["pods"].update(redis=args["pods"].get("redis", 0) + 1),
            lambda: cluster["zones"].append(f"zone{len(cluster['zones'])}"),
            lambda: cluster["interface_endpoints"].append("sts"),
            lambda: cluster.update(nat={"none": "single"}.get(cluster["nat"], "one_per_zone")),
            lambda: database.update(storage_gib=database["storage_gib"] + 7),
            lambda: database.update(multi_az=True),
            lambda: args.update(secrets=args["secrets"] + 1),
            lambda: args.update(load_balancer={"none": "internal"}.get(args["load_balancer"], "internet-facing")),
        ]
    )()


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_more_of_anything_never_costs_less(seed: int, region: str) -> None:
    pick = random.Random(seed)
    args: dict[str, Any] = {
        "region": region,
        "services": {},
        "pods": {},
        "cluster": {"zones": ["a"], "nat": "none", "interface_endpoints": []},
        "database": {"multi_az": False},
        "load_balancer": "none",
        "secrets": 0,
    }
    args["database"]["storage_gib"] = 20
    before = asked(**args)
    for _ in range(60):
        _more(pick, args)
        after = asked(**args)
        if not after.complete:
            return  # a pod that no type of the table holds: what it costs is not known
        assert after.total >= before.total, (before.items, after.items)
        assert after.total == round(sum(each.monthly or 0 for each in after.items), 2)
        before = after


# --- the table


def test_every_price_has_its_day_and_its_source() -> None:
    for price in prices.PRICES.values():
        assert date(2025, 1, 1) < price.source.day <= TODAY
        assert "://" in price.source.where or "Price List API" in price.source.where
        assert price.usd > 0
    names = {region: {name for where, name in prices.PRICES if where == region} for region in ("us-east-1", "eu-central-1")}
    assert names["us-east-1"] == names["eu-central-1"]


def test_a_standby_costs_as_much_again() -> None:
    for (region, name), price in prices.PRICES.items():
        if name.startswith("multi:"):
            alone = prices.PRICES[region, name.removeprefix("multi:")]
            assert 1.9 < price.usd / alone.usd < 2.1, name


def test_the_result_says_of_when_its_prices_are() -> None:
    result = asked(**PROD)
    days = sorted(each.day for each in (*result.items, *result.by_use))
    assert (result.prices["oldest"], result.prices["newest"]) == (days[0], days[-1])
    assert f"list prices of eu-central-1, on demand, as they were between {days[0]} and {days[-1]}" in result.lines[1]


def test_the_table_as_people_see_it() -> None:
    result = asked(environment="dev", cluster={"zones": ZONES[:1], "addons": []})
    assert list(result.lines) == [
        "",
        "What dev costs a month on AWS, about: list prices of eu-central-1, on demand, as they were between 2025-06-05 and 2025-06-25",
        "",
        "                         number  price           $ a month",
        "  EKS control plane           1  $0.10 an hour       73.00",
        "  NAT gateways                1  $0.052 an hour      37.96",
        "  public IPv4 addresses       1  $0.005 an hour       3.65",
        "  KMS keys                    1  $1.00 a month        1.00",
        "  total                                             115.61",
        "",
        "  by use     logs in CloudWatch, $0.63 a GB",
        "  not in it  traffic (out of AWS, between zones, through NAT gateways and endpoints); capacity units of the load",
        "             balancer; requests (KMS, Secrets Manager, Route 53); pods beyond the replicas that the inventory says;",
        "             volumes of pods; storage that grows; what rotation adds to keys; the hosted zone, which is there",
        "             already; taxes and discounts",
        "",
    ]


# --- what roles say of themselves


def test_defaults_are_those_of_the_roles() -> None:
    of_roles = {role: load_yaml(CHECKOUT / "roles" / role / "defaults/main.yml") for role in ("eks", "postgres")}
    for role, option, without in (("eks", "cluster", {"zones", "shared_as"}), ("postgres", "database", set[str]())):
        mine = {name: spec.get("default") for name, spec in OPTIONS[option]["options"].items() if name not in without}
        assert mine == {name: of_roles[role][f"{role}_{name}"] for name in mine}


def test_requests_are_those_of_the_templates() -> None:
    found: dict[str, list[tuple[int, int]]] = {}
    templates = (
        "secrets/templates/operator",
        "ingress/templates/objects",
        "postgres/templates/objects",
        "postgres/templates/client",
        "redis/templates/objects",
    )
    for name in templates:
        role = name.partition("/")[0]
        text = (CHECKOUT / "roles" / f"{name}.yml.j2").read_text()
        for variable, value in load_yaml(CHECKOUT / "roles" / role / "defaults/main.yml").items():
            text = text.replace(f"{{{{ {variable} // 2 }}}}", str(value // 2) if isinstance(value, int) else "")
        found[name] = [(int(cpu), int(memory) * MIB) for cpu, memory in re.findall(r"requests: {cpu: (\d+)m, memory: (\d+)Mi}", text)]
    expected = (["external-secrets"], ["gateway"], ["postgres", "postgres-exporter"], ["postgres-client"], ["redis"])
    assert found == {name: [OF_ROLES[kind] for kind in kinds] for name, kinds in zip(templates, expected, strict=True)}
    assert sorted(kind for kinds in expected for kind in kinds) == sorted(OF_ROLES)
