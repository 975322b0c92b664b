# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of certificate monitoring: what was found, what is wrong with it, and what that means. Values only.

    source ─► Found (certificates and problems, not judged) ─► judge.judge ─► Row (a verdict with its reasons) ─► report/*

All times are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Verdict(StrEnum):
    """What is to be done: now at once (expired, critical), find out (unknown), soon (warning), nothing (ok). Ordered by urgency, first first."""

    EXPIRED = "expired"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    WARNING = "warning"
    OK = "ok"

    @property
    def urgency(self) -> int:
        """0 for the most urgent one."""
        return _ORDER[self]


# The one place that orders verdicts. Unknown is behind what is known to be broken, and before what still works for a while.
_ORDER = {verdict: place for place, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict], default: Verdict = Verdict.OK) -> Verdict:
    """The most urgent verdict; ``default`` if there is none at all."""
    return min(verdicts, key=_ORDER.__getitem__, default=default)


def of_all(rows: Iterable[Row]) -> Verdict:
    """The verdict of a whole look. Where nothing was looked at, nothing is known."""
    return worst((row.verdict for row in rows), Verdict.UNKNOWN)


# What each problem means at least; a certificate's dates can only make it worse. A source that can tell something new adds a line here.
CODES: Mapping[str, Verdict] = MappingProxyType(
    {
        "expired": Verdict.EXPIRED,
        # clients refuse it, or must
        "not_yet_valid": Verdict.CRITICAL,
        "never_valid": Verdict.CRITICAL,
        "expires_soon": Verdict.CRITICAL,
        "wrong_name": Verdict.CRITICAL,
        "self_signed": Verdict.CRITICAL,
        "unknown_root": Verdict.CRITICAL,
        "missing_intermediate": Verdict.CRITICAL,
        "invalid_chain": Verdict.CRITICAL,
        "wrong_key": Verdict.CRITICAL,
        "revoked": Verdict.CRITICAL,
        "starttls_injected": Verdict.CRITICAL,
        # nobody knows: it could not be reached
        "unresolved": Verdict.UNKNOWN,
        "refused": Verdict.UNKNOWN,
        "unreachable": Verdict.UNKNOWN,
        "timeout": Verdict.UNKNOWN,
        "reset": Verdict.UNKNOWN,
        "not_tls": Verdict.UNKNOWN,
        "handshake_failed": Verdict.UNKNOWN,
        "starttls_refused": Verdict.UNKNOWN,
        "proxy_refused": Verdict.UNKNOWN,
        "unavailable": Verdict.UNKNOWN,
        # ... or not be read
        "no_certificate": Verdict.UNKNOWN,
        "missing": Verdict.UNKNOWN,
        "unreadable": Verdict.UNKNOWN,
        "damaged": Verdict.UNKNOWN,
        "password_needed": Verdict.UNKNOWN,
        "wrong_password": Verdict.UNKNOWN,
        "forbidden": Verdict.UNKNOWN,
        "unsupported": Verdict.UNKNOWN,
        "incomplete": Verdict.UNKNOWN,
        # it works, and should be looked at
        "renewal_due": Verdict.WARNING,
        "renewal_failed": Verdict.WARNING,
        "expired_in_chain": Verdict.WARNING,
        "expires_in_chain": Verdict.WARNING,
        "legacy_protocol": Verdict.WARNING,
        "weak_signature": Verdict.WARNING,
        "weak_key": Verdict.WARNING,
        "revocation_unknown": Verdict.WARNING,
        # good to know
        "root_sent": Verdict.OK,
        "unordered_chain": Verdict.OK,
        "clock_skew": Verdict.OK,
        "client_certificate_wanted": Verdict.OK,
        "no_server_name": Verdict.OK,
        "legacy_encryption": Verdict.OK,
        "not_renewable": Verdict.OK,
        "renewal_unknown": Verdict.OK,
    }
)


@dataclass(frozen=True)
class Problem:
    """One thing to say about what was found: a code of ``CODES``, and a text for people (never a credential)."""

    code: str
    text: str

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"{self.code} is no problem that _certificates/model.py knows; give it a line there")

    @property
    def verdict(self) -> Verdict:
        return CODES[self.code]


@dataclass(frozen=True)
class Certificate:
    """What a certificate says (RFC 5280). ``read.certificate`` makes one from DER; a listing without DER (ACM, IAM) fills in what it has.

    ``serial``: upper-case hex, with a minus sign if negative. ``names``: ``dns:…``, ``ip:…``, ``uri:…``, ``email:…``. ``fingerprint``: SHA-256
    of the DER, hex. ``key``: ``EC P-256``, ``RSA 2048``, ``Ed25519``, ``unknown``. ``not_before`` is None where only the end is known.
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime | None
    not_after: datetime
    names: tuple[str, ...] = ()
    fingerprint: str = ""
    key: str = "unknown"
    is_ca: bool = False
    der: bytes = field(default=b"", repr=False)

    def __hash__(self) -> int:
        return hash(self.fingerprint or self.serial)  # which tells them apart, and is asked for again and again

    @property
    def title(self) -> str:
        """What a person calls it: many have no subject (RFC 5280 §4.1.2.6), and are known by their first name."""
        return self.subject or (self.names[0].partition(":")[2] if self.names else "") or f"serial number {self.serial}"

    @property
    def lifetime(self) -> timedelta | None:
        """How long it is good for; None if only the end is known."""
        return None if self.not_before is None else self.not_after - self.not_before


@dataclass(frozen=True)
class Threshold:
    """Reached when this part of the lifetime, or this many days, is left: the smaller of both."""

    fraction: float
    days: float

    def left(self, lifetime: timedelta | None) -> timedelta:
        """How much is left when it is reached, for a certificate of this lifetime (None: not known, so the days count)."""
        absolute = timedelta(days=self.days)
        return absolute if lifetime is None else max(min(lifetime * self.fraction, absolute), timedelta(0))


@dataclass(frozen=True)
class Thresholds:
    warning: Threshold = Threshold(1 / 3, 30)
    critical: Threshold = Threshold(1 / 6, 14)


DEFAULT = Thresholds()


@dataclass(frozen=True)
class Window:
    """When the issuer suggests to renew (ACME Renewal Information, RFC 9773 §4.2): ``explanation`` is its URL, if it gave one."""

    start: datetime
    end: datetime
    explanation: str = ""


@dataclass(frozen=True)
class Found:
    """One row of the result before it is judged.

    ``source``: endpoint, file, kubernetes, cluster, aws or own. ``name``: what a person calls it (``example.com:443``, ``/etc/x.pem#2``,
    ``Secret ns/name tls.crt#1``). ``chain``: leaf first, as found; empty if none could be read, which a problem explains. ``peer``: the name
    or address that a client asks for; with it the chain is verified as a client would, without it only dates are judged.
    ``roots``: whom the clients of this peer trust, instead of the roots of the request. ``thresholds``: other ones than those of the request.
    ``facts``: JSON values for the result (in_use, ocsp, protocol, …).
    """

    source: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    chain: tuple[Certificate, ...] = ()
    problems: tuple[Problem, ...] = ()
    peer: str | None = None
    roots: tuple[Certificate, ...] = ()
    thresholds: Thresholds | None = None
    window: Window | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One row of the result. ``problems`` are sorted by urgency, each as bad as its code says.

    ``not_after``: when it stops working: ``path_not_after`` (end of the best verified path) if there is one, else the earliest end on the
    path that was followed. ``sent_not_after``: the earliest end in all that was found. ``renew_at``: from when on it is not ok any more.
    ``remaining_seconds`` is negative after the end; ``lifetime_seconds`` is that of the certificate which ends at ``not_after``.
    """

    source: str
    name: str
    verdict: Verdict
    labels: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    not_after: datetime | None = None
    path_not_after: datetime | None = None
    sent_not_after: datetime | None = None
    remaining_seconds: int | None = None
    lifetime_seconds: int | None = None
    renew_at: datetime | None = None
    certificates: tuple[Certificate, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(problem.text for problem in self.problems)


def stamp(moment: datetime | None) -> str | None:
    """``2026-12-01T10:00:00Z`` (RFC 3339), whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20) if moment else None


def certificate_json(certificate: Certificate) -> dict[str, Any]:
    """A certificate as the result shows it: everything but the DER."""
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
        "not_before": stamp(certificate.not_before),
        "not_after": stamp(certificate.not_after),
        "names": list(certificate.names),
        "fingerprint": certificate.fingerprint,
        "key": certificate.key,
        "is_ca": certificate.is_ca,
    }


def row_json(row: Row) -> dict[str, Any]:
    """A row as modules return it and report/json writes it."""
    return {
        "source": row.source,
        "name": row.name,
        "labels": dict(row.labels),
        "verdict": str(row.verdict),
        "codes": [problem.code for problem in row.problems],
        "reasons": list(row.reasons),
        "not_after": stamp(row.not_after),
        "path_not_after": stamp(row.path_not_after),
        "sent_not_after": stamp(row.sent_not_after),
        "remaining_seconds": row.remaining_seconds,
        "lifetime_seconds": row.lifetime_seconds,
        "renew_at": stamp(row.renew_at),
        "certificates": [certificate_json(certificate) for certificate in row.certificates],
        "facts": dict(row.facts),
    }
