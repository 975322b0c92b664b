# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference, check_repository, check_tag

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("localhost/hello", "localhost", "hello", None, None),
        ("localhost:5001/hello:1.0", "localhost:5001", "hello", "1.0", None),
        (f"localhost:5001/a/b-c__d/e.f@sha256:{HEX}", "localhost:5001", "a/b-c__d/e.f", None, f"sha256:{HEX}"),
        (f"registry.example.org/x:1@sha256:{HEX}", "registry.example.org", "x", "1", f"sha256:{HEX}"),
        ("[::1]:5000/x", "[::1]:5000", "x", None, None),
        ("example.org/x:A_b.C-1", "example.org", "x", "A_b.C-1", None),
        (f"example.org/x@sha512:{'b' * 128}", "example.org", "x", None, f"sha512:{'b' * 128}"),
    ],
)
def test_a_reference_is_read_and_written_back(text: str, registry: str, repository: str, tag: str | None, digest: str | None) -> None:
    found = Reference.parse(text)
    assert (found.registry, found.repository, found.tag, str(found.digest) if found.digest else None) == (registry, repository, tag, digest)
    assert str(found) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" localhost/x", "spaces"),
        ("https://localhost/x", "without the scheme"),
        ("hello", "write the registry before the repository"),
        ("hello:1.0", "write the registry before the repository"),
        ("library/hello", "write the registry before the repository"),
        ("localhost:port/x", "not a host"),
        ("localhost/Hello", "lower case only"),
        ("localhost/a//b", "not a repository name"),
        ("localhost/a/", "not a repository name"),
        ("localhost/x:", "not a tag"),
        ("localhost/x:1.0+build", "'+' is written '_'"),
        (f"localhost/x:{'a' * 129}", "at most 128"),
        ("localhost/x@", "not a digest"),
        (f"localhost/x@{HEX}", "sha256:<64 hex digits>"),
        (f"localhost/x@md5:{'a' * 32}", "'md5' is not one of sha256, sha512"),
        (f"localhost/x@sha256:{HEX[:-1]}", "here are 63"),
        (f"localhost/x@sha256:{HEX.upper()}", "lower case"),
    ],
)
def test_what_is_wrong_with_a_reference_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Reference.parse(text)
    assert reason in caught.value.message


def test_a_reference_by_digest_has_no_tag() -> None:
    digest = Digest.of(b"x")
    assert str(Reference.parse("localhost/x:1").with_digest(digest)) == f"localhost/x@{digest}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("docker.io/nginx", "docker.io/library/nginx"),
        ("docker.io/nginx:1.27", "docker.io/library/nginx:1.27"),
        (f"docker.io/nginx@sha256:{HEX}", f"docker.io/library/nginx@sha256:{HEX}"),
        ("docker.io/library/nginx:1", "docker.io/library/nginx:1"),
        ("docker.io/kindest/node:v1", "docker.io/kindest/node:v1"),
        ("index.docker.io/nginx", "docker.io/library/nginx"),
        ("index.docker.io/a/b", "docker.io/a/b"),
        ("registry-1.docker.io/nginx", "docker.io/library/nginx"),
        ("mirror.docker.io/nginx", "mirror.docker.io/nginx"),
        ("docker.io.example.org/nginx", "docker.io.example.org/nginx"),
        ("docker.io:5000/nginx", "docker.io:5000/nginx"),
    ],
)
def test_the_names_of_docker_hub(text: str, meant: str) -> None:
    assert str(Reference.parse(text)) == meant
    assert Reference.parse(meant) == Reference.parse(text)


def test_a_digest_knows_its_bytes() -> None:
    digest = Digest.of(b"hello")
    assert str(digest) == "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert digest.matches(b"hello")
    assert not digest.matches(b"hello ")
    assert Digest.of(b"hello", "sha512").matches(b"hello")
    assert Digest.parse(str(digest)) == digest


@pytest.mark.parametrize("name", ["a", "a/b", "a-b", "a--b", "a__b", "a.b/c_d"])
def test_repository_names_that_are_fine(name: str) -> None:
    check_repository(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "a..b", "a___b", "a/../b", "A"])
def test_repository_names_that_are_not(name: str) -> None:
    with pytest.raises(InvalidInput):
        check_repository(name)


@pytest.mark.parametrize("tag", [".a", "-a", "a b", "a/b", "a\n"])
def test_tags_that_are_not(tag: str) -> None:
    with pytest.raises(InvalidInput):
        check_tag(tag)
