# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to trust: the roots of this machine, and those of a file."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from ansible_collections.slipway.platform.plugins.module_utils._certificates.verify import Roots
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing

# Where distributions keep all roots in one file: Debian and Alpine, Red Hat, openSUSE, BSD and macOS.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def load(ca_file: Path | None, system: bool, environ: Mapping[str, str]) -> Roots:
    """The roots of ``ca_file`` (PEM), and with ``system`` those of this machine. Raises ``InvalidInput`` for a file that has none."""
    found: list[Certificate] = []
    if ca_file:
        try:
            found += _certificates(ca_file.read_bytes(), f"ca_file {ca_file}")
        except OSError as error:
            raise InvalidInput(f"ca_file: {ca_file} can't be read: {error.strerror}; it is a file with certificates in PEM") from None
    elif not system:
        raise InvalidInput("system_roots is false and there is no ca_file, so nobody would be trusted; give ca_file, or say verify: false")
    if system:
        found += _system(environ, optional=bool(ca_file))
    return Roots(found)


def _system(environ: Mapping[str, str], optional: bool) -> list[Certificate]:
    default = ssl.get_default_verify_paths()
    for path in (environ.get("SSL_CERT_FILE"), default.openssl_cafile, *BUNDLES):
        if path and Path(path).is_file():
            return list(_certificates(Path(path).read_bytes(), path))
    if optional:  # a slim container may have none, and whoever names a file knows whom to trust
        return []
    raise Missing("this machine has no list of trusted roots; install it with: apt-get install ca-certificates, or give ca_file, or say verify: false")


def _certificates(data: bytes, where: str) -> Iterator[Certificate]:
    blocks = [content for label, content in read.pem_blocks(data) if label in read.CERTIFICATES]
    if not blocks:
        raise InvalidInput(f"{where} has no certificate in PEM")
    for number, content in enumerate(blocks, 1):
        if content is None:
            raise InvalidInput(f"{where}: certificate {number} is damaged (no base64)")
        try:
            yield read.certificate(content)
        except InvalidInput as error:
            raise InvalidInput(f"{where}: certificate {number}: {error.message}") from None
