# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local certificate authority and its leaves, kept as files.

    <folder>/ca.crt       the root that clients trust            0644
    <folder>/ca.key       its key                                0600
    <folder>/<name>.crt   leaf and intermediates, not the root   0644   (a root in the chain is never used: RFC 8446 §4.4.2)
    <folder>/<name>.key   its key, new at each renewal           0600

A renewed authority keeps its key and its subject, so leaves and the trust that users gave to an older ca.crt stay good.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._tls import issue
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, describe, permits, public_key_sha256
from ansible_collections.slipway.platform.plugins.module_utils._tls.report import Result, entry, text
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import BACKDATED, Leaf, Request
from cryptography import x509

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Held:
    """A certificate and its key as they are on disk; ``fault`` says why they can't be used as they are."""

    certificate: x509.Certificate | None = None
    key: issue.Key | None = None
    fault: str = ""

    @property
    def facts(self) -> Certificate | None:
        return describe(self.certificate) if self.certificate else None


def ensure(request: Request, now: Clock = utc_now, check_mode: bool = False) -> Result:
    """Make the folder hold the authority and every leaf, renewed when a third of the lifetime is left or when the wish changed."""
    if check_mode:
        return _ensure(request, now(), write=False)
    request.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(request.folder):
        return _ensure(request, now(), write=True)


def renewal_due(certificate: Certificate, now: datetime) -> bool:
    """Whether a third of the lifetime, or less, is left."""
    return certificate.not_after - now <= certificate.lifetime / 3


def plan_authority(held: Held, request: Request, now: datetime) -> tuple[str, tuple[str, ...]]:
    """Why the root must be (re)issued ("" if not), and the name constraint it then has. The constraint only ever widens."""
    facts = held.facts
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


def plan_leaf(held: Held, leaf: Leaf, issuer: x509.Certificate | None, now: datetime) -> str:
    """Why a leaf must be issued, in words for the user; "" if it is as wished."""
    facts = held.facts
    if held.fault or facts is None or held.certificate is None:
        return held.fault or "it does not exist"
    if issuer is None or not issue.signed_by(held.certificate, issuer):
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
    held = _read_authority(folder)
    reason, permitted = plan_authority(held, request, now)
    root, key = held.certificate, held.key
    if reason:
        key = key or issue.new_key()
        common_name = f"{request.common_name} {public_key_sha256(key.public_key())[:8]}"
        root = issue.authority(key, common_name, permitted, now - BACKDATED, now + timedelta(days=request.days))
        if write:
            _files.write(folder / "ca.key", issue.key_pem(key), 0o600)
            _files.write(folder / "ca.crt", issue.certificate_pem(root), 0o644)
    elif held.fault and write:
        (folder / "ca.key").chmod(0o600)
    assert root is not None
    assert key is not None
    before, after = [text("ca", held.facts, held.fault)], [text("ca", describe(root), made=bool(reason) and not write)]
    entries = [entry(folder, "ca", reason or held.fault, held.facts, describe(root), write)]
    for leaf in request.certificates:
        current = _read_pair(folder, leaf.name)
        reason = plan_leaf(current, leaf, root, now) or ("renewal was asked for" if request.renew_all else "")
        facts = current.facts
        if reason:
            facts = _issue_leaf(folder, leaf, root, key, now, write)
        assert facts is not None
        before.append(text(leaf.name, current.facts, current.fault))
        after.append(text(leaf.name, facts, made=bool(reason) and not write))
        entries.append(entry(folder, leaf.name, reason, current.facts, facts, write))
    return Result(str(folder / "ca.crt"), entries[0], tuple(entries[1:]), {"before": "".join(before), "after": "".join(after)})


def _issue_leaf(folder: Path, leaf: Leaf, root: x509.Certificate, root_key: issue.Key, now: datetime, write: bool) -> Certificate:
    key = issue.new_key()
    until = min(now - BACKDATED + timedelta(days=leaf.days), root.not_valid_after_utc)
    made = issue.leaf(key, root, root_key, leaf.name, leaf.dns, leaf.ip, leaf.usages, now - BACKDATED, until)
    if write:
        # Key first: an interruption leaves a pair that does not match, which the next run sees and renews.
        _files.write(folder / f"{leaf.name}.key", issue.key_pem(key), 0o600)
        _files.write(folder / f"{leaf.name}.crt", issue.certificate_pem(made), 0o644)
    return describe(made)


def _read_authority(folder: Path) -> Held:
    certificate, key = folder / "ca.crt", folder / "ca.key"
    if not certificate.exists() and not key.exists():
        return Held()
    for path, other in ((certificate, key), (key, certificate)):
        if not path.exists():
            raise Conflict(f"{other} is there, but {path.name} is not: put it back, or remove {other} to begin a new authority (clients must then trust it)")
    held = _read_pair(folder, "ca")
    if held.fault and held.fault != _EXPOSED:
        raise Conflict(f"the authority in {folder} can't be used: {held.fault}; put the files back, or remove ca.crt and ca.key to begin a new one")
    return held


_EXPOSED = "its key could be read by others"


def _read_pair(folder: Path, name: str) -> Held:
    try:
        certificate = x509.load_pem_x509_certificates((folder / f"{name}.crt").read_bytes())[0]
        secret = folder / f"{name}.key"
        key = issue.load_key(secret.read_bytes(), str(secret))
    except FileNotFoundError:
        return Held()
    except (ValueError, InvalidInput):
        return Held(fault="its files could not be read")
    if public_key_sha256(key.public_key()) != public_key_sha256(certificate.public_key()):
        return Held(certificate, key, "its key does not belong to it")
    return Held(certificate, key, _EXPOSED if secret.stat().st_mode & 0o077 else "")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # Roles that run side by side share one authority; the second waits for the first.
    with (folder / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
