# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How names are proven: by a file, by a port, by what another answers, by records of a program or of Route 53."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._acme.dns import Route53
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Challenge
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws, Clock
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf
from support import aws
from support.acme import Pebble

from .conftest import WEB, Scene

WILD = Leaf("wild", ("*.apps.example.com", "apps.example.com"))
HOOK = """
import json, pathlib, sys, urllib.request
verb, name, *values = sys.argv[3:]
pathlib.Path(sys.argv[2]).open("a").write(f"{verb} {name} {len(values)}\\n")
def ask(what, **body):
    urllib.request.urlopen(sys.argv[1] + what, json.dumps({"host": name + ".", **body}).encode()).read()
if verb == "present":
    for value in values:
        ask("/set-txt", value=value)
else:
    ask("/clear-txt")
"""


@pytest.fixture
def hook(pebble: Pebble, tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "hook.py").write_text(HOOK)
    return (sys.executable, str(tmp_path / "hook.py"), pebble.records, str(tmp_path / "hook.log"))


@pytest.fixture
def webroot(pebble: Pebble, tmp_path: Path) -> Iterator[Path]:
    """A folder that a web server serves where the CA looks."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    (tmp_path / "www").mkdir()
    with serving(pebble.http_port, partial(Handler, directory=str(tmp_path / "www"))):
        yield tmp_path / "www"


class serving:  # noqa: N801  reads as a verb
    def __init__(self, port: int, handler: object) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)  # type: ignore[arg-type]

    def __enter__(self) -> None:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def test_a_webroot_is_left_as_it_was(scene: Scene, webroot: Path) -> None:
    (webroot / "index.html").write_text("hello")
    assert scene.ensure(challenge=Challenge(webroot=webroot)).changed
    assert [path.name for path in webroot.rglob("*") if path.is_file()] == ["index.html"]


def test_something_else_answers_by_the_thumbprint(scene: Scene) -> None:
    """As the responder of the role ingress does: it is there before there is an order, and knows none."""
    thumbprint = scene.ensure(certificates=()).account.thumbprint

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{self.path.rpartition('/')[2]}.{thumbprint}".encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(scene.pebble.http_port, Handler):
        result = scene.ensure(challenge=Challenge())
    assert (result.changed, result.account.thumbprint) == (True, thumbprint)


def test_an_address_is_certified_like_a_name(scene: Scene) -> None:
    made = scene.ensure(certificates=(Leaf("ip", ("shop.example.com",), ("127.0.0.1",)),))
    assert made.certificates[0].ip == ("127.0.0.1",)
    assert scene.ensure(certificates=(Leaf("ip", ("shop.example.com",), ("127.0.0.1",)),)).changed is False


def test_a_port_that_is_taken(scene: Scene) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InvalidInput, match=r"this machine can't listen on 127.0.0.1 port \d+: Address already in use"):
            scene.ensure(challenge=Challenge(listen=("127.0.0.1", taken.getsockname()[1])))
    assert scene.ensure().changed, "the order is gone on with"
    assert scene.wire.orders() == 0


def test_a_wildcard_and_its_domain_by_a_program(scene: Scene, hook: tuple[str, ...], tmp_path: Path) -> None:
    result = scene.ensure(certificates=(WILD,), challenge=Challenge("dns-01", hook=hook, settle=3))
    assert set(result.certificates[0].dns) == {"*.apps.example.com", "apps.example.com"}
    name = "_acme-challenge.apps.example.com"
    assert (tmp_path / "hook.log").read_text() == f"present {name} 2\nwithdraw {name} 2\n"
    assert 3 in scene.slept


def test_a_program_that_fails_says_why_and_takes_away_what_it_may_have_written(scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "hook"
    script.write_text('#!/bin/sh\necho "$1" >>"$0.log"\n[ "$1" = withdraw ] || { echo "REFUSED by ns1" >&2; exit 7; }\n')
    script.chmod(0o755)
    with pytest.raises(CommandFailed, match="REFUSED by ns1"):
        scene.ensure(challenge=Challenge("dns-01", hook=(str(script),)))
    assert (tmp_path / "hook.log").read_text() == "present\nwithdraw\n"


def test_a_record_that_is_not_there_is_named(scene: Scene) -> None:
    with pytest.raises(InvalidInput, match=r"TXT _acme-challenge\.shop\.example\.com\): .*unauthorized\)\. Check: what answers must be"):
        scene.ensure(challenge=Challenge("dns-01", hook=("true",)))
    assert scene.folder.exists()
    assert WEB.name not in [path.stem for path in scene.folder.glob("*.crt")]


# --- Route 53


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[aws.Aws, Aws]]:
    with aws.running() as simulated:
        for name, value in simulated.environ.items():
            monkeypatch.setenv(name, value)
        clock = simulated.clock
        yield simulated, Aws(Access(simulated.region, endpoint_url=simulated.url), clock=Clock(clock.monotonic, clock.sleep, clock.now))


def texts(simulated: aws.Aws, zone: str) -> dict[str, set[str]]:
    found = simulated.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {each["Name"]: {value["Value"].strip('"') for value in each["ResourceRecords"]} for each in found if each["Type"] == "TXT"}


def test_records_in_route_53(cloud: tuple[aws.Aws, Aws]) -> None:
    simulated, connection = cloud
    client = simulated.client("route53")
    zones = {
        name: client.create_hosted_zone(Name=name, CallerReference=name, HostedZoneConfig={"PrivateZone": False})["HostedZone"]["Id"]
        for name in ("example.com", "apps.example.com", "ple.com")
    }
    records, name = Route53(connection), "_acme-challenge.shop.apps.example.com"
    for _ in range(2):
        records.change("present", name, ["one", "two"])
    assert texts(simulated, zones["apps.example.com"]) == {f"{name}.": {"one", "two"}}, "the longest zone, and each value once"
    assert simulated.clock.slept, "it was waited for until all name servers have it"
    records.change("present", name, ["of another run"])
    records.change("withdraw", name, ["one", "two"])
    assert texts(simulated, zones["apps.example.com"]) == {f"{name}.": {"of another run"}}
    for _ in range(2):
        records.change("withdraw", name, ["of another run"])
    assert all(texts(simulated, zone) == {} for zone in zones.values())


def test_a_name_that_no_zone_has(cloud: tuple[aws.Aws, Aws]) -> None:
    cloud[0].client("route53").create_hosted_zone(Name="example.com", CallerReference="x")
    with pytest.raises(InvalidInput, match=r"no public zone of this account in Route 53 has _acme-challenge\.shop\.notexample\.com; choose the account"):
        Route53(cloud[1]).change("present", "_acme-challenge.shop.notexample.com", ["x"])
