# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures with short-lived certificates of an identity (Fulcio, Rekor): left to the package ``sigstore``, which is optional.

Offline with the roots of trust that the package brings, so no request leaves the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Opened


@dataclass(frozen=True)
class Identity:
    """Whom to believe: a subject (mail address or workflow URI) as this issuer names it."""

    identity: str
    issuer: str

    def __post_init__(self) -> None:
        if not self.identity or not self.issuer:
            raise InvalidInput("identity and issuer go together: an identity means nothing without who vouches for it")
        try:
            import sigstore.verify  # noqa: F401
        except ImportError:
            raise Missing("signatures by identity need the Python package sigstore on the controller: pip install 'sigstore>=4'") from None

    def open(self, bundle: bytes) -> Opened:
        """Raises ``Untrusted`` if another identity signed it or it does not verify: the package does not tell these apart."""
        from sigstore.errors import Error
        from sigstore.models import Bundle
        from sigstore.verify import policy

        try:
            payload_type, payload = _verifier().verify_dsse(Bundle.from_json(bundle), policy.Identity(identity=self.identity, issuer=self.issuer))
        except (Error, ValueError) as error:
            raise Untrusted(f"not signed by {self.identity} of {self.issuer}, or it does not verify: {error}") from None
        return Opened(payload_type, payload, self.identity)


@cache
def _verifier() -> Any:
    """Reading the roots of trust takes a fifth of a second."""
    from sigstore.verify import Verifier

    return Verifier.production(offline=True)
