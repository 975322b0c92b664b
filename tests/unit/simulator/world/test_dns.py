# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name server for pods, asked over UDP and TCP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from support.world import World, running

from simulator.world.dns import Server, machine_resolvers
from simulator.world.names import Names
from simulator.world.places import Place, Places
from simulator.world.relay import Loop

Ask = Callable[..., dns.message.Message]


@pytest.fixture(params=["udp", "tcp"])
def ask(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    places = {"*.rds.amazonaws.com": {"address": "10.89.0.1"}, "shop-1.eu-central-1.elb.amazonaws.com": {"address": "10.89.0.2"}}
    with running(tmp_path / "world", places=places) as found:
        found.into(monkeypatch)
        yield found


def asked(port: int, name: str, kind: str = "A", by: str = "udp") -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    return {"udp": dns.query.udp, "tcp": dns.query.tcp}[by](query, "127.0.0.1", 20, port)


def values(answer: dns.message.Message) -> list[str]:
    return [each.to_text() for rrset in answer.answer for each in rrset]


def zone(world: World, name: str, *records: dict[str, Any]) -> None:
    route53 = world.client("route53")
    found = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"]
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]}
    route53.change_resource_record_sets(HostedZoneId=found, ChangeBatch=batch)


def record(name: str, kind: str, *found: str) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value} for value in found]}


def alias(name: str, target: str) -> dict[str, Any]:
    return {"Name": name, "Type": "A", "AliasTarget": {"HostedZoneId": "Z215JYRZR1TBD5", "DNSName": target, "EvaluateTargetHealth": False}}


def test_the_records_of_route_53(world: World, ask: str) -> None:
    zone(
        world,
        "example.com",
        record("a.example.com", "A", "192.0.2.1", "192.0.2.2"),
        record("www.example.com", "CNAME", "a.example.com."),
        record("_acme.example.com", "TXT", '"one" "two"'),
        record("*.apps.example.com", "A", "192.0.2.3"),
        alias("shop.example.com", "dualstack.shop-1.eu-central-1.elb.amazonaws.com."),
        alias("example.com", "shop.example.com."),
        alias("lost.example.com", "gone-1.eu-central-1.elb.amazonaws.com."),
        record("mail.example.com", "MX", "10 mx.example.com."),
        record("bad.example.com", "MX", "mx.example.com."),
    )
    port = world.state.ports["dns"]
    answer = asked(port, "A.example.com", by=ask)
    assert (sorted(values(answer)), answer.answer[0].ttl) == (["192.0.2.1", "192.0.2.2"], 60)
    assert answer.flags & dns.flags.AA
    assert values(asked(port, "www.example.com", by=ask))[0] == "a.example.com."
    assert sorted(values(asked(port, "www.example.com", by=ask))[1:]) == ["192.0.2.1", "192.0.2.2"]
    assert values(asked(port, "_acme.example.com", "TXT", ask)) == ['"one" "two"']
    assert values(asked(port, "x.apps.example.com", by=ask)) == ["192.0.2.3"]
    assert values(asked(port, "shop.example.com", by=ask)) == values(asked(port, "example.com", by=ask)) == ["10.89.0.2"]
    assert values(asked(port, "mail.example.com", "MX", ask)) == ["10 mx.example.com."]
    assert values(asked(port, "example.com", "SOA", ask))[0].endswith(". hostmaster.example.com. 1 7200 900 1209600 86400")
    assert asked(port, "bad.example.com", "MX", ask).rcode() == dns.rcode.SERVFAIL
    for name, kind, code in (
        ("a.example.com", "AAAA", dns.rcode.NOERROR),
        ("apps.example.com", "A", dns.rcode.NOERROR),
        ("lost.example.com", "A", dns.rcode.NOERROR),
        ("nothing.example.com", "A", dns.rcode.NXDOMAIN),
    ):
        empty = asked(port, name, kind, ask)
        assert (empty.rcode(), values(empty), empty.authority[0].rdtype) == (code, [], dns.rdatatype.SOA), name


def test_names_of_aws(world: World) -> None:
    port = world.state.ports["dns"]
    assert values(asked(port, "secretsmanager.eu-central-1.amazonaws.com")) == ["127.0.0.1"], "the gate"
    assert values(asked(port, "secretsmanager.eu-central-1.amazonaws.com", "AAAA")) == []
    assert values(asked(port, "shop-1.eu-central-1.elb.amazonaws.com")) == ["10.89.0.2"]
    assert asked(port, "shop-2.eu-central-1.elb.amazonaws.com").rcode() == dns.rcode.NXDOMAIN
    database = "orders.aaaaaaaaaa.eu-central-1.rds.amazonaws.com"
    assert asked(port, database).rcode() == dns.rcode.NXDOMAIN, "there is no such instance"
    rds = world.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="orders",
        ManageMasterUserPassword=True,
    )
    world.clock.advance(3600)
    assert rds.describe_db_instances()["DBInstances"][0]["Endpoint"]["Address"] == database
    assert values(asked(port, database)) == ["10.89.0.1"]


class Resolver:
    """A resolver of the machine, in this process; it counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2))
        query = dns.message.from_wire(await reader.readexactly(size))
        wire = self.answer(query, 500).to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
        await writer.drain()
        writer.close()

    def answer(self, query: dns.message.Message, most: int) -> dns.message.Message:
        name = query.question[0].name.to_text()
        self.asked.append(name)
        response = dns.message.make_response(query)
        count = min(200 if name.startswith("large") else 1, most)
        if name.startswith("large") and count < 200:
            response.flags |= dns.flags.TC
        response.answer.append(dns.rrset.from_text_list(name, 30, "IN", "A", [f"198.51.100.{number}" for number in range(count)]))
        return response

    def udp(self) -> asyncio.DatagramProtocol:
        resolver = self

        class Protocol(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, addr: Any) -> None:
                self.transport.sendto(resolver.answer(dns.message.from_wire(data), 1).to_wire(), addr)

        return Protocol()


def test_everything_else_is_asked_of_the_machine_s_resolvers(world: World, ask: str) -> None:
    zone(world, "example.com", record("docs.example.com", "CNAME", "elsewhere.example.org."))
    resolver = Resolver()
    with Loop() as loop, loop.serving(resolver.tcp, "127.0.0.1", 0) as port, loop.datagrams(resolver.udp, "127.0.0.1", port):
        nobody = ("127.0.0.1", 1)
        server = Server(Names(world.simulator, Places({"*.elb.amazonaws.com": Place("10.0.0.1")})), [("127.0.0.1", port)])
        with loop.serving(server.tcp, "127.0.0.1", 0) as ours, loop.datagrams(server.udp, "127.0.0.1", ours):
            assert values(asked(ours, "one.example.org", by=ask)) == ["198.51.100.0"]
            assert values(asked(ours, "docs.example.com", by=ask)) == ["elsewhere.example.org.", "198.51.100.0"]
            large = asked(ours, "large.example.org", by=ask)
            assert (len(values(large)) == 200) == (ask == "tcp"), "what does not fit into a datagram is asked again over TCP"
            assert bool(large.flags & dns.flags.TC) == (ask == "udp")
            before = len(resolver.asked)
            assert asked(ours, "sts.amazonaws.com", by=ask).rcode() == dns.rcode.NXDOMAIN, "with no gate there is no AWS for pods"
            assert asked(ours, "a.example.com", by=ask).rcode() == dns.rcode.NXDOMAIN
            assert len(resolver.asked) == before, "AWS's names never leave"
        second = Server(Names(world.simulator, Places()), [nobody, ("127.0.0.1", port)], seconds=2)
        with loop.serving(second.tcp, "127.0.0.1", 0) as ours:
            assert values(asked(ours, "one.example.org", by="tcp")) == ["198.51.100.0"]
        lonely = Server(Names(world.simulator, Places()), [nobody], seconds=0.1)
        with loop.serving(lonely.tcp, "127.0.0.1", 0) as ours, loop.datagrams(lonely.udp, "127.0.0.1", ours):
            assert asked(ours, "one.example.org", by=ask).rcode() == dns.rcode.SERVFAIL


def test_what_is_no_question(world: World) -> None:
    server = Server(Names(world.simulator, Places()), [])
    assert asyncio.run(server.answered(b"nonsense", udp=True)) is None
    response = dns.message.make_response(dns.message.make_query("example.com", "A"))
    assert asyncio.run(server.answered(response.to_wire(), udp=True)) is None, "or two servers would answer each other for ever"
    status = dns.message.make_query("example.com", "A")
    status.set_opcode(2)
    answer = asyncio.run(server.answered(status.to_wire(), udp=True))
    assert answer
    assert dns.message.from_wire(answer).rcode() == dns.rcode.NOTIMP


def test_the_machine_s_resolvers_are_addresses() -> None:
    assert all(port == 53 and address.count(".") + address.count(":") > 1 for address, port in machine_resolvers())
