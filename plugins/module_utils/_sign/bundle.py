# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sigstore bundles, version 0.3: an envelope and whatever is needed to verify it, in one JSON document.

protobuf-specs, ``sigstore_bundle.proto``. We write what cosign 3 writes with a key (a hint of the key, no log entry), and read that and,
with ``Certificates``, bundles that were signed with a short-lived certificate.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Envelope, Opened, Signer, Trust, check, encode64, pae, parse, read_json

TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TYPES = "application/vnd.dev.sigstore.bundle"
_READ = re.compile(r"application/vnd\.dev\.sigstore\.bundle(\.v0\.3(\.\d+)?\+json|\+json;version=0\.3)")


@dataclass(frozen=True)
class Bundle:
    """A bundle that can be read; nothing in it is believed yet. ``hint`` is the fingerprint of a key, if it names one."""

    envelope: Envelope
    hint: str
    certificate: bool
    data: bytes = field(repr=False)


def encode(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """Sign a payload and pack it. A bundle's envelope has exactly one signature, and its key is named beside it, not in it."""
    envelope = {"payload": encode64(payload), "payloadType": payload_type, "signatures": [{"sig": encode64(signer.sign(pae(payload_type, payload)))}]}
    value = {"mediaType": TYPE, "verificationMaterial": {"publicKey": {"hint": signer.key_id}}, "dsseEnvelope": envelope}
    return json.dumps(value, separators=(",", ":")).encode()


def decode(data: bytes) -> Bundle:
    """Raises ``InvalidInput`` if these bytes are not a bundle of version 0.3 with one signed envelope."""
    value = read_json(data, "the bundle")
    material = value.get("verificationMaterial") if isinstance(value, dict) else None
    if not isinstance(material, dict) or not _READ.fullmatch(str(value.get("mediaType"))):
        raise InvalidInput("this is not a Sigstore bundle of version 0.3")
    if "dsseEnvelope" not in value:
        raise InvalidInput("the bundle holds no DSSE envelope; signatures over plain files say nothing of an image")
    envelope = parse(value["dsseEnvelope"])
    if len(envelope.signatures) != 1:
        raise InvalidInput(f"the envelope of a bundle has exactly one signature, and this has {len(envelope.signatures)}")
    key = material.get("publicKey")
    if isinstance(key, dict):
        return Bundle(envelope, str(key.get("hint") or ""), False, data)
    if "certificate" in material or "x509CertificateChain" in material:
        return Bundle(envelope, "", True, data)
    raise InvalidInput("the bundle names neither a key nor a certificate (verificationMaterial)")


def open_bundle(bundle: Bundle, trust: Trust) -> Opened:
    """As ``dsse.open_envelope``."""
    if not bundle.certificate:
        return check(bundle.envelope, trust, bundle.hint)
    if trust.certificates is None:
        raise Untrusted("signed with a certificate and not with a key; to trust it, say whose identity (identity and issuer)")
    return trust.certificates.open(bundle.data)
