# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found becomes a verdict. Pure: the time is an argument.

A certificate is good from notBefore to notAfter, both inclusive (RFC 5280 §4.1.2.5); a threshold is reached at its very second. The verdict
of a served chain follows the path that clients use. What is sent beside that path can make it a warning, and no more: an expired
cross-signed root that nobody needs is no outage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from ansible_collections.slipway.platform.plugins.module_utils._certificates import names, verify
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import (
    Certificate,
    Found,
    Problem,
    Row,
    Threshold,
    Thresholds,
    Verdict,
    Window,
    stamp,
    worst,
)
from ansible_collections.slipway.platform.plugins.module_utils._certificates.verify import SKEW, Roots


@dataclass(frozen=True)
class Dates:
    """A certificate by its dates alone: what to say (None: nothing), and from when on there is something to say."""

    certificate: Certificate
    problem: Problem | None
    renew_at: datetime


def judge(found: Found, thresholds: Thresholds, now: datetime, roots: Roots | None, skew: timedelta = SKEW) -> Row:
    """The row for what was found. ``roots``: whom clients trust; None judges names and dates only. ``now`` is aware.

    ``skew``: how far the clock here may be behind the issuer's, before a certificate counts as not yet valid.
    """
    now = now.astimezone(UTC)  # of two times in one other zone Python would compare the clocks on the wall
    limits = found.thresholds or thresholds
    problems = list(found.problems)
    if not found.chain and not any(problem.verdict is Verdict.UNKNOWN for problem in problems):
        problems.append(Problem("no_certificate", "no certificate was found"))
    matters, path = found.chain, None
    if found.peer is not None and found.chain:
        problems += names.check(found.peer, found.chain[0])
        if roots is not None:
            verified = verify.paths(found.chain, _roots(found.roots) if found.roots else roots, now, skew)
            matters, path = verified.followed, verified.best
            # What is wrong with dates is said of each certificate below.
            problems += [verified.problem] if verified.problem and verified.problem.code not in ("expired", "not_yet_valid") else []
            problems += verified.remarks
    dates = [of_dates(certificate, limits, now, found.window if place == 0 else None, skew) for place, certificate in enumerate(matters)]
    problems += [each.problem for each in dates if each.problem]
    problems += _beside(found.chain, matters, limits, now)
    return _row(found, _sorted(problems), dates, path, now)


@lru_cache(maxsize=1024)
def of_dates(certificate: Certificate, limits: Thresholds, now: datetime, window: Window | None = None, skew: timedelta = SKEW) -> Dates:
    """Judge one certificate by its dates. A window that its issuer suggests takes the place of the warning threshold."""
    ends, lifetime = certificate.not_after, certificate.lifetime
    critical_at = _before(ends, limits.critical.left(lifetime))
    warning_at = window.start if window else _before(ends, limits.warning.left(lifetime))
    return Dates(certificate, _problem(certificate, limits, now, warning_at, critical_at, window, skew), min(warning_at, critical_at))


def _problem(
    certificate: Certificate, limits: Thresholds, now: datetime, warning_at: datetime, critical_at: datetime, window: Window | None, skew: timedelta
) -> Problem | None:
    begins, ends = certificate.not_before, certificate.not_after
    if now < min(warning_at, critical_at) and (begins is None or begins <= now):
        return None  # nearly always, so nothing is written down before
    who = f"«{certificate.title}»"
    if begins is not None and begins > ends:
        return Problem("never_valid", f"{who} ends before it begins: {stamp(begins)} to {stamp(ends)}")
    if now > ends:
        return Problem("expired", f"{who} expired {duration(now - ends)} ago, at {stamp(ends)}")
    if begins is not None and begins - now > skew:
        return Problem("not_yet_valid", f"{who} is not valid before {stamp(begins)}, in {duration(begins - now)}")
    left = f"{who} expires in {duration(ends - now)}, at {stamp(ends)}"
    if now >= critical_at:
        return Problem("expires_soon", f"{left}; {_limit(limits.critical, certificate)} is critical")
    if now >= warning_at and window:
        over = "ended" if now > window.end else "ends"
        return Problem("renewal_due", f"{left}; its issuer's renewal window began at {stamp(window.start)} and {over} at {stamp(window.end)}")
    if now >= warning_at:
        return Problem("renewal_due", f"{left}; {_limit(limits.warning, certificate)} is the time to renew")
    return Problem("clock_skew", f"{who} is valid from {stamp(begins)} on: a clock is wrong by a little")


@lru_cache(maxsize=64)
def _roots(certificates: tuple[Certificate, ...]) -> Roots:
    return Roots(certificates)


def duration(span: timedelta) -> str:
    """A length of time for people, in its two largest units: ``12 d 3 h``, ``4 min 0 s``."""
    seconds = max(int(span.total_seconds()), 0)
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def _before(moment: datetime, span: timedelta) -> datetime:
    """That much earlier; the first moment that there is where the calendar ends."""
    try:
        return moment - span
    except OverflowError:
        return datetime.min.replace(tzinfo=moment.tzinfo)


def _limit(threshold: Threshold, certificate: Certificate) -> str:
    return f"{duration(threshold.left(certificate.lifetime))} or less"


def _beside(chain: Iterable[Certificate], matters: tuple[Certificate, ...], limits: Thresholds, now: datetime) -> Iterable[Problem]:
    """Of what clients don't need: whatever is about to end is said, because a client with another set of roots may need it."""
    used = {certificate.fingerprint for certificate in matters}
    for certificate in chain:
        dated = of_dates(certificate, limits, now) if certificate.fingerprint not in used else None
        if dated and dated.problem and dated.problem.code in ("expired", "expires_soon", "renewal_due"):
            code = "expired_in_chain" if dated.problem.code == "expired" else "expires_in_chain"
            yield Problem(code, f"{dated.problem.text}; it is sent, and clients that verify the other path don't need it")


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once, the most urgent first; of the same urgency in the order in which they were noticed."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.verdict.urgency))


def _row(found: Found, problems: tuple[Problem, ...], dates: list[Dates], path: tuple[Certificate, ...] | None, now: datetime) -> Row:
    first = min((each.certificate for each in dates), key=lambda certificate: certificate.not_after, default=None)
    lifetime = first.lifetime if first else None
    return Row(
        source=found.source,
        name=found.name,
        verdict=worst(problem.verdict for problem in problems),
        labels=found.labels,
        problems=problems,
        not_after=first.not_after if first else None,
        path_not_after=min(certificate.not_after for certificate in path) if path else None,
        sent_not_after=min((certificate.not_after for certificate in found.chain), default=None),
        remaining_seconds=int((first.not_after - now).total_seconds() // 1) if first else None,
        lifetime_seconds=int(lifetime.total_seconds()) if lifetime is not None else None,
        renew_at=min((each.renew_at for each in dates), default=None),
        certificates=tuple(map(_without_bytes, found.chain)),
        facts=found.facts,
    )


@lru_cache(maxsize=1024)
def _without_bytes(certificate: Certificate) -> Certificate:
    """What a row keeps of a certificate: ten thousand rows shall not hold every byte that was read."""
    return replace(certificate, der=b"")
