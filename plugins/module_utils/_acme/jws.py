# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as ACME wants them signed (RFC 8555 §6.2: flattened JWS, RFC 7515), with ECDSA P-256; and what is proven with an account's key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls.issue import Key
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

_SIZE = 32  # bytes of a coordinate of P-256


def encoded(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(key: Key) -> dict[str, str]:
    """The public half, as RFC 7518 §6.2 writes it."""
    numbers = key.public_key().public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": encoded(numbers.x.to_bytes(_SIZE)), "y": encoded(numbers.y.to_bytes(_SIZE))}


def thumbprint(key: Key) -> str:
    """What the CA knows the key by in challenges (RFC 7638). It is no secret."""
    return encoded(hashlib.sha256(json.dumps(jwk(key), sort_keys=True, separators=(",", ":")).encode()).digest())


def signed(key: Key, header: Mapping[str, Any], payload: Mapping[str, Any] | None) -> bytes:
    """The body of a request; without a payload it is a POST-as-GET (RFC 8555 §6.3)."""
    protected = _json({"alg": "ES256", **header})
    content = "" if payload is None else _json(payload)
    r, s = utils.decode_dss_signature(key.sign(f"{protected}.{content}".encode(), ec.ECDSA(hashes.SHA256())))
    signature = encoded(r.to_bytes(_SIZE) + s.to_bytes(_SIZE))
    return json.dumps({"protected": protected, "payload": content, "signature": signature}).encode()


def bound(key: Key, name: str, secret: str, url: str) -> dict[str, str]:
    """The proof that an account belongs to one outside ACME (RFC 8555 §7.3.4): ``name`` and ``secret`` (base64url) are what the CA gave for it."""
    try:
        mac = base64.b64decode(secret.strip().rstrip("=") + "=" * (-len(secret.strip().rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("external_account: what hmac_key_file holds is no base64url; write it as the CA gave it, and nothing else") from None
    protected, content = _json({"alg": "HS256", "kid": name, "url": url}), _json(jwk(key))
    signature = hmac.digest(mac, f"{protected}.{content}".encode(), "sha256")
    return {"protected": protected, "payload": content, "signature": encoded(signature)}


def _json(value: Mapping[str, Any]) -> str:
    return encoded(json.dumps(value).encode())
