# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people write becomes one request, or one clear error: what, where, and what to write instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.slipway.platform.plugins.module_utils._certificates import roots
from ansible_collections.slipway.platform.plugins.module_utils._certificates.endpoints.wanted import Endpoint
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import DEFAULT, Threshold, Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import OPTIONS, FilePart, Request
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing
from support import pki


def asked(**options: Any) -> Request:
    checked = ArgumentSpecValidator(OPTIONS).validate(options)
    assert not checked.error_messages, checked.error_messages
    return Request.from_params(checked.validated_parameters)


def endpoint(written: Any) -> Endpoint:
    (found,) = asked(endpoints=[written]).endpoints
    return found


def test_nothing_asked_is_nothing_to_do() -> None:
    request = asked()
    assert request == Request()


@pytest.mark.parametrize(
    ("written", "host", "port", "server_name", "name"),
    [
        ("example.com", "example.com", 443, "example.com", "example.com:443"),
        ("Example.COM.:8443", "example.com", 8443, "example.com", "example.com:8443"),
        ("bücher.example", "xn--bcher-kva.example", 443, "xn--bcher-kva.example", "xn--bcher-kva.example:443"),
        ("192.0.2.1:8443", "192.0.2.1", 8443, "", "192.0.2.1:8443"),
        ("2001:db8::1", "2001:db8::1", 443, "", "[2001:db8::1]:443"),
        ("[2001:0DB8:0::1]:8443", "2001:db8::1", 8443, "", "[2001:db8::1]:8443"),
        ("[fe80::1%eth0]", "fe80::1%eth0", 443, "", "[fe80::1%eth0]:443"),
        ({"host": "192.0.2.1", "server_name": "shop.example"}, "192.0.2.1", 443, "shop.example", "192.0.2.1:443"),
        ({"host": "example.com:8443", "port": "9443"}, "example.com", 9443, "example.com", "example.com:9443"),
        ("localhost", "localhost", 443, "localhost", "localhost:443"),
    ],
)
def test_endpoints_as_people_write_them(written: Any, host: str, port: int, server_name: str, name: str) -> None:
    found = endpoint(written)
    assert (found.host, found.port, found.server_name, found.name) == (host, port, server_name, name)
    assert found.peer == (server_name or host)


def test_a_well_known_port_says_the_protocol() -> None:
    protocols = {25: "smtp", 587: "smtp", 143: "imap", 110: "pop3", 21: "ftp", 389: "ldap", 5432: "postgres", 3306: "mysql", 5222: "xmpp", 443: None, 465: None}
    for port, protocol in protocols.items():
        assert endpoint(f"x.example:{port}").starttls == protocol
    assert endpoint({"host": "x.example:25", "starttls": "none"}).starttls is None
    assert endpoint({"host": "x.example:2525", "starttls": "smtp"}).starttls == "smtp"


def test_an_endpoint_with_everything() -> None:
    found = endpoint(
        {
            "host": "x.example",
            "addresses": ["192.0.2.1", "2001:db8::0001"],
            "proxy": "http://proxy.example:3128/",
            "client_certificate": "/c.pem",
            "client_key": "/k.pem",
            "verify": False,
            "thresholds": {"warning": {"days": 60, "fraction": 1}},
        }
    )
    assert found.addresses == ("192.0.2.1", "2001:db8::1")
    assert (found.proxy, found.client_certificate, found.client_key, found.peer) == ("proxy.example:3128", "/c.pem", "/k.pem", None)
    assert found.thresholds == Thresholds(Threshold(1, 60), DEFAULT.critical)


@pytest.mark.parametrize(
    ("written", "proxy"),
    [
        ("x.example", "proxy.example:3128"),
        ("x.example:8443", "proxy.example:3128"),
        ("in.example", None),
        ("localhost", None),
        ("mail.example:25", None),
        ({"host": "x.example", "proxy": "other.example:80"}, "other.example:80"),
        ({"host": "x.example", "proxy": "none"}, None),
        ({"host": "x.example", "addresses": ["192.0.2.1"]}, None),
    ],
)
def test_the_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch, written: Any, proxy: str | None) -> None:
    monkeypatch.setenv("https_proxy", "http://ada:word%21@proxy.example:3128")
    monkeypatch.setenv("no_proxy", "in.example")
    found = endpoint(written)
    assert found.proxy == proxy
    assert found.proxy_authorization == ("Basic YWRhOndvcmQh" if proxy == "proxy.example:3128" else "")
    assert "YWRhOndvcmQh" not in repr(found)


def test_a_proxy_of_the_machine_that_is_none_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://ada:word@proxy.example:1080")
    with pytest.raises(InvalidInput) as raised:
        endpoint("x.example")
    assert raised.value.message == "https_proxy is no address of an HTTP proxy; write it as http://host:port"


def test_what_is_said_twice_is_looked_at_once() -> None:
    assert len(asked(endpoints=["a.example", "A.example.:443", {"host": "a.example"}]).endpoints) == 1
    assert len(asked(endpoints=["a.example", {"host": "a.example", "server_name": "b.example"}]).endpoints) == 2
    assert asked(files=["/x.pem", {"path": "/x.pem"}]).files == (FilePart("/x.pem"),)
    assert len(asked(kubernetes=[{"kubeconfig": "/k", "namespaces": ["a"]}, {"kubeconfig": "/k", "namespaces": ["a"]}]).kubernetes) == 1


def test_thresholds_are_laid_over_each_other() -> None:
    request = asked(thresholds={"warning": {"days": 20}}, files=[{"path": "/x", "thresholds": {"critical": {"days": 3}}}], own=[{"path": "/o"}])
    assert request.thresholds == Thresholds(Threshold(1 / 3, 20), DEFAULT.critical)
    assert request.files[0].thresholds == Thresholds(Threshold(1 / 3, 20), Threshold(1 / 6, 3))
    assert request.own[0].thresholds is None
    request = asked(kubernetes=[{"kubeconfig": "/k", "thresholds": {"warning": {"days": 40}}}])
    assert request.kubernetes[0].thresholds == Thresholds(Threshold(1 / 3, 40), DEFAULT.critical)


def test_verify_false_is_the_default_of_endpoints() -> None:
    first, second = asked(verify=False, endpoints=["a.example", {"host": "b.example", "verify": True}]).endpoints
    assert (first.peer, second.peer) == (None, "b.example")


def test_moments() -> None:
    assert asked(now="2026-12-01T10:00:00Z").now == datetime(2026, 12, 1, 10, tzinfo=UTC)
    assert asked(now="2026-12-01T10:00:00+02:00").now == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert asked(clock_skew=60).skew == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoints": ["https://example.com/"]}, r"endpoints\[0\]: 'https://example.com/' is no host; write host or host:port"),
        ({"endpoints": ["a.example", "b.example:0"]}, r"endpoints\[1\]: '0' is no port"),
        ({"endpoints": ["a.example:http"]}, "is no port; it is a number from 1 to 65535"),
        ({"endpoints": ["[2001:db8::1"]}, r"write \[2001:db8::1\]:443"),
        ({"endpoints": ["2001:db8::zz"]}, "is no IP address"),
        ({"endpoints": ["300.1.1.1"]}, "is no IP address"),
        ({"endpoints": [""]}, "can't be a host name"),
        ({"endpoints": ["a..b"]}, "can't be a host name"),
        ({"endpoints": [7]}, "write host, host:port, or a mapping"),
        ({"endpoints": [{"port": 443}]}, "with the key host"),
        ({"endpoints": [{"host": "a", "servername": "b"}]}, "servername: unknown key; did you mean server_name"),
        ({"endpoints": [{"host": "a", "starttls": "gopher"}]}, "'gopher' is not known; it is one of"),
        ({"endpoints": [{"host": "a", "client_key": "/k"}]}, "client_key without client_certificate"),
        ({"endpoints": [{"host": "a", "proxy": "proxy.example"}]}, "has no port; write host:port"),
        ({"endpoints": [{"host": "a", "verify": "maybe"}]}, "write true or false"),
        ({"endpoints": [{"host": "a", "addresses": ["b.example"]}]}, "addresses: 'b.example' is no IP address"),
        ({"endpoints": [{"host": "a", "thresholds": {"warn": {}}}]}, r"endpoints\[0\].thresholds.warn: unknown key; known are warning and critical"),
        ({"files": [{"path": "/x", "password": "geheim"}]}, "write password_file or password_variable"),
        ({"files": [{"paths": "/x"}]}, "with the key path"),
        ({"files": [{"path": "/x", "mode": 1}]}, "mode: unknown key"),
        ({"thresholds": {"warning": {"fraction": 33}}}, "thresholds.warning.fraction: 33.0 is not a part of the lifetime, from 0 to 1"),
        ({"thresholds": {"warning": {"days": -1}}}, "is not a number of days"),
        ({"thresholds": {"warning": {"days": "nan"}}}, "is not a number of days"),
        ({"thresholds": {"warning": {"days": 7}}}, "days is 14 for critical and 7 for warning, so it would be critical first"),
        ({"now": "tomorrow"}, "write it as 2026-12-01T10:00:00Z"),
        ({"now": "2026-12-01T10:00:00"}, "is no moment"),
        ({"concurrency": 0}, "concurrency: 0 is not between 1 and 1024"),
        ({"timeout": 0.0}, "timeout: 0.0 is not between"),
    ],
)
def test_a_mistake_is_told_with_its_place(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        asked(**options)
    assert "geheim" not in str(caught.value)


# --- whom to trust


def test_roots_of_a_file_and_of_this_machine(tmp_path: Path) -> None:
    own, other = pki.authority("Own"), pki.authority("Machine")
    (tmp_path / "own.pem").write_bytes(b"# our root\r\n" + own.pem)
    (tmp_path / "machine.pem").write_bytes(other.pem + other.pem)
    environ = {"SSL_CERT_FILE": str(tmp_path / "machine.pem")}
    assert own.facts in roots.load(tmp_path / "own.pem", False, environ)
    assert other.facts not in roots.load(tmp_path / "own.pem", False, environ)
    both = roots.load(tmp_path / "own.pem", True, environ)
    assert (len(both), own.facts in both, other.facts in both) == (2, True, True)


def test_roots_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ca.pem"
    with pytest.raises(InvalidInput, match=r"ca_file: .*ca.pem can't be read: No such file"):
        roots.load(path, False, {})
    for content, message in ((pki.issue("x").key_pem, "has no certificate"), (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", "1 is damaged")):
        path.write_bytes(content)
        with pytest.raises(InvalidInput, match=message):
            roots.load(path, False, {})
    with pytest.raises(InvalidInput, match="nobody would be trusted"):
        roots.load(None, False, {})
    monkeypatch.setattr(roots, "BUNDLES", ())
    monkeypatch.setattr(roots.ssl, "get_default_verify_paths", lambda: type("Paths", (), {"openssl_cafile": str(tmp_path / "none")}))
    with pytest.raises(Missing, match="apt-get install ca-certificates"):
        roots.load(None, True, {})
    path.write_bytes(pki.authority().pem)
    assert len(roots.load(path, True, {})) == 1
