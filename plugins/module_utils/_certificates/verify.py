# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path from a server's certificate to a trusted root, found offline from what was sent (RFC 5280 §6, RFC 4158). Pure.

All paths are looked for, and the one that lasts longest is taken: clients find a good one beside an expired cross-signed root, so an alarm
about the latter is false. Without any path the answer says why. Own path building instead of the library's verifier: decision 016.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ansible_collections.slipway.platform.plugins.module_utils._certificates import issuers
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate, Problem, stamp

SKEW = timedelta(minutes=5)
Path = tuple[Certificate, ...]

# A server may send what it likes. Nobody needs longer paths than these, and looking for them must end.
_DEEPEST, _MOST_STEPS, _KEPT = 10, 200, 8192


@dataclass(frozen=True)
class Verified:
    """``best``: the path that lasts longest, leaf first, root last; None if there is none that holds now, and then ``problem`` says why.

    ``followed``: ``best``, or how far one comes without. ``remarks``: what is good to know, or to mend.
    """

    best: Path | None
    problem: Problem | None
    followed: Path
    remarks: tuple[Problem, ...] = ()


class Roots:
    """Whom clients trust. Remembers what it was asked, because most servers of a run send one of a few chains."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._by_subject: dict[str, list[Certificate]] = {}
        self._fingerprints: set[str] = set()
        self.seen: dict[object, Verified] = {}
        for certificate in certificates:
            if certificate.fingerprint not in self._fingerprints:
                self._fingerprints.add(certificate.fingerprint)
                self._by_subject.setdefault(issuers.canonical(certificate.subject), []).append(certificate)

    def __len__(self) -> int:
        return len(self._fingerprints)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate.fingerprint in self._fingerprints

    def named(self, subject: str) -> list[Certificate]:
        return self._by_subject.get(issuers.canonical(subject), [])


def paths(chain: Path, roots: Roots, now: datetime, skew: timedelta = SKEW) -> Verified:
    """The best path for a chain as it was sent (leaf first; order and duplicates of the rest don't matter). Names are checked elsewhere."""
    key = (tuple(certificate.fingerprint for certificate in chain), now, skew)
    found = roots.seen.get(key)
    if found is None:
        if len(roots.seen) >= _KEPT:
            roots.seen.clear()
        found = roots.seen[key] = _verified(chain, roots, now, skew)
    return found


def self_signed(certificate: Certificate) -> bool:
    """Whether a certificate signed itself, which only says that it comes from whoever made it."""
    try:
        return issuers.same_name(certificate.subject, certificate.issuer) and issuers.signed(certificate, certificate)
    except issuers.Unsupported:
        return False


def _verified(chain: Path, roots: Roots, now: datetime, skew: timedelta) -> Verified:
    search = _Search(chain, roots)
    complete = list(search.complete())
    good = [path for path in complete if all(_holds(certificate, now, skew) for certificate in path)]
    if good or complete:
        followed = max(good or complete, key=_lasting)
        problem = None if good else _of_time(followed, now)
    else:
        followed, problem = search.longest, search.explained()
    if problem is None and (why := _leaf_objection(chain[0])):
        problem = why
    return Verified(None if problem else followed, problem, followed, tuple(_remarks(chain, followed, trusted=bool(complete))))


@dataclass
class _Search:
    """Depth first from the leaf; remembers how far it came, and what stood in the way."""

    chain: Path
    roots: Roots
    longest: Path = ()
    refused: list[Problem] = field(default_factory=list)
    steps: int = 0

    def complete(self) -> Iterator[Path]:
        """The paths that end at a trusted certificate, whatever the time."""
        sent = tuple({certificate.fingerprint: certificate for certificate in self.chain}.values())
        self.longest = sent[:1]
        if sent[0] in self.roots:
            yield sent[:1]
        else:
            yield from self._beyond(sent[:1], sent[1:])

    def _beyond(self, path: Path, sent: Path) -> Iterator[Path]:
        if len(path) > len(self.longest):
            self.longest = path
        if len(path) >= _DEEPEST:
            return
        last = path[-1]
        trusted = self.roots.named(last.issuer)
        others = [each for each in sent if each not in path and each not in self.roots and issuers.same_name(each.subject, last.issuer)]
        for issuer in (*trusted, *others):
            self.steps += 1
            if self.steps > _MOST_STEPS or issuer in path or not self._vouches(path, issuer):
                continue
            if issuer in self.roots:
                yield (*path, issuer)
            else:
                yield from self._beyond((*path, issuer), sent)

    def _vouches(self, path: Path, issuer: Certificate) -> bool:
        child = path[-1]
        # Authorities between this one and the leaf; one that is issued by itself under another key does not count (RFC 5280 §4.2.1.9).
        between = sum(1 for each in path[1:] if not issuers.same_name(each.subject, each.issuer))
        try:
            if not issuers.signed(child, issuer):
                self.refused.append(Problem("invalid_chain", f"«{issuer.title}» is named as the issuer of «{child.title}» and did not sign it"))
                return False
            why = issuers.objection(issuer, path[0], between, issuer in self.roots)
        except issuers.Unsupported as error:
            self.refused.append(Problem("unsupported", f"whether «{issuer.title}» signed «{child.title}» is not known: {error}"))
            return False
        if why:
            self.refused.append(Problem("invalid_chain", f"clients don't accept «{issuer.title}» as the issuer of «{child.title}»: {why}"))
        return not why

    def explained(self) -> Problem:
        """Why there is no path."""
        top = self.longest[-1]
        if len(self.longest) == 1 and self_signed(top):
            return Problem("self_signed", f"«{top.title}» is signed by itself, and is not trusted")
        if self_signed(top):
            return Problem("unknown_root", f"the chain ends at the root «{top.title}», which is not trusted")
        if self.refused:
            return min(self.refused, key=lambda problem: problem.verdict.urgency)
        if len(self.longest) == 1:
            return Problem("missing_intermediate", f"«{top.issuer}», which issued «{top.title}», was not sent and is no trusted root")
        return Problem("unknown_root", f"the chain ends at «{top.title}»; «{top.issuer}», which issued it, is no trusted root")


def _holds(certificate: Certificate, now: datetime, skew: timedelta) -> bool:
    begins = certificate.not_before
    return now <= certificate.not_after and (begins is None or begins - now <= skew)


def _lasting(path: Path) -> tuple[datetime, int]:
    return min(certificate.not_after for certificate in path), -len(path)


def _of_time(path: Path, now: datetime) -> Problem:
    first = min(path, key=lambda certificate: certificate.not_after)
    if first.not_after < now:
        return Problem("expired", f"the only path to a trusted root needs «{first.title}», which expired at {stamp(first.not_after)}")
    last = max(path, key=lambda certificate: certificate.not_before or now)
    return Problem("not_yet_valid", f"the only path to a trusted root needs «{last.title}», which is not valid before {stamp(last.not_before)}")


def _leaf_objection(leaf: Certificate) -> Problem | None:
    try:
        why = issuers.leaf_objection(leaf)
    except issuers.Unsupported as error:
        return Problem("unsupported", f"«{leaf.title}» can't be verified: {error}")
    return Problem("invalid_chain", f"clients don't accept «{leaf.title}»: {why}") if why else None


_WEAK = {
    "weak_signature": "is signed with a digest that can be forged (MD5, SHA-1); today's clients refuse it",
    "weak_key": "has a key of less than 2048 bits; today's clients refuse it",
}


def _remarks(chain: Path, followed: Path, trusted: bool) -> Iterator[Problem]:
    signed_by_others = followed[:-1] if trusted and len(followed) > 1 else followed
    for certificate in signed_by_others:
        weak = issuers.weakness(certificate)
        if weak:
            yield Problem(weak, f"«{certificate.title}» {_WEAK[weak]}")
    for certificate in chain[1:]:
        if trusted and self_signed(certificate):
            yield Problem("root_sent", f"the root «{certificate.title}» is sent, and no client needs it (RFC 8446 §4.4.2)")
    places = [chain.index(certificate) for certificate in followed if certificate in chain]
    if places != sorted(places):
        yield Problem("unordered_chain", "the chain is not in order, each certificate behind the one that it issued (RFC 8446 §4.4.2)")
