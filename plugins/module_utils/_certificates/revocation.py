# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether certificates were revoked: by OCSP where they name a responder, else (or if it does not say) by the revocation list they name.

Many authorities have no responder any more, and private ones have neither: that is no problem. One that is named and does not say is a
warning, and no more, because an outage of a responder is none of the server. The certificate of the server is asked for, not those above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

from ansible_collections.slipway.platform.plugins.module_utils._certificates import crl, issuers, ocsp, read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.ahead import Once, ahead
from ansible_collections.slipway.platform.plugins.module_utils._certificates.fetch import Fetch
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem, stamp
from ansible_collections.slipway.platform.plugins.module_utils._certificates.ocsp import Status, Worthless
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, SlipwayError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

_MOST_PLACES = 3  # of each kind that are asked for one certificate
Answer = tuple[Status | None, str, str]  # what it said, by which protocol, and where (or why it said nothing)


def enrich(found: Iterable[Found], request: Request, context: Context) -> Iterator[Found]:
    """The rows, with what is known of their revocation (``facts["revocation"]``; problems ``revoked`` and ``revocation_unknown``)."""
    with Fetch(request, context) as fetch:
        yield from ahead(_Asking(request, context, fetch).about, found, request.concurrency, "revocation_unknown")


class _Asking:
    def __init__(self, request: Request, context: Context, fetch: Fetch) -> None:
        self._request, self._context, self._fetch = request, context, fetch
        self._answers: Once[Answer] = Once()
        self._lists: Once[x509.CertificateRevocationList] = Once()
        self._signed: Once[bool] = Once()
        self._issuers: Once[Certificate] = Once()

    def about(self, found: Found) -> Found:
        leaf = found.chain[0] if found.chain else None
        parsed = read.parse(leaf.der) if leaf and leaf.der else None
        if leaf is None or parsed is None or parsed.subject == parsed.issuer:
            return found
        responders, lists = _responders(parsed, AuthorityInformationAccessOID.OCSP), _lists(parsed)
        if not responders and not lists:
            return replace(found, facts={**found.facts, "revocation": {"status": "not offered"}})
        said, by, where = self._answers.of(leaf.fingerprint, lambda: self._ask(leaf, parsed, found.chain, responders, lists))
        if said is None:
            return replace(found, problems=(*found.problems, Problem("revocation_unknown", f"nobody says if it was revoked: {where}")))
        told = {"by": by, "at": where, "this_update": stamp(said.this_update), "next_update": stamp(said.next_update)}
        if said.revoked_at is None:
            return replace(found, facts={**found.facts, "revocation": {"status": "good", **told}})
        why = f" ({said.reason})" if said.reason else ""
        problem = Problem("revoked", f"«{leaf.title}» was revoked at {stamp(said.revoked_at)}{why}, says {where}")
        facts = {**found.facts, "revocation": {"status": "revoked", "revoked_at": stamp(said.revoked_at), "reason": said.reason, **told}}
        return replace(found, problems=(*found.problems, problem), facts=facts)

    def _ask(self, leaf: Certificate, parsed: x509.Certificate, chain: tuple[Certificate, ...], responders: list[str], lists: list[str]) -> Answer:
        if leaf.serial != f"{parsed.serial_number:X}":  # the library was given another one (der.tamed)
            return None, "", f"its serial number {leaf.serial} is none that can be asked for"
        try:
            issuer = self._issuer(leaf, parsed, chain)
        except (SlipwayError, Worthless) as error:
            return None, "", f"its issuer is not known here ({error})"
        ways: list[tuple[str, str, Callable[[], Status]]] = [
            *(("ocsp", url, partial(self._by_ocsp, url, parsed, issuer)) for url in responders),
            *(("crl", url, partial(self._by_list, url, parsed, issuer)) for url in lists),
        ]
        silent = []
        for by, url, ask in ways:
            try:
                return ask(), by, url
            except SlipwayError as error:
                silent.append(error.message)
            except Worthless as error:
                silent.append(f"{url}: {error}")
        return None, "", "; ".join(silent)

    def _by_ocsp(self, url: str, parsed: x509.Certificate, issuer: x509.Certificate) -> Status:
        asked = ocsp.question(parsed, issuer)
        answer = self._fetch.post(url, ocsp.encoded(asked), ocsp.MEDIA_TYPE)
        if answer.status != 200:
            raise Worthless(f"it answers {answer.status}")
        return ocsp.status(answer.body, asked, issuer, self._context.now(), self._request.skew)

    def _by_list(self, url: str, parsed: x509.Certificate, issuer: x509.Certificate) -> Status:
        """A list is fetched once for all certificates that name it, and again when it says that there is a newer one."""
        now = self._context.now()
        listed = self._lists.of((url, None), lambda: self._list(url))
        if listed.next_update_utc is not None and listed.next_update_utc < now:
            listed = self._lists.of((url, listed.next_update_utc), lambda: self._list(url))
        signed = self._signed.of((id(listed), issuer.public_bytes(Encoding.DER)), lambda: crl.signed(listed, issuer))
        return crl.status(listed, signed, parsed, now, self._request.skew)

    def _list(self, url: str) -> x509.CertificateRevocationList:
        answer = self._fetch.get(url, crl.LARGEST)
        if answer.status != 200:
            raise Worthless(f"it answers {answer.status}")
        return crl.load(answer.body)

    def _issuer(self, leaf: Certificate, parsed: x509.Certificate, chain: tuple[Certificate, ...]) -> x509.Certificate:
        """The certificate that signed it: of those that came with it, or from where it says (RFC 5280 §4.2.2.1)."""
        for each in chain[1:]:
            if _signed(leaf, each):
                return _parsed(each)
        places = _responders(parsed, AuthorityInformationAccessOID.CA_ISSUERS)
        if not places:
            raise Worthless("it was not sent, and the certificate does not say where it is")
        fetched = self._issuers.of(places[0], lambda: self._fetched(places[0]))
        if not _signed(leaf, fetched):
            raise Worthless(f"{places[0]} is another one")
        return _parsed(fetched)

    def _fetched(self, url: str) -> Certificate:
        answer = self._fetch.get(url)
        if answer.status != 200:
            raise Worthless(f"{url} answers {answer.status}")
        blocks = [content for label, content in read.pem_blocks(answer.body) if label in read.CERTIFICATES and content]
        try:
            return read.certificate(blocks[0] if blocks else answer.body)
        except InvalidInput:
            raise Worthless(f"{url} has no certificate") from None


def _signed(leaf: Certificate, issuer: Certificate) -> bool:
    try:
        return issuers.same_name(leaf.issuer, issuer.subject) and issuers.signed(leaf, issuer)
    except issuers.Unsupported:
        return False


def _parsed(certificate: Certificate) -> x509.Certificate:
    parsed = read.parse(certificate.der)
    if parsed is None:
        raise Worthless("the library can't read it")
    return parsed


def _responders(parsed: x509.Certificate, method: x509.ObjectIdentifier) -> list[str]:
    try:
        access = parsed.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    named = (each.access_location for each in access if each.access_method == method)
    return _web(named)


def _lists(parsed: x509.Certificate) -> list[str]:
    try:
        points = parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    # A list that another authority signs for this one is of no use here, and a part of the reasons is no answer.
    return _web(name for point in points if not point.crl_issuer and not point.reasons for name in point.full_name or ())


def _web(names: Iterable[x509.GeneralName]) -> list[str]:
    """The addresses of the web among names: LDAP and the like are asked by nobody outside."""
    texts = (name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))
    return list(islice((text for text in texts if text.lower().startswith(("http://", "https://"))), _MOST_PLACES))
