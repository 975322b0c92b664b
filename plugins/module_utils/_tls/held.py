# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate and its key as they are on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls import issue
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, describe, public_key_sha256
from cryptography import x509

EXPOSED = "its key could be read by others"
FOREIGN = "its key does not belong to it"


@dataclass(frozen=True)
class Held:
    """``fault`` says why they can't be used as they are."""

    certificate: x509.Certificate | None = None
    key: issue.Key | None = None
    fault: str = ""

    @property
    def usable(self) -> bool:
        """Whether it can sign, though its key may have to be taken back from others."""
        return self.certificate is not None and self.fault in ("", EXPOSED)

    @property
    def facts(self) -> Certificate | None:
        return describe(self.certificate) if self.certificate else None


NOTHING = Held()


def read(folder: Path, name: str) -> Held:
    """``<name>.crt`` (the first certificate in it) and ``<name>.key``; nothing if either is absent."""
    try:
        certificate = x509.load_pem_x509_certificates((folder / f"{name}.crt").read_bytes())[0]
        secret = folder / f"{name}.key"
        key = issue.load_key(secret.read_bytes(), str(secret))
    except FileNotFoundError:
        return NOTHING
    except (ValueError, InvalidInput):
        return Held(fault="its files could not be read")
    if not same_key(key, certificate):
        return Held(certificate, key, FOREIGN)
    return Held(certificate, key, EXPOSED if secret.stat().st_mode & 0o077 else "")


def same_key(one: issue.Key | x509.Certificate | None, other: issue.Key | x509.Certificate | None) -> bool:
    """Whether both are there, and of the same key."""
    return one is not None and other is not None and _public(one) == _public(other)


def _public(one: issue.Key | x509.Certificate) -> str:
    return public_key_sha256(one.public_key())
