# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of a path: whether one certificate signed another, and whether it was allowed to (RFC 5280 §6.1, as relaxed as OpenSSL is).

Key identifiers are not looked at: private authorities often have none, and the signature says more. What is cached depends on nothing but the
certificates, so a thousand servers behind one intermediate check its signature once.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)
_KEPT = 4096
_KNOWN = {
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.INHIBIT_ANY_POLICY,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.NAME_CONSTRAINTS,
    ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.POLICY_MAPPINGS,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
}
_SERVER = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class Unsupported(Exception):
    """The library can't read this certificate, or does not know this signature; so nobody here can say yes or no."""


def same_name(left: str, right: str) -> bool:
    """Whether two names are one, in spite of string types, case and spaces (RFC 5280 §7.1)."""
    return canonical(left) == canonical(right)


@lru_cache(maxsize=_KEPT)
def canonical(name: str) -> str:
    return " ".join(name.casefold().split())


@lru_cache(maxsize=_KEPT)
def signed(child: Certificate, issuer: Certificate) -> bool:
    """Whether the issuer's key made the signature of the child. Raises ``Unsupported``."""
    parsed, key = _loaded(child), _key(issuer)
    try:
        key.verify(parsed.signature, read.signed_bytes(child.der), *_how(parsed, key))
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm as error:
        raise Unsupported(str(error)) from None
    except (TypeError, ValueError, AttributeError):  # a signature of another kind than the key
        return False
    return True


def _how(parsed: x509.Certificate, key: Any) -> tuple[Any, ...]:
    """What ``key.verify`` wants to know of a signature. Raises ``ValueError`` for a signature that a key of another kind made."""
    parameters, digest = parsed.signature_algorithm_parameters, parsed.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, AsymmetricPadding):
        return (parameters, digest)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
        return (parameters,)
    if parameters is None and not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return (digest,) if isinstance(key, dsa.DSAPublicKey) else ()
    raise ValueError("another kind of key")


def objection(issuer: Certificate, leaf: Certificate, between: int, anchor: bool) -> str:
    """Why the issuer may not vouch for this leaf; "" if it may. ``between``: authorities between the two. ``anchor``: it is trusted itself."""
    rules = _rules(issuer)
    if rules.no_authority and not (anchor and rules.first_version):
        return rules.no_authority
    if rules.path_length is not None and between > rules.path_length:
        return f"it allows {rules.path_length} authorities below it, and there are {between} (pathlen)"
    if rules.not_for_servers and not anchor:
        return "it may not sign for servers (extendedKeyUsage)"
    return rules.foreign or _outside(rules.names, leaf.names)


def leaf_objection(leaf: Certificate) -> str:
    """Why clients refuse this certificate for a server, whoever signed it; "" if they don't."""
    parsed = _loaded(leaf)
    purposes = _extension(parsed, x509.ExtendedKeyUsage)
    if purposes is not None and not _SERVER & set(purposes):
        return "it is not for servers (extendedKeyUsage)"
    return _unknown_extension(parsed)


@lru_cache(maxsize=_KEPT)
def weakness(certificate: Certificate) -> str:
    """``weak_signature``, ``weak_key`` or ""."""
    try:
        digest = _loaded(certificate).signature_hash_algorithm
    except (Unsupported, UnsupportedAlgorithm):
        digest = None
    if digest is not None and digest.name in ("md5", "sha1"):
        return "weak_signature"
    kind, _, bits = certificate.key.partition(" ")
    return "weak_key" if kind in ("RSA", "DSA") and bits.isdigit() and int(bits) < 2048 else ""


@dataclass(frozen=True)
class _Rules:
    """What an authority may do, of itself. Certificates of the first version have no extensions that could say so: roots may be of it."""

    no_authority: str
    first_version: bool
    path_length: int | None
    not_for_servers: bool
    names: x509.NameConstraints | None
    foreign: str


@lru_cache(maxsize=_KEPT)
def _rules(issuer: Certificate) -> _Rules:
    parsed = _loaded(issuer)
    basic = _extension(parsed, x509.BasicConstraints)
    usage = _extension(parsed, x509.KeyUsage)
    purposes = _extension(parsed, x509.ExtendedKeyUsage)
    no_authority = ""
    if basic is None:
        no_authority = "it has no basicConstraints, so it is no authority"
    elif not basic.ca:
        no_authority = "it is no authority (basicConstraints)"
    elif usage is not None and not usage.key_cert_sign:
        no_authority = "its key may not sign certificates (keyUsage)"
    return _Rules(
        no_authority=no_authority,
        first_version=parsed.version is x509.Version.v1,
        path_length=basic.path_length if basic else None,
        not_for_servers=purposes is not None and not _SERVER & set(purposes),
        names=_extension(parsed, x509.NameConstraints),
        foreign=_unknown_extension(parsed),
    )


def _loaded(certificate: Certificate) -> x509.Certificate:
    parsed = read.parse(certificate.der) if certificate.der else None
    if parsed is None:
        raise Unsupported("the library can't read it")
    return parsed


@lru_cache(maxsize=_KEPT)
def _key(certificate: Certificate) -> Any:
    try:
        _loaded(certificate)
        return read.public_key(certificate.der)
    except (UnsupportedAlgorithm, ValueError) as error:
        raise Unsupported(f"its key is of a kind that the library does not know: {error}") from None


def _extension(parsed: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Unsupported(f"its extensions can't be read: {error}") from None


def _unknown_extension(parsed: x509.Certificate) -> str:
    foreign = [extension.oid.dotted_string for extension in parsed.extensions if extension.critical and extension.oid not in _KNOWN]
    return f"it has a critical extension that clients don't know: {foreign[0]}" if foreign else ""


def _outside(constraints: x509.NameConstraints | None, names: tuple[str, ...]) -> str:
    """Why name constraints (RFC 5280 §4.2.1.10) don't let these names through; "" if they do."""
    for name in names if constraints else ():
        kind, _, value = name.partition(":")
        permitted = [tree for tree in (constraints and constraints.permitted_subtrees) or () if _KINDS.get(type(tree)) == kind]
        excluded = [tree for tree in (constraints and constraints.excluded_subtrees) or () if _KINDS.get(type(tree)) == kind]
        if (permitted and not any(_within(tree, value) for tree in permitted)) or any(_within(tree, value) for tree in excluded):
            return f"it may not sign for {value} (nameConstraints)"
    return ""


_KINDS: dict[type, str] = {x509.DNSName: "dns", x509.IPAddress: "ip"}


def _within(tree: x509.GeneralName, value: str) -> bool:
    if isinstance(tree, x509.IPAddress):
        network = tree.value
        return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and ipaddress.ip_address(value) in network
    base, host = str(tree.value).lower(), value.lower().removeprefix("*.")
    return not base or host == base or host.endswith(base if base.startswith(".") else f".{base}")
