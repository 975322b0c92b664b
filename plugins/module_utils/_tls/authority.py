# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local certificate authority and its leaves, kept as files.

    <folder>/ca.crt       the root that clients trust            0644
    <folder>/ca.key       its key                                0600
    <folder>/<name>.crt   leaf and intermediates, not the root   0644   (a root in the chain is never used: RFC 8446 §4.4.2)
    <folder>/<name>.key   its key, new at each renewal           0600

A renewed authority keeps its key and its subject, so leaves and the trust that users gave to an older ca.crt stay good. Another key comes by a rotation
(``rotation``), in which ca.crt holds two roots for a while.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls import held, issue, rotation
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, describe, permits, public_key_sha256
from ansible_collections.slipway.platform.plugins.module_utils._tls.held import Held
from ansible_collections.slipway.platform.plugins.module_utils._tls.report import Result, entry, text
from ansible_collections.slipway.platform.plugins.module_utils._tls.rotation import Authorities
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import BACKDATED, Leaf, Request
from cryptography import x509

Clock = Callable[[], datetime]
_STEPS = {
    "begin": "a new authority is trusted, too",
    "switch": "the new authority signs",
    "end": "the authority before is not trusted any more",
}


def utc_now() -> datetime:
    return datetime.now(UTC)


def ensure(request: Request, now: Clock = utc_now, check_mode: bool = False) -> Result:
    """Make the folder hold the authority and every leaf, renewed when a third of the lifetime is left or when the wish changed."""
    if check_mode:
        return _ensure(request, now(), write=False)
    request.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Roles that run side by side share one authority; the second waits for the first.
    with _files.locked(request.folder / ".lock"):
        return _ensure(request, now(), write=True)


def renewal_due(certificate: Certificate, now: datetime) -> bool:
    """Whether a third of the lifetime, or less, is left."""
    return certificate.not_after - now <= certificate.lifetime / 3


def plan_authority(pair: Held, request: Request, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Why the root must be (re)issued ("" if not), and the name constraint it then has. The constraint only ever widens."""
    facts = pair.facts
    current = facts.permitted if facts else request.permitted
    wanted: set[str] = set(current) | set(request.permitted) if current and request.permitted else set()
    if wanted:
        # A name without a dot is private by nature, but RFC 5280 has no subtree for "names without a dot": name each.
        wanted |= {name for leaf in request.certificates for name in leaf.dns if "." not in name}
        for leaf in request.certificates:
            for name in (*leaf.dns, *leaf.ip):
                if not permits(tuple(wanted), name):
                    raise InvalidInput(f"certificate {leaf.name!r}: the local CA may not sign for {name}; add it or its domain to permitted", name=name)
    permitted = tuple(sorted(wanted))
    if facts is None:
        return "it does not exist", permitted
    if permitted != facts.permitted:
        return "it may sign for more names", permitted
    return ("a third of its lifetime is left" if renewal_due(facts, now) else ""), permitted


def plan_leaf(pair: Held, leaf: Leaf, issuer: x509.Certificate | None, now: datetime) -> str:
    """Why a leaf must be issued, in words for the user; "" if it is as wished."""
    facts = pair.facts
    if pair.fault or facts is None or pair.certificate is None:
        return pair.fault or "it does not exist"
    if issuer is None or not issue.signed_by(pair.certificate, issuer):
        return "another authority signed it"
    if (set(facts.dns), set(facts.ip)) != (set(leaf.dns), set(leaf.ip)):
        return "its names changed"
    if set(facts.usages) != set(leaf.usages):
        return "its usages changed"
    # Dates in a certificate are whole seconds.
    if abs(facts.lifetime - timedelta(days=leaf.days)) > timedelta(seconds=2) and facts.not_after < issuer.not_valid_after_utc:
        return "its lifetime changed"
    return "a third of its lifetime is left" if renewal_due(facts, now) else ""


def _ensure(request: Request, now: datetime, write: bool) -> Result:
    folder = request.folder
    before = rotation.read(folder)
    reason, permitted = plan_authority(before.current, request, now)
    renewed = replace(before, current=_authority(before.current.key, request, permitted, now)) if reason else before
    after = rotation.advance(renewed, request.rotation, lambda: _authority(None, request, permitted, now))
    if after.next.facts and after.next.facts.permitted != permitted:
        after = replace(after, next=_authority(after.next.key, request, permitted, now))
    if write:
        rotation.write(folder, after)
    root, key = after.current.certificate, after.current.key
    assert root is not None
    assert key is not None
    told, shown = _authorities(before, before.current.fault), _authorities(after, known=None if write else _serials(before))
    entries = [entry(folder, "ca", reason or _taken(before, after, request.rotation) or before.current.fault, before.current.facts, describe(root), write)]
    for leaf in request.certificates:
        current = held.read(folder, leaf.name)
        reason = plan_leaf(current, leaf, root, now) or ("renewal was asked for" if request.renew_all else "")
        facts = current.facts
        if reason:
            facts = _issue_leaf(folder, leaf, root, key, now, write)
        assert facts is not None
        told.append(text(leaf.name, current.facts, current.fault))
        shown.append(text(leaf.name, facts, made=bool(reason) and not write))
        entries.append(entry(folder, leaf.name, reason, current.facts, facts, write))
    return Result(str(folder / "ca.crt"), entries[0], tuple(entries[1:]), {"before": "".join(told), "after": "".join(shown)})


def _authority(key: issue.Key | None, request: Request, permitted: tuple[str, ...], now: datetime) -> Held:
    """A root, with a key that there is or a new one."""
    key = key or issue.new_key()
    common_name = f"{request.common_name} {public_key_sha256(key.public_key())[:8]}"
    return Held(issue.authority(key, common_name, permitted, now - BACKDATED, now + timedelta(days=request.days)), key)


def _authorities(found: Authorities, fault: str = "", known: Sequence[int] | None = None) -> list[str]:
    """What to show of them. ``known``: the serial numbers that are not made up by check mode; all if not given."""
    named = (("ca", found.current.certificate), (rotation.NEXT, found.next.certificate), (rotation.PREVIOUS, found.previous))
    made = {name: known is not None and one is not None and one.serial_number not in known for name, one in named}
    return [text(name, describe(one), fault if name == "ca" else "", made[name]) for name, one in named if one]


def _serials(found: Authorities) -> list[int]:
    return [one.serial_number for one in found.trusted]


def _taken(before: Authorities, after: Authorities, step: str) -> str:
    """What a step of a rotation did, in words; "" if nothing."""
    return _STEPS[step] if step and _serials(before) != _serials(after) else ""


def _issue_leaf(folder: Path, leaf: Leaf, root: x509.Certificate, root_key: issue.Key, now: datetime, write: bool) -> Certificate:
    key = issue.new_key()
    until = min(now - BACKDATED + timedelta(days=leaf.days), root.not_valid_after_utc)
    made = issue.leaf(key, root, root_key, leaf.name, leaf.dns, leaf.ip, leaf.usages, now - BACKDATED, until)
    if write:
        # Key first: an interruption leaves a pair that does not match, which the next run sees and renews.
        _files.write(folder / f"{leaf.name}.key", issue.key_pem(key), 0o600)
        _files.write(folder / f"{leaf.name}.crt", issue.certificate_pem(made), 0o644)
    return describe(made)
