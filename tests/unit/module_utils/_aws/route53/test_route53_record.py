# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records in Route 53, asked from outside with boto3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.ensure import ensure
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.options import OPTIONS, request
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.records import text
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput, NotFound
from support.aws_core import Account, account

WWW = {"name": "www.example.com", "type": "A", "values": ["192.0.2.1", "192.0.2.2"]}
TARGET = {"dns_name": "shop-1.eu-central-1.elb.amazonaws.com", "zone_id": "Z215JYRZR1TBD5"}
SHOP = {"name": "Shop.example.com.", "type": "A", "alias": TARGET}
NOTE = {"name": "note.example.com", "type": "TXT", "values": ['say "hi"', "v=spf1 -all"], "ttl": 60}
STAR = {"name": "*.dev.example.com", "type": "CNAME", "values": ["www.example.com"]}
ALL = [WWW, SHOP, NOTE, STAR]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account(monkeypatch, OPTIONS, request, ensure) as found:
        yield found


@pytest.fixture
def zone(dns: Account) -> str:
    return made(dns)


def made(dns: Account, name: str = "example.com", **more: Any) -> str:
    reference = f"{name}-{len(dns.client('route53').list_hosted_zones()['HostedZones'])}"
    created = dns.client("route53").create_hosted_zone(Name=name, CallerReference=reference, **more)
    return str(created["HostedZone"]["Id"]).rpartition("/")[2]


def put(dns: Account, zone: str, **record: Any) -> None:
    dns.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": {"TTL": 60, **record}}]}
    )


def records(dns: Account, zone: str) -> dict[tuple[str, str], Any]:
    found = dns.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {
        (each["Name"], each["Type"]): each.get("AliasTarget") or [value["Value"] for value in each["ResourceRecords"]]
        for each in found
        if each["Type"] not in ("NS", "SOA")
    }


def test_made_and_then_left_alone(dns: Account, zone: str) -> None:
    with dns.counted() as calls:
        result = dns.run(zone="example.com", records=ALL)
    assert calls["!ChangeResourceRecordSets"] == 1
    assert calls["ListResourceRecordSets"] == 4
    assert any("records of zone example.com: PENDING" in line for line in dns.lines)
    assert (result.zone, result.zone_id, len(result.actions)) == ("example.com", zone, 4)
    found = records(dns, zone)
    assert found["www.example.com.", "A"] == ["192.0.2.1", "192.0.2.2"]
    assert found["note.example.com.", "TXT"] == ['"say \\"hi\\""', '"v=spf1 -all"']
    assert found["shop.example.com.", "A"]["DNSName"].rstrip(".") == TARGET["dns_name"]
    with dns.counted() as second:
        assert not dns.run(zone="example.com.", records=ALL).changed
    assert second == {"ListHostedZonesByName": 1, "ListResourceRecordSets": 4}


def test_check_mode_foresees(dns: Account, zone: str) -> None:
    with dns.counted() as calls:
        foreseen = dns.run(check=True, zone_id=zone, records=ALL)
        dns.run(check=True, zone_id=LATER, records=[{**SHOP, "alias": {"dns_name": LATER, "zone_id": LATER}}])
    assert dns.writes(calls) == []
    done = dns.run(zone_id=zone, records=ALL)
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)


@pytest.mark.parametrize(
    "same",
    [
        {**WWW, "values": ["192.0.2.2", "192.0.2.1"]},
        {**SHOP, "name": "shop.example.com", "alias": {**TARGET, "dns_name": TARGET["dns_name"].upper() + "."}},
        {**NOTE, "values": ['"v=spf1 -all"', '"say \\"hi\\""']},
        {**STAR, "values": ["WWW.example.com."]},
    ],
)
def test_the_same_in_other_words(dns: Account, zone: str, same: dict[str, Any]) -> None:
    dns.run(zone="example.com", records=ALL)
    assert not dns.run(zone="example.com", records=[same]).changed


def test_what_is_there_with_another_content_is_told_and_left(dns: Account, zone: str) -> None:
    put(dns, zone, Name="www.example.com", Type="A", ResourceRecords=[{"Value": "198.51.100.7"}])
    put(dns, zone, Name="www.example.com", Type="TXT", ResourceRecords=[{"Value": '"heritage=external-dns,external-dns/owner=shop,external-dns/resource=x"'}])
    for check in (True, False):
        with dns.counted() as calls, pytest.raises(Conflict, match=r"external-dns keeps it for shop\): 198\.51\.100\.7 \(ttl 60\); write overwrite: true"):
            dns.run(check=check, zone="example.com", records=ALL)
        assert dns.writes(calls) == []
    with pytest.raises(Conflict, match="write overwrite: true"):
        dns.run(zone="example.com", records=[WWW], state="absent")
    assert dns.run(zone="example.com", records=[WWW], overwrite=True).changed
    assert records(dns, zone)["www.example.com.", "A"] == ["192.0.2.1", "192.0.2.2"]
    assert ("www.example.com.", "TXT") in records(dns, zone)


def test_routed_records_are_never_touched(dns: Account, zone: str) -> None:
    put(dns, zone, Name="www.example.com", Type="A", SetIdentifier="blue", Weight=10, ResourceRecords=[{"Value": "192.0.2.1"}])
    with pytest.raises(Conflict, match=r"is routed by a policy \(blue\)"):
        dns.run(zone="example.com", records=[WWW], overwrite=True)


def test_a_cname_stands_alone(dns: Account, zone: str) -> None:
    put(dns, zone, Name="www.example.com", Type="TXT", ResourceRecords=[{"Value": '"x"'}])
    with pytest.raises(Conflict, match="can't stand beside TXT"):
        dns.run(zone="example.com", records=[{"name": "www.example.com", "type": "CNAME", "values": ["example.com"]}])


def test_absent(dns: Account, zone: str) -> None:
    dns.run(zone="example.com", records=ALL)
    gone = [WWW, SHOP, {"name": "note.example.com", "type": "TXT"}]
    foreseen = dns.run(check=True, zone="example.com", records=gone, state="absent")
    done = dns.run(zone="example.com", records=gone, state="absent")
    assert (foreseen.before, foreseen.after, foreseen.actions) == (done.before, done.after, done.actions)
    assert [name.replace("\\052", "*") for name, _ in records(dns, zone)] == ["*.dev.example.com."]
    with dns.counted() as second:
        assert not dns.run(zone="example.com", records=gone, state="absent").changed
    assert dns.writes(second) == []


def test_which_zone(dns: Account) -> None:
    with pytest.raises(NotFound, match=r"no public zone example\.com; correct the name"):
        dns.run(zone="example.com", records=[WWW])
    with pytest.raises(NotFound, match="this account has no zone Z0"):
        dns.run(zone_id="Z0", records=[WWW])
    vpc = dns.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    inner = made(dns, VPC={"VPCRegion": "eu-central-1", "VPCId": vpc}, HostedZoneConfig={"PrivateZone": True})
    with pytest.raises(NotFound, match=r"there is a private one \(private: true\)"):
        dns.run(zone="example.com", records=[WWW])
    outer = made(dns)
    assert dns.run(zone="example.com", private=True, records=[WWW]).zone_id == inner
    assert dns.run(zone="example.com", records=[WWW]).zone_id == outer
    made(dns)
    with pytest.raises(Conflict, match=r"has 2 public zones example\.com .*write zone_id"):
        dns.run(zone="example.com", records=[WWW])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"records": [{**WWW, "name": "www.example.org"}]}, "www.example.org: not in zone example.com"),
        ({"records": [{**WWW, "name": "wwwexample.com"}]}, "wwwexample.com: not in zone"),
        ({"records": [{**WWW, "values": []}]}, "record www.example.com A: it says nothing"),
        ({"records": [{**WWW, "values": ["www"]}]}, "'www' is no address for A"),
        ({"records": [{**WWW, "alias": TARGET}]}, "alias and values are there"),
        ({"records": [{**STAR, "values": ["a", "b"]}]}, "a CNAME has one"),
        ({"records": [{**SHOP, "type": "TXT"}]}, "only A and AAAA"),
        ({"records": [WWW, {**WWW}]}, "www.example.com A is there twice"),
        ({"records": [WWW], "zone_id": "Z1"}, "zone: write the zone's name, or its zone_id"),
        ({"records": [WWW], "zone": ""}, "zone: write the zone's name, or its zone_id"),
    ],
)
def test_wrong_input(dns: Account, zone: str, wrong: dict[str, Any], says: str) -> None:
    with dns.counted() as calls, pytest.raises(InvalidInput, match=says):
        dns.run(**{"zone": "example.com", **wrong})
    assert dns.writes(calls) == []


def test_long_texts_are_cut_where_octets_end() -> None:
    assert text("a" * 256) == f'"{"a" * 255}" "a"'
    assert text("é" * 128) == f'"{"é" * 127}" "é"'
