# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy: AWS is answered here, the names of Route 53 lead where they point, and the rest of the network is as it was."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from support import pki, web
from support.world import World, running

from simulator.world.authority import Authority


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with running(tmp_path / "world") as found:
        found.into(monkeypatch)
        yield found


@pytest.fixture
def site() -> Iterator[web.Web]:
    with web.running() as found:
        found.answers["/page"] = web.Answer(b"of the real network")
        yield found


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def told(world: World) -> Any:
    with urllib.request.urlopen(f"{world.state.url}/_simulator/world", timeout=30) as answer:
        return json.load(answer)


def connected(world: World, target: str) -> tuple[bytes, socket.socket]:
    """What the proxy answers to CONNECT."""
    connection = socket.create_connection(("127.0.0.1", world.state.ports["proxy"]), 30)
    connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: Basic secret\r\n\r\n".encode())
    return connection.recv(65536), connection


@pytest.mark.parametrize(
    ("service", "options"),
    [
        ("sts", {}),
        ("sts", {"region_name": "us-gov-west-1"}),
        ("ec2", {"config": Config(use_dualstack_endpoint=True)}),
        ("kms", {"config": Config(use_fips_endpoint=True), "region_name": "us-east-1"}),
        ("iam", {}),
        ("eks", {"config": Config(use_dualstack_endpoint=True)}),
        ("ecr", {}),
        ("secretsmanager", {}),
        ("route53", {}),
    ],
    ids=["sts", "sts-gov", "ec2-dualstack", "kms-fips", "iam", "eks-dualstack", "ecr", "secretsmanager", "route53"],
)
def test_clients_need_no_endpoint(world: World, service: str, options: dict[str, Any]) -> None:
    calls = {
        "sts": "get_caller_identity",
        "ec2": "describe_vpcs",
        "kms": "list_keys",
        "iam": "list_roles",
        "eks": "list_clusters",
        "ecr": "describe_repositories",
        "secretsmanager": "list_secrets",
        "route53": "list_hosted_zones",
    }
    world.simulator.regions |= {"us-gov-west-1"}
    client = world.client(service, **options)
    getattr(client, calls[service])()
    call = world.simulator.record.calls[-1]
    assert (call.service, call.region) == (service, "us-east-1" if service in ("iam", "route53") else client.meta.region_name)
    assert told(world)["passed"] == {}


def test_addresses_in_answers_are_those_that_were_asked_for(world: World) -> None:
    url = world.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
    assert url == "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"


def test_the_real_network_is_passed_on_unread(world: World, site: web.Web, tmp_path: Path) -> None:
    """TLS is with the server's own certificate, and nothing is kept but the host and the bytes."""
    issued = pki.issue("localhost", names=["localhost"], begins=pki.datetime.now(pki.UTC), ends=pki.datetime.now(pki.UTC) + pki.DAY)
    (tmp_path / "real.pem").write_bytes(issued.pem + issued.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "real.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer, raw = connected(world, f"localhost:{listener.getsockname()[1]}")
        assert answer.startswith(b"HTTP/1.1 200 ")
        server, _ = listener.accept()
        trust = ssl.create_default_context(cadata=issued.pem.decode())
        with server, raw:
            client_in, client_out, server_in, server_out = (ssl.MemoryBIO() for _ in range(4))
            client = trust.wrap_bio(client_in, client_out, server_hostname="localhost")
            other = context.wrap_bio(server_in, server_out, server_side=True)
            for _ in range(3):
                for side, out, source, target, into in ((client, client_out, raw, server, server_in), (other, server_out, server, raw, client_in)):
                    with contextlib.suppress(ssl.SSLWantReadError):
                        side.do_handshake()
                    if data := out.read():
                        source.sendall(data)
                        into.write(target.recv(65536))
            assert client.getpeercert(binary_form=True) == issued.der
    found = told(world)
    assert list(found["passed"]) == ["localhost"]
    assert found["passed"]["localhost"]["connections"] == 1
    assert "secret" not in json.dumps(found)


def test_plain_http(world: World, site: web.Web) -> None:
    site.answers["/page?a=1"] = site.answers["/page"]
    port = port_of(site.url)
    connection = http.client.HTTPConnection("127.0.0.1", world.state.ports["proxy"], timeout=30)
    connection.request("GET", f"http://localhost:{port}/page?a=1", headers={"Proxy-Authorization": "Basic secret"})
    with connection.getresponse() as answer:
        assert answer.read() == b"of the real network"
    connection.close()
    assert (site.log, site.headers[0]["host"]) == (["GET /page?a=1"], f"localhost:{port}")
    assert "proxy-authorization" not in site.headers[0]


def test_a_proxy_before_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: web.Web) -> None:
    """What this process was started with is how it goes on; AWS never goes there."""
    with running(tmp_path / "outer") as outer:
        proxy = f"http://somebody:a%20secret@127.0.0.1:{outer.state.ports['proxy']}"
        for name, value in {"https_proxy": proxy, "http_proxy": proxy, "no_proxy": "127.0.0.1"}.items():
            monkeypatch.setenv(name, value)
        with running(tmp_path / "inner") as inner:
            # This machine itself is reached directly, as by every client; a name that nobody has is the next proxy's to look up.
            answer, connection = connected(inner, "nobody.invalid:443")
            connection.close()
            assert answer.startswith(b"HTTP/1.1 502 ")
            assert b"the proxy 127.0.0.1 refused it (502" in answer
            request = http.client.HTTPConnection("127.0.0.1", inner.state.ports["proxy"], timeout=30)
            request.request("GET", "http://nobody.invalid/")
            with request.getresponse() as refused:
                assert refused.status == 502
            request.close()
            inner.into(monkeypatch)
            inner.client("sts").get_caller_identity()
            assert "secret" not in json.dumps(told(inner))
        assert [each for each in told(outer)["reports"] if "nobody.invalid" in each], "it was asked"
        assert not outer.simulator.record.calls


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("sts.eu-central-1.amazonaws.com:8443", "AWS is simulated on the ports 443 and 80"),
        ("prod.aaaaaaaaaa.eu-central-1.rds.amazonaws.com:5432", "nothing real behind this name"),
        ("shop-1.eu-central-1.elb.amazonaws.com:443", "nothing real behind this name"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com:443", "there is no registry behind the simulated ECR"),
        ("127.0.0.1:1", "127.0.0.1:1 can't be reached"),
    ],
)
def test_what_nobody_answers_is_refused_with_the_reason(world: World, target: str, why: str) -> None:
    answer, connection = connected(world, target)
    connection.close()
    assert answer.startswith(b"HTTP/1.1 502 ")
    assert why.encode() in answer
    assert [each for each in told(world)["reports"] if why in each]


@pytest.mark.parametrize("request_line", ["GET / HTTP/1.1", "CONNECT nowhere HTTP/1.1", "nonsense", "CONNECT a:b HTTP/1.1"])
def test_what_is_no_request_to_a_proxy(world: World, request_line: str) -> None:
    with socket.create_connection(("127.0.0.1", world.state.ports["proxy"]), 30) as connection:
        connection.sendall(f"{request_line}\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_names_of_route_53_lead_where_they_point(world: World, site: web.Web) -> None:
    route53 = world.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    balancer = "dualstack.shop-1.eu-central-1.elb.amazonaws.com."
    target = {"HostedZoneId": "Z215JYRZR1TBD5", "DNSName": balancer, "EvaluateTargetHealth": False}
    records: list[dict[str, Any]] = [
        {"Name": "shop.example.com", "Type": "A", "AliasTarget": target},
        {"Name": "www.example.com", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "shop.example.com"}]},
    ]
    for record in records:
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    answer, connection = connected(world, "www.example.com:443")
    connection.close()
    assert b"nothing real behind this name" in answer
    place = {"shop-1.eu-central-1.elb.amazonaws.com": {"address": "127.0.0.1", "ports": {"80": str(port_of(site.url))}}}
    with urllib.request.urlopen(f"{world.state.url}/_simulator/world/places", json.dumps(place).encode(), timeout=30) as said:
        assert list(json.load(said)) == ["shop-1.eu-central-1.elb.amazonaws.com"]
    connected_by = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://127.0.0.1:{world.state.ports['proxy']}"}))
    with connected_by.open("http://www.example.com/page", timeout=30) as page:
        assert page.read() == b"of the real network"
    assert site.headers[0]["host"] == "www.example.com"
    assert told(world)["passed"] == {}, "it is no part of the real network"
    answer, connection = connected(world, "other.example.com:443")
    connection.close()
    assert b"nothing real behind this name" in answer, "a zone's names are never asked of the real network"


def test_what_rds_publishes(world: World) -> None:
    assert world.get("https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem")[2] == Path(world.state.ca_file).read_bytes()


def test_a_client_that_does_not_trust_it_is_reported(world: World) -> None:
    answer, connection = connected(world, "sts.amazonaws.com:443")
    assert answer.startswith(b"HTTP/1.1 200 ")
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with pytest.raises(ssl.SSLCertVerificationError):
        strict.wrap_socket(connection, server_hostname="sts.amazonaws.com")
    connection.close()
    for _ in range(200):
        if [each for each in told(world)["reports"] if "a client refused the certificate" in each]:
            break
    else:
        pytest.fail("nobody said so")


def test_pods_come_by_the_gate(world: World) -> None:
    """They have no proxy, only an address for the name."""
    trust = ssl.create_default_context(cafile=world.state.ca_file)

    def asked(name: str) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", world.state.ports["gate"]), 30) as raw,
            trust.wrap_socket(raw, server_hostname=name) as connection,
        ):
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b""))

    assert b"MissingAuthenticationToken" in asked("sts.eu-central-1.amazonaws.com")
    assert asked("example.org") == b""
    assert [each for each in told(world)["reports"] if "example.org: asked of the gate for pods" in each]


def test_the_trust_file_has_the_machine_s_roots_too(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(cafile=world.state.trust_file)
    names = [dict(pair[0] for pair in each["subject"]).get("commonName", "") for each in context.get_ca_certs()]
    assert sum(name.startswith("Slipway simulated AWS") for name in names) == 1
    roots = [pki.authority(f"Root {number}") for number in range(2)]
    (tmp_path / "roots").mkdir()
    for number, root in enumerate(roots):
        (tmp_path / "roots" / f"0000000{number}.0").write_bytes(root.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "roots"))
    found = ssl.create_default_context(cafile=str(Authority(tmp_path / "tls").trust_file)).get_ca_certs()
    assert len(found) == 3
