# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bytes hold that are some kind of certificate store, told by the bytes and not by a name. Pure. Private keys are stepped over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ansible_collections.slipway.platform.plugins.module_utils._certificates import der, read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import jks, pkcs12
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

# Asked for only when a store needs one: all passwords that may be the right one. Raises InvalidInput if they can't be read.
Passwords = Callable[[], Sequence[bytes]]
# What is called so is meant to be one; other things that a pattern matches (a README beside certificates) are passed over if they are none.
_SUFFIXES = (".pem", ".crt", ".cer", ".cert", ".der", ".p7b", ".p7c", ".p12", ".pfx", ".jks", ".jceks", ".ks", ".keystore", ".truststore")
_CERTIFICATES_OF_PKCS7 = 0xA0  # [0], of SignedData
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # PEM as some shells of Windows write it


@dataclass(frozen=True)
class Chain:
    """A certificate and those that follow it as its issuers. ``number``: which one of its file the first is, from 1. ``alias``: "" if it has none."""

    certificates: tuple[Certificate, ...]
    number: int
    alias: str = ""


@dataclass(frozen=True)
class Content:
    """``kind``: pem, der, pkcs7, pkcs12, jks, jceks, or "" for what is none of these. ``problems``: what is wrong with the whole; ``remarks``:
    what is good to know of each chain; ``others``: what else there is, by the labels of PEM.
    """

    kind: str
    chains: tuple[Chain, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """It is made of keys, requests and the like, and no certificate was ever meant to be there."""
        return bool(self.others) and not self.chains and not self.problems


def none() -> Sequence[bytes]:
    return ()


def parse(data: bytes, passwords: Passwords = none) -> Content:
    """What is in these bytes. Never raises for what they are."""
    if not data:
        return Content("", problems=(Problem("no_certificate", "it is empty"),))
    if data[:4] in jks.MAGIC:
        return _jks(data, passwords)
    if data[:2] in _WIDE:
        data = data.decode(_WIDE[data[:2]], "replace").encode()
    if b"-----BEGIN " in data:
        return _pem(data)
    if pkcs12.looks_like(data):
        return _pkcs12(data, passwords)
    return _der(data)


def meant(content: Content, name: str) -> bool:
    """Whether something of this name, which a pattern matched, was meant to have certificates: it has some, or should."""
    return bool(content.chains) or (not content.foreign and (bool(content.kind) or name.lower().endswith(_SUFFIXES)))


def rows(content: Content, found: Found) -> Iterator[Found]:
    """A row for each chain, named after ``found`` (a row without one), and one for what is wrong with the whole."""
    for chain in content.chains:
        suffix = f"#{chain.alias}" if chain.alias else f"#{chain.number}" if len(content.chains) > 1 else ""
        labels = {**found.labels, "alias": chain.alias} if chain.alias else found.labels
        # By hand: dataclasses.replace takes four times as long, and there are thousands.
        yield Found(found.source, found.name + suffix, labels, chain.certificates, content.remarks, thresholds=found.thresholds, facts=found.facts)
    problems = content.problems or (() if content.chains else (Problem("no_certificate", _nothing(content)),))
    if problems:
        yield replace(found, problems=problems)


def chains(certificates: Iterable[Certificate], number: int = 1) -> Iterator[Chain]:
    """One after the other, and what follows its own subject's issuer joins it: a server's file is one row, a list of roots is many."""
    held: list[Certificate] = []
    for certificate in certificates:
        if held and (held[-1].subject == held[-1].issuer or held[-1].issuer != certificate.subject):
            yield Chain(tuple(held), number)
            number, held = number + len(held), []
        held.append(certificate)
    if held:
        yield Chain(tuple(held), number)


def _pem(data: bytes) -> Content:
    found: list[Sequence[Certificate]] = []
    run: list[Certificate] = []
    problems: list[Problem] = []
    others: list[str] = []
    number = 0
    for label, content in read.pem_blocks(data):
        if label == "PKCS7" and content:
            found += [run, *_pkcs7(content)]
            run = []
            continue
        if label not in read.CERTIFICATES:
            others.append(label)
            continue
        number += 1
        try:
            run.append(_certificate(content))
        except InvalidInput as error:
            problems.append(Problem("damaged", f"certificate {number} in it: {error.message}"))
    return Content("pem", tuple(_numbered([*found, run])), tuple(problems), others=tuple(others))


def _numbered(groups: Iterable[Sequence[Certificate]]) -> Iterator[Chain]:
    number = 1
    for group in groups:
        yield from chains(group, number)
        number += len(group)


def _certificate(content: bytes | None) -> Certificate:
    if content is None:
        raise InvalidInput("it is cut off, or changed (no base64)")
    return read.certificate(content)


def _der(data: bytes) -> Content:
    if data[:1] != b"\x30":
        return Content("")
    try:
        return Content("der", (Chain((read.certificate(data),), 1),))
    except InvalidInput as error:
        seven = _pkcs7(data)
        if seven:
            return Content("pkcs7", tuple(_numbered(seven)))
        if _is_key(data):
            return Content("der", others=("PRIVATE KEY",))
        return Content("", problems=(Problem("damaged", f"binary, and {error.message}"),))


def _is_key(data: bytes) -> bool:
    """Private keys in DER begin with a version; nothing that has certificates does, but PKCS#12, which was asked for before."""
    try:
        whole = der.element(data, 0)
        return whole.end == len(data) and der.element(data, whole.start, whole.end).tag == der.INTEGER
    except der.NotDer:
        return False


def _pkcs7(data: bytes) -> list[Sequence[Certificate]]:
    """The chains in SignedData (RFC 5652 §5.1), [] if it is none. They are a set there, so their order says nothing."""
    try:
        whole = der.element(data, 0)
        kind, wrapped = [*der.inside(data, whole)][:2]
        if der.oid(data[kind.start : kind.end]) != "1.2.840.113549.1.7.2":
            return []
        signed = der.element(data, wrapped.start, wrapped.end)
        (bag,) = [each for each in der.inside(data, signed) if each.tag == _CERTIFICATES_OF_PKCS7]
        found = [read.certificate(data[each.begin : each.end]) for each in der.inside(data, bag) if each.tag == der.SEQUENCE]
    except (ValueError, InvalidInput):
        return []
    issuers = {each.issuer for each in found if each.issuer != each.subject}
    made = [_with_issuers(each, found) for each in found if each.subject not in issuers]
    placed = {certificate.fingerprint for chain in made for certificate in chain}
    return [*made, *((each,) for each in found if each.fingerprint not in placed)]


def _jks(data: bytes, passwords: Passwords) -> Content:
    found: list[Chain] = []
    problems, number = [], 1
    try:
        for entry in jks.entries(data):
            if entry.chain:
                found.append(Chain(tuple(map(read.certificate, entry.chain)), number, entry.alias))
            number += len(entry.chain)
    except (jks.Damaged, InvalidInput) as error:
        problems.append(Problem("damaged", f"it begins as a Java key store, and is cut off or changed: {error}"))
    else:
        problems += _password_of_jks(data, passwords)
    return Content(jks.MAGIC[data[:4]], tuple(found), tuple(problems), others=("JKS",))


def _password_of_jks(data: bytes, passwords: Passwords) -> Iterator[Problem]:
    """Nothing here needs it. Whoever gives one wants to know if programs will open the store with it."""
    try:
        given = passwords()
    except InvalidInput as error:
        yield Problem("unreadable", error.message)
    else:
        if given and not any(jks.fits(data, password) for password in given):
            yield Problem("wrong_password", "it is not closed with the password that was given (or was changed since); its certificates were read all the same")


def _pkcs12(data: bytes, passwords: Passwords) -> Content:
    try:
        store = pkcs12.read(data, passwords)
        found = [(alias, read.certificate(content)) for alias, content in (*((store.leaf,) if store.leaf else ()), *store.others)]
    except InvalidInput as error:
        return Content("pkcs12", problems=(Problem("unreadable", error.message),))
    made = []
    if store.leaf:
        alias, leaf = found[0]
        chain = _with_issuers(leaf, [certificate for _, certificate in found[1:]])
        made.append(Chain(chain, 1, alias))
        found = [each for each in found if each[1] not in chain]
    first = 1 + sum(len(chain.certificates) for chain in made)
    made += [Chain((certificate,), number, alias) for number, (alias, certificate) in enumerate(found, first)]
    return Content("pkcs12", tuple(made), store.problems, store.remarks, ("PKCS12",))


def _with_issuers(leaf: Certificate, others: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """A certificate and its issuers, which lie beside it in any order."""
    chain = [leaf]
    while chain[-1].subject != chain[-1].issuer:
        issuer = next((each for each in others if each.subject == chain[-1].issuer and each not in chain), None)
        if issuer is None:
            break
        chain.append(issuer)
    return tuple(chain)


def _nothing(content: Content) -> str:
    if content.others:
        return f"it has no certificate, only {', '.join(dict.fromkeys(content.others))}"
    return "it has no certificate (neither PEM, DER, PKCS#7, PKCS#12, JKS nor JCEKS)"
