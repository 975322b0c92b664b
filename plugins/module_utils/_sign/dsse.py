# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed envelopes: DSSE 1.0 (github.com/secure-systems-lab/dsse), with ECDSA on P-256 and SHA-256 and nothing else.

An envelope has no field that chooses an algorithm, and neither have we: the one algorithm belongs to the key. What an envelope says
about its signer (``keyid``) only makes a message clearer; who signed is decided by trying the keys that we trust.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Untrusted
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import PublicKey, fingerprint, load, verifies

MOST_SIGNATURES = 100  # in one envelope: each costs a verification for every key


class Signer(Protocol):
    """Who signs: a key in a file or in a service."""

    @property
    def name(self) -> str: ...
    @property
    def key_id(self) -> str:
        """The fingerprint of the public key (``public.fingerprint``)."""
        ...

    @property
    def public_key(self) -> PublicKey: ...
    def sign(self, data: bytes) -> bytes:
        """The signature over ``data``: ECDSA on P-256 with SHA-256, as DER (RFC 3279 section 2.2.3)."""
        ...


class Certificates(Protocol):
    """Whom to believe without a key: an identity in a short-lived certificate (``keyless``)."""

    def open(self, bundle: bytes) -> Opened: ...


@dataclass(frozen=True)
class Trust:
    """Whose signatures count: public keys by name and, optionally, an identity in a certificate."""

    keys: Mapping[str, PublicKey]
    certificates: Certificates | None = None

    @classmethod
    def from_files(cls, files: Mapping[str, Path | str], certificates: Certificates | None = None) -> Trust:
        """Public keys by name from PEM files."""
        return cls({name: load(Path(path)) for name, path in files.items()}, certificates)

    def only(self, names: Collection[str]) -> Trust:
        """Of the keys those with these names."""
        return replace(self, keys={name: key for name, key in self.keys.items() if name in names})

    def signer(self, signature: bytes, data: bytes, hint: str = "") -> str:
        """The name of the key that made this signature over ``data``.

        Raises ``Untrusted`` if none of ours did, and ``InvalidInput`` if it is no signature, or one that claims (``hint``: a
        fingerprint) to be by a key of ours and does not verify.
        """
        for name, key in self.keys.items():
            if verifies(key, signature, data):
                return name
        for name, key in self.keys.items():
            if hint == fingerprint(key):
                raise InvalidInput(f"the signature names the key {name!r}, and does not verify: it, or what was signed, was changed")
        whose = f"the key {hint}" if hint else "another key"
        raise Untrusted(f"signed by {whose}, which is none of the trusted ones ({', '.join(sorted(self.keys)) or 'there are none'})", key_id=hint)


@dataclass(frozen=True)
class Signed:
    """One signature of an envelope, in base64, and what it says of its key."""

    value: str
    key_id: str = ""


@dataclass(frozen=True)
class Envelope:
    """An envelope that can be read; nothing in it is believed yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signed, ...]


@dataclass(frozen=True)
class Opened:
    """What was signed, and the name of the trusted key that signed it; never without one."""

    payload_type: str
    payload: bytes = field(repr=False)
    signer: str


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is really signed: DSSE 1.0, "Pre-Authentication Encoding"."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])


def envelope(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """An envelope with one signature, as JSON."""
    signature = {"keyid": signer.key_id, "sig": encode64(signer.sign(pae(payload_type, payload)))}
    return json.dumps({"payloadType": payload_type, "payload": encode64(payload), "signatures": [signature]}, separators=(",", ":")).encode()


def open_envelope(data: bytes, trust: Trust) -> Opened:
    """What an envelope holds, if a key that we trust signed it: of several signatures one good one is enough.

    Raises ``Untrusted`` if others signed it, and ``InvalidInput`` if it can't be read or does not verify.
    """
    return check(parse(read_json(data, "the envelope")), trust)


def check(found: Envelope, trust: Trust, hint: str = "") -> Opened:
    """As ``open_envelope``, for an envelope that was read; ``hint`` is the key that something around it names."""
    signed = pae(found.payload_type, found.payload)
    problems: list[InvalidInput | Untrusted] = []
    for signature in found.signatures:
        try:
            return Opened(found.payload_type, found.payload, trust.signer(decode64(signature.value, "a signature"), signed, signature.key_id or hint))
        except (InvalidInput, Untrusted) as error:
            problems.append(error)
    # One that claims to be ours and is broken says more than one by a stranger.
    raise next((problem for problem in problems if isinstance(problem, InvalidInput)), problems[0])


def parse(value: Any) -> Envelope:
    """An envelope from its JSON value. Raises ``InvalidInput``."""
    try:
        kind, payload, signatures = value["payloadType"], decode64(value["payload"], "the payload"), value["signatures"]
        listed = tuple(Signed(str(one["sig"]), str(one.get("keyid") or "")) for one in signatures)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(f"this is not a DSSE envelope with payloadType, payload and signatures: {type(error).__name__} {error}") from None
    if not isinstance(kind, str) or not kind:
        raise InvalidInput("the envelope does not say of what type its payload is (payloadType)")
    if not 1 <= len(listed) <= MOST_SIGNATURES:
        raise InvalidInput(f"the envelope has {len(listed)} signatures; 1 to {MOST_SIGNATURES} are read")
    return Envelope(kind, payload, listed)


def read_json(data: bytes, what: str) -> Any:
    """A JSON value. Raises ``InvalidInput``, also where it is nested too deep to be meant well."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} is not JSON: {error}") from None


def encode64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decode64(text: str, what: str) -> bytes:
    """Bytes from base64, standard or URL-safe (DSSE allows both), complete and without anything else."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/").encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error) as error:
        raise InvalidInput(f"{what} is not base64: it is cut off or changed ({error})") from None
