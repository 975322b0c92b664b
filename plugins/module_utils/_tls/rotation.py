# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another authority in the place of the one before, with an overlap in which both are trusted, so that no client refuses a server.

    step     signs     ca.crt holds      and then
    begin    the old   old and new       have everybody read ca.crt again
    switch   the new   new and old       have every server take its new certificate
    end      the new   new               have everybody read ca.crt again

The new one waits in ``ca-next.crt`` and ``ca-next.key``; ``ca-previous.crt`` is the old one until the end, its key is gone with the switch. A step
that was taken is not taken again, so the three can be repeated in their order after a run that was killed anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._tls import held, issue
from ansible_collections.slipway.platform.plugins.module_utils._tls.held import Held
from cryptography import x509

NEXT, PREVIOUS = "ca-next", "ca-previous"
STEPS = ("begin", "switch", "end")


@dataclass(frozen=True)
class Authorities:
    """Who signs, who will, and who did."""

    current: Held
    next: Held = held.NOTHING
    previous: x509.Certificate | None = None

    @property
    def trusted(self) -> tuple[x509.Certificate, ...]:
        """What ``ca.crt`` holds, the one that signs first."""
        return tuple(one for one in (self.current.certificate, self.next.certificate, self.previous) if one)


def read(folder: Path) -> Authorities:
    """The authorities of a folder. ``Conflict`` if the one that signs is there in part only, or can't be used."""
    current, waiting = _current(folder), held.read(folder, NEXT)
    if current.fault == held.FOREIGN and held.same_key(current.certificate, waiting.key):
        current = Held(current.certificate, waiting.key)  # killed in the middle of a switch
    if current.fault and not current.usable:
        raise Conflict(f"the authority in {folder} can't be used: {current.fault}; put the files back, or remove ca.crt and ca.key to begin a new one")
    previous = _certificate(folder / f"{PREVIOUS}.crt")
    # One that waits in part only was never trusted by anybody, and is made anew; one that signs already waits no more.
    waits = waiting.usable and not held.same_key(waiting.certificate, current.certificate)
    return Authorities(current, waiting if waits else held.NOTHING, None if held.same_key(previous, current.certificate) else previous)


def advance(now: Authorities, step: str, make: Callable[[], Held]) -> Authorities:
    """The authorities after a step; the same if it was taken before."""
    if step == "begin" and now.next.certificate is None and now.previous is None:
        return replace(now, next=make())
    if step == "switch" and now.next.certificate is not None:
        return Authorities(now.next, previous=now.current.certificate)
    if step == "end" and now.next.certificate is not None:
        raise Conflict("the new authority does not sign yet: take the step switch before the step end, and have every server take its new certificate")
    return replace(now, previous=None) if step == "end" else now


def write(folder: Path, wanted: Authorities) -> None:
    """Bring the files to this, so that a run that is killed anywhere in it leaves what ``read`` understands."""
    assert wanted.current.key is not None
    if wanted.next.certificate and wanted.next.key:
        _files.write_if_different(folder / f"{NEXT}.key", issue.key_pem(wanted.next.key), 0o600)
        _files.write_if_different(folder / f"{NEXT}.crt", issue.certificate_pem(wanted.next.certificate), 0o644)
    if wanted.previous:
        _files.write_if_different(folder / f"{PREVIOUS}.crt", issue.certificate_pem(wanted.previous), 0o644)
    bundle, key = b"".join(map(issue.certificate_pem, wanted.trusted)), issue.key_pem(wanted.current.key)
    switching = held.same_key(held.read(folder, NEXT).key, wanted.current.key)
    if not switching:  # else the key is kept as that of the next one until the certificate is there
        _key(folder, key)
    _files.write_if_different(folder / "ca.crt", bundle, 0o644)
    _key(folder, key)
    for name, still in ((f"{NEXT}.crt", wanted.next.certificate), (f"{NEXT}.key", wanted.next.key), (f"{PREVIOUS}.crt", wanted.previous)):
        if not still:
            (folder / name).unlink(missing_ok=True)


def _key(folder: Path, content: bytes) -> None:
    _files.write_if_different(folder / "ca.key", content, 0o600)
    (folder / "ca.key").chmod(0o600)


def _current(folder: Path) -> Held:
    certificate, key = folder / "ca.crt", folder / "ca.key"
    if not certificate.exists() and not key.exists():
        return held.NOTHING
    for path, other in ((certificate, key), (key, certificate)):
        if not path.exists():
            raise Conflict(f"{other} is there, but {path.name} is not: put it back, or remove {other} to begin a new authority (clients must then trust it)")
    return held.read(folder, "ca")


def _certificate(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except FileNotFoundError:
        return None
    except ValueError:
        raise Conflict(f"{path} is no certificate: put it back, or remove it if no client needs to trust the authority before any more") from None
