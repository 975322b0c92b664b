# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of images as values: parsed once at the edge, with the reason when one cannot be read.

Grammar: OCI distribution specification 1.1, "Pulling manifests"; digests: OCI image specification 1.1, "Digests".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_REGISTRY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_HEX_LENGTH = {"sha256": 64, "sha512": 128}


@dataclass(frozen=True, order=True)
class Digest:
    """The name of some bytes by their content: ``sha256:<64 hex>`` or ``sha512:<128 hex>``."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @classmethod
    def parse(cls, text: str) -> Digest:
        algorithm, colon, value = text.partition(":")
        if not colon:
            raise InvalidInput(f"{text!r} is not a digest: it should look like sha256:<64 hex digits>")
        if algorithm not in _HEX_LENGTH:
            raise InvalidInput(f"{text!r} is not a digest: the algorithm {algorithm!r} is not one of {', '.join(_HEX_LENGTH)}")
        if not re.fullmatch(f"[0-9a-f]{{{_HEX_LENGTH[algorithm]}}}", value):
            raise InvalidInput(f"{text!r} is not a digest: {algorithm} has {_HEX_LENGTH[algorithm]} hex digits in lower case, here are {len(value)} characters")
        return cls(algorithm, value)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        """The digest of these bytes."""
        return cls(algorithm, hashlib.new(algorithm, data).hexdigest())

    def matches(self, data: bytes) -> bool:
        return hashlib.new(self.algorithm, data).hexdigest() == self.hex


@dataclass(frozen=True)
class Reference:
    """``registry/repository[:tag][@digest]``; the registry is always written, since a default would choose a host for the user.

    Of Docker Hub's names the one that clients show is kept: ``index.docker.io/nginx`` is ``docker.io/library/nginx``.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """A reference from its text; ``InvalidInput`` says which part is wrong and how it should look."""
        if text != text.strip() or not text:
            raise InvalidInput(f"{text!r} is not an image reference: it is empty or has spaces around it")
        if "://" in text:
            raise InvalidInput(f"{text!r} is not an image reference: write it without the scheme, as registry/repository")
        name, at, digest_text = text.partition("@")
        digest = Digest.parse(digest_text) if at else None
        registry, slash, path = name.partition("/")
        if not slash or not _looks_like_host(registry):
            raise InvalidInput(f"{text!r} is not a full image reference: write the registry before the repository, for example localhost:5001/{name}")
        if not _REGISTRY.fullmatch(registry):
            raise InvalidInput(f"{text!r} is not an image reference: {registry!r} is not a host or host:port")
        repository, colon, tag = path.partition(":")
        check_repository(repository)
        if colon:
            check_tag(tag)
        return cls(*_as_docker_hub_keeps_it(registry, repository), tag if colon else None, digest)

    def with_digest(self, digest: Digest) -> Reference:
        """The same repository by content only: a tag beside a digest would be ignored by every client."""
        return replace(self, tag=None, digest=digest)


def check_repository(repository: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        hint = " (lower case only)" if repository.lower() != repository else ""
        raise InvalidInput(f"{repository!r} is not a repository name{hint}: parts of a-z, 0-9, '.', '_' and '-', separated by '/'")


def check_tag(tag: str) -> None:
    if not _TAG.fullmatch(tag):
        hint = "; '+' is written '_' in tags" if "+" in tag else ""
        raise InvalidInput(f"{tag!r} is not a tag: at most 128 characters of A-Z, a-z, 0-9, '_', '.' and '-', not starting with '.' or '-'{hint}")


def _as_docker_hub_keeps_it(registry: str, repository: str) -> tuple[str, str]:
    """Docker Hub has several names, and images without an owner are in ``library``: what every client of it takes ``docker.io/nginx`` for."""
    if registry not in _DOCKER_HUB:
        return registry, repository
    return _DOCKER_HUB[0], repository if "/" in repository else f"library/{repository}"


def _looks_like_host(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost"
