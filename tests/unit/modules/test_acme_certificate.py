# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acme_certificate through Ansible's own argument handling: what a new user gets wrong, said before anybody is asked; and what goes right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import acme
from support.acme import Pebble
from support.actions import run

NOBODY = "https://127.0.0.1:1/directory"  # were it asked, the message would be another


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    with acme.running(tmp_path_factory.mktemp("pebble")) as running:
        yield running


def arguments(folder: Path, **more: Any) -> dict[str, Any]:
    return {"path": str(folder), "directory": NOBODY, "certificates": [{"name": "web", "dns": ["shop.example.com"]}], **more}


def test_ordered_and_then_nothing_to_do(pebble: Pebble, tmp_path: Path) -> None:
    listen = {"listen": f"127.0.0.1:{pebble.http_port}"}
    args = arguments(tmp_path / "tls", directory=pebble.directory, ca_file=str(pebble.ca_file), terms_agreed=True, profile="default", challenge=listen)
    planned = run("acme_certificate", check_mode=True, **args)
    first, second = run("acme_certificate", **args), run("acme_certificate", **args)
    assert (planned["changed"], first["changed"], second["changed"]) == (True, True, False)
    assert first["certificates"][0]["certificate_file"] == str(tmp_path / "tls/web.crt")
    assert "shop.example.com" in planned["diff"]["after"]
    assert "PRIVATE KEY" not in json.dumps([planned, first, second])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"directory": "http://ca.example.com/dir"}, "directory: 'http://ca.example.com/dir' is neither letsencrypt nor letsencrypt-staging nor a URL"),
        ({"directory": "lets-encrypt"}, "is neither letsencrypt nor letsencrypt-staging nor a URL that begins with https://"),
        ({"contact": ["ops"]}, "contact: 'ops' is no address; write it as name@example.com"),
        ({"ca_file": "/none.pem"}, "ca_file /none.pem is not a file"),
        ({"certificates": [{"name": "ca", "dns": ["a.example.com"]}]}, "certificate name 'ca' is taken"),
        ({"certificates": [{"name": "web", "dns": ["https://a.example.com"]}]}, "'https://a.example.com' is not a host name"),
        ({"certificates": [{"name": "web"}]}, "certificate 'web': a server needs a name or an address in dns or ip"),
        ({"certificates": [{"name": "web", "dns": ["*.example.com"]}]}, "a CA gives a wildcard only for a name proven by dns-01"),
        ({"challenge": {"type": "dns-01"}}, "challenge: for dns-01 give hook or route53: who is to write the record?"),
        ({"challenge": {"hook": ["/bin/true"]}}, "challenge: hook is not for http-01; set type to dns-01, or leave it out"),
        ({"challenge": {"type": "dns-01", "webroot": "/tmp"}}, "challenge: webroot is not for dns-01; set type to http-01"),
        ({"challenge": {"webroot": "/tmp", "listen": ":80"}}, "challenge: listen and webroot are two ways; choose one"),
        ({"challenge": {"webroot": "/none"}}, "challenge: webroot /none is not a folder"),
        ({"challenge": {"listen": "80"}}, "challenge: listen '80' has no port; write :80"),
        ({"challenge": {"type": "dns-01", "hook": ["/none --flag"]}}, "challenge: hook /none --flag is no program of this machine"),
        ({"challenge": {"typ": "dns-01"}}, "challenge: unknown option 'typ'; did you mean `type`?"),
        ({"challenge": {"type": "dns-01", "hook": ["true"]}, "certificates": [{"name": "web", "ip": ["192.0.2.1"]}]}, "an address is proven by http-01 only"),
    ],
)
def test_a_wish_that_cannot_be_meant(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    failed = run("acme_certificate", **arguments(tmp_path / "tls", **change))
    assert failed["failed"] is True
    assert says in failed["msg"]
    assert not (tmp_path / "tls").exists()


def test_a_ca_that_is_not_there(tmp_path: Path) -> None:
    assert "connection refused" in run("acme_certificate", **arguments(tmp_path / "tls", terms_agreed=True))["msg"]


def test_a_ca_that_is_not_trusted(pebble: Pebble, tmp_path: Path) -> None:
    message = run("acme_certificate", **arguments(tmp_path / "tls", directory=pebble.directory))["msg"]
    assert "its certificate is not trusted" in message
    assert "give the authority that signed it as ca_file" in message
