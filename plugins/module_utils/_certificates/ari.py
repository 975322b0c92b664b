# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACME Renewal Information (RFC 9773): when the issuer wants a certificate to be renewed, which may be at once.

Each certificate is asked for once. An issuer that does not know it, or does not answer, takes nothing away: the thresholds still hold.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._certificates import der, read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.ahead import Once, ahead
from ansible_collections.slipway.platform.plugins.module_utils._certificates.fetch import Fetch
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Found, Problem, Window, stamp
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response
from cryptography import x509

# Who has renewal information, by the organization in the issuer's name; others are asked where the request says so.
_DIRECTORIES = {
    "O=Let's Encrypt": "https://acme-v02.api.letsencrypt.org/directory",
    "O=Google Trust Services": "https://dv.acme-v02.api.pki.goog/directory",
}
_PATIENCE = 5.0  # seconds that an issuer who is busy may ask for before it is asked again, once


def enrich(found: Iterable[Found], request: Request, context: Context) -> Iterator[Found]:
    """The rows, with the window in which their issuers want them renewed (``Found.window``, ``facts["ari"]``)."""
    with Fetch(request, context) as fetch:
        yield from ahead(_Asking(request, context, fetch).about, found, request.concurrency, "renewal_unknown")


def certificate_id(certificate: Certificate) -> str | None:
    """What a certificate is called in renewal information (RFC 9773 §4.1); None if its authority has no key identifier."""
    parsed = read.parse(certificate.der)
    try:
        identifier = parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier if parsed else None
    except (x509.ExtensionNotFound, ValueError):
        identifier = None
    if not identifier:
        return None
    serial = der.parts(certificate.der).serial  # as it is written, so with a zero before a first bit that would be a sign
    return f"{_base64url(identifier)}.{_base64url(certificate.der[serial.start : serial.end])}"


@dataclass(frozen=True)
class Information:
    window: Window
    retry_after: datetime | None


class _Asking:
    def __init__(self, request: Request, context: Context, fetch: Fetch) -> None:
        self._request, self._context, self._fetch = request, context, fetch
        self._places: Once[str] = Once()
        self._known: Once[Information] = Once()

    def about(self, found: Found) -> Found:
        leaf = found.chain[0] if found.chain else None
        directory = self._directory(leaf) if leaf and leaf.der and not leaf.is_ca else None
        name = certificate_id(leaf) if directory and leaf else None
        if not directory or not name:
            return found
        try:
            known = self._known.of((directory, name), lambda: self._ask(directory, name))
        except SlipwayError as error:
            return replace(found, problems=(*found.problems, Problem("renewal_unknown", f"its issuer's renewal information: {error.message}")))
        window = known.window
        told = {"start": stamp(window.start), "end": stamp(window.end), "explanation": window.explanation, "ask_again": stamp(known.retry_after)}
        return replace(found, window=window, facts={**found.facts, "ari": {key: value for key, value in told.items() if value}})

    def _directory(self, leaf: Certificate) -> str | None:
        if self._request.acme_directory:
            return self._request.acme_directory
        return next((url for organization, url in _DIRECTORIES.items() if organization in leaf.issuer), None)

    def _ask(self, directory: str, name: str) -> Information:
        place = self._places.of(directory, lambda: self._renewal_info(directory))
        url = f"{place.rstrip('/')}/{name}"
        answer = self._fetch.get(url)
        wait = self._wait(answer)
        if answer.status in (429, 503) and wait is not None and wait <= _PATIENCE:
            self._context.sleep(wait)
            answer = self._fetch.get(url)
        if answer.status == 404:
            raise NotFound(f"{url}: it does not know this certificate (404)")
        told = _object(answer, url)
        wait = self._wait(answer)
        again = datetime.fromtimestamp(self._context.now().timestamp() + wait, UTC) if wait is not None else None
        return Information(window_of(told, url), again)

    def _renewal_info(self, directory: str) -> str:
        place = _object(self._fetch.get(directory), directory).get("renewalInfo")
        if not isinstance(place, str):
            raise NotFound(f"{directory} offers none")
        return place

    def _wait(self, answer: Response) -> float | None:
        """The seconds of ``Retry-After``, which has them or a date (RFC 9110 §10.2.3)."""
        text = answer.header("retry-after").strip()
        if text.isdigit():
            return min(float(text), 365 * 86400.0)
        try:
            return max((parsedate_to_datetime(text) - self._context.now()).total_seconds(), 0.0) if text else None
        except (ValueError, TypeError):
            return None


def window_of(told: dict[str, Any], url: str) -> Window:
    """The window in an answer (RFC 9773 §4.2). Raises ``Unreachable`` for one that can't be meant."""
    window = told.get("suggestedWindow")
    start, end = (_moment(window.get(key)) if isinstance(window, dict) else None for key in ("start", "end"))
    if start is None or end is None or end <= start:
        raise Unreachable(f"{url}: its window is none that can be meant: {json.dumps(window)[:200]}")
    explanation = told.get("explanationURL")
    return Window(start, end, explanation if isinstance(explanation, str) else "")


def _object(answer: Response, url: str) -> dict[str, Any]:
    if answer.status != 200:
        raise Unreachable(f"{url}: it answers {answer.status}")
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Unreachable(f"{url}: its answer is no JSON object")
    return told


def _moment(text: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, TypeError, OverflowError):
        return None


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
