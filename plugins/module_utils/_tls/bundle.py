# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authorities that somebody publishes, as a file: fetched once and kept, and taken for nothing else than certificates."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Unreachable
from cryptography import x509

Fetch = Callable[[str], bytes]
_SECONDS = 30
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Result:
    """``certificates``: how many there are. ``before`` and ``after``: SHA-256 of the file, "" where there is none or nobody knows yet."""

    path: str
    certificates: int
    before: str
    after: str
    changed: bool

    @property
    def diff(self) -> dict[str, str]:
        return {"before": f"{self.before}\n" if self.before else "", "after": f"{self.after or 'what is published'}\n"}


def ensure(url: str, path: Path, fetch: Fetch, check_mode: bool) -> Result:
    """The file, fetched if it is not there. Raises ``InvalidInput`` for what is no bundle, ``Unreachable`` if nobody answers."""
    if not url.startswith("https://"):
        raise InvalidInput(f"url: {url!r} does not begin with https://, so anybody could answer with authorities of their own")
    if path.is_file():
        kept = path.read_bytes()
        digest = _digest(kept)
        return Result(str(path), count(kept, str(path)), digest, digest, False)
    if check_mode:
        return Result(str(path), 0, "", "", True)
    content = fetch(url)
    found = count(content, url)
    path.parent.mkdir(parents=True, exist_ok=True)
    _files.write(path, content, 0o644)
    return Result(str(path), found, "", _digest(content), True)


def count(content: bytes, source: str) -> int:
    """How many certificates of authorities are in a bundle (PEM). Raises ``InvalidInput`` if something else is, or nothing."""
    try:
        found = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise InvalidInput(f"{source} is no bundle of certificates (PEM): {error}; delete the file, or correct the url", source=source) from None
    for each in found:
        if not _signs(each):
            name = each.subject.rfc4514_string()
            raise InvalidInput(f"{source} has the certificate {name}, which is of no authority; delete the file, or correct the url", source=source)
    return len(found)


def fetched(url: str) -> bytes:
    """By HTTPS, with the authorities of the machine and its proxies."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
            content: bytes = answer.read(_LARGEST + 1)
    except (OSError, urllib.error.URLError) as error:
        raise Unreachable(
            f"{url} can't be fetched: {getattr(error, 'reason', error)}; put the bundle where the option path says, if another machine can"
        ) from None
    if len(content) > _LARGEST:
        raise InvalidInput(f"{url} is larger than {_LARGEST} bytes, so it is no bundle of authorities")
    return content


def _signs(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
