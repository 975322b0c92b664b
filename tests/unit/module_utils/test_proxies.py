# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registries behind the machine's proxy."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from ansible_collections.slipway.platform.plugins.module_utils._proxies import proxy_of
from support.registry import FakeRegistry, serve
from support.tls import front
from support.tls_zoo import Cage, proxy

PLANTED = "planted-secret-value"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}


@pytest.mark.parametrize(
    ("netloc", "environment", "expected"),
    [
        ("r.test", {}, None),
        ("r.test", {"http": "http://proxy:3128"}, None),
        ("r.test", {"https": "http://proxy:3128"}, "proxy:3128"),
        ("r.test:5000", {"https": "proxy:3128"}, "proxy:3128"),
        ("r.test:5000", {"https": "http://proxy:3128", "no": "r.test"}, None),
        ("r.test:5000", {"https": "http://proxy:3128", "no": "other.test, .test"}, None),
        ("r.test:5000", {"https": "http://proxy:3128", "no": "*"}, None),
        ("localhost:5001", {"https": "http://proxy:3128"}, None),
        ("hello.localhost:8443", {"https": "http://proxy:3128"}, None),
        ("127.0.0.1:5001", {"https": "http://proxy:3128"}, None),
        ("[::1]:5001", {"https": "http://proxy:3128"}, None),
    ],
)
def test_whether_there_is_one(netloc: str, environment: dict[str, str], expected: str | None) -> None:
    found = proxy_of(netloc, environment)
    assert (found.netloc if found else None) == expected


@pytest.mark.parametrize("address", [f"socks5://user:{PLANTED}@proxy", "http://", f"https://user:{PLANTED}@proxy"])
def test_what_is_no_http_proxy_is_told_without_its_password(address: str) -> None:
    with pytest.raises(InvalidInput, match="https_proxy is no address") as caught:
        proxy_of("r.test", {"https": address})
    assert PLANTED not in caught.value.message


def test_a_registry_that_only_the_proxy_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    cage = Cage()
    cage.add("proxy", proxy(heard=heard))
    with serve(FakeRegistry()) as fake, front(fake.port, tmp_path, "registry.test") as (host, ca_file), cage.open():
        monkeypatch.setenv("https_proxy", f"http://ada:{PLANTED}@127.0.0.1:{cage.ports['proxy']}")
        digest = fake.add_manifest("a/b", MANIFEST, "v1")
        name = f"registry.test:{host.partition(':')[2]}"
        with Registry(name, Pool(lambda: trust(ca_file))) as registry:
            assert str(registry.manifest("a/b", "v1").digest) == digest
            assert registry.exists("a/b", "v1")
    (head,) = heard  # the connection is kept
    assert head.startswith(f"CONNECT {name} HTTP/1.".encode())
    assert b"Proxy-Authorization: Basic " in head


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    cage = Cage()
    cage.add("proxy", proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n"))
    with cage.open():
        monkeypatch.setenv("https_proxy", f"http://ada:{PLANTED}@127.0.0.1:{cage.ports['proxy']}")
        with (
            Registry("registry.test", Pool(lambda: trust(None)), sleep=lambda _: None) as registry,
            pytest.raises(Unreachable, match="403 Forbidden") as caught,
        ):
            registry.exists("a/b", "v1")
    assert "no_proxy" in caught.value.message
    assert PLANTED not in caught.value.message
