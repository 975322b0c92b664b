# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a CA that speaks ACME, kept as files beside those of the local authority, in the same names.

    <folder>/<name>.crt   chain as the CA gave it   0644
    <folder>/<name>.key   its key, new each time    0600

Nothing takes the place of what is there before the CA has given another, and that is for the right key and the right names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._acme import account, dns, due
from ansible_collections.slipway.platform.plugins.module_utils._acme.account import Account
from ansible_collections.slipway.platform.plugins.module_utils._acme.client import Client, Clock, Signer
from ansible_collections.slipway.platform.plugins.module_utils._acme.order import Issued, Orders
from ansible_collections.slipway.platform.plugins.module_utils._acme.wanted import Request
from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Transport
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust
from ansible_collections.slipway.platform.plugins.module_utils._tls import held, issue
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import renewal_due
from ansible_collections.slipway.platform.plugins.module_utils._tls.certificate import Certificate, describe
from ansible_collections.slipway.platform.plugins.module_utils._tls.held import Held
from ansible_collections.slipway.platform.plugins.module_utils._tls.report import Pair, stamp, text
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf


@dataclass(frozen=True)
class Result:
    account: Account
    certificates: tuple[Pair, ...]
    diff: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return self.diff["before"] != self.diff["after"]


def ensure(request: Request, check_mode: bool, progress: Callable[[str], None], clock: Clock | None = None, transport: Transport | None = None) -> Result:
    """Make the folder hold every certificate, ordered anew when it is due or the wish changed. Whoever has what is wanted is not asked for more."""
    clock = clock or Clock()
    client = Client(request.directory, transport or Pool(lambda: trust(request.ca_file), clock.monotonic), clock, request.timeout)
    try:
        if check_mode:
            return _Work(request, client, clock, progress, write=False).all()
        _files.make_private_folder(request.state)
        with _files.locked(request.folder / "acme" / ".lock"):
            return _Work(request, client, clock, progress, write=True).all()
    finally:
        client.close()


class _Work:
    def __init__(self, request: Request, client: Client, clock: Clock, progress: Callable[[str], None], write: bool) -> None:
        self._request, self._client, self._clock, self._progress, self._write = request, client, clock, progress, write

    def all(self) -> Result:
        request = self._request
        key, uri = account.read(request)
        signer, made = (Signer(key, uri) if key else None), False
        if self._write:
            signer, made = account.ensure(self._client, request)
        shown = account.shown(request, signer)
        known = uri and not made
        told = [f"account: {uri}\n" if uri else ""]
        after = [f"account: {shown.uri if self._write or known else '(made when it is written)'}{', changed' if made and uri else ''}\n"]
        entries = []
        for leaf in request.certificates:
            pair = held.read(request.folder, leaf.name)
            entry, line = self._one(leaf, pair)
            told.append(text(leaf.name, pair.facts, pair.fault))
            after.append(line)
            entries.append(entry)
        return Result(shown, tuple(entries), {"before": "".join(told), "after": "".join(after)})

    def _one(self, leaf: Leaf, pair: Held) -> tuple[Pair, str]:
        request, now = self._request, self._clock.now()
        known = due.record(request, leaf)
        ours = pair.facts is not None and not pair.fault and (known.sha256, known.directory) == (pair.facts.sha256, request.directory)
        if ours:
            fresh = due.asked(self._client, known, pair, now)
            if self._write and fresh != known:
                due.keep(request, leaf, fresh)
            known = fresh
        reason = due.why(pair, leaf, request, known, now) or ("renewal was asked for" if request.renew_all else "")
        if not reason:
            assert pair.facts
            return self._entry(leaf, "unchanged", "", pair.facts), text(leaf.name, pair.facts)
        action = "issued" if pair.facts is None else "renewed"
        if not self._write:
            names = "\n  ".join([f"{leaf.name}: (ordered when it is written)", *leaf.dns, *leaf.ip])
            return self._entry(leaf, action, reason, None), names + "\n"
        self._progress(f"{leaf.name}: {reason}, asking {request.directory.partition('://')[2].partition('/')[0]}")
        facts = self._ordered(leaf, pair, due.name_of(pair) if ours else None)
        return self._entry(leaf, action, reason, facts), text(leaf.name, facts)

    def _ordered(self, leaf: Leaf, pair: Held, replaces: str | None) -> Certificate:
        self._client.begin()
        offered = replaces if replaces and self._client.place("renewalInfo") else None
        for attempt in (1, 2):
            signer, _ = account.ensure(self._client, self._request)
            solver = dns.solver(self._request.challenge, self._clock.sleep, self._progress)
            orders = Orders(self._client, signer, solver, self._request.state, self._request.profile)
            try:
                issued = self._usable(orders.begun(leaf), pair) or orders.placed(leaf, offered)
                break
            except SlipwayError as error:
                if attempt == 2 or not account.is_lost(error):
                    raise
                account.forget(self._request)
        self._put(leaf, issued)
        orders.done(leaf)
        return describe(issued.certificate)

    def _usable(self, issued: Issued | None, pair: Held) -> Issued | None:
        """What an earlier run ordered, unless that is what is held already, or due itself."""
        if issued is None or (pair.certificate is not None and not pair.fault and issued.certificate == pair.certificate):
            return None
        facts = describe(issued.certificate)
        return None if renewal_due(facts, self._clock.now()) else issued

    def _put(self, leaf: Leaf, issued: Issued) -> None:
        """Key first: an interruption leaves a pair that does not match, which the next run sees, and finds the order still there."""
        folder = self._request.folder
        _files.write(folder / f"{leaf.name}.key", issue.key_pem(issued.key), 0o600)
        _files.write(folder / f"{leaf.name}.crt", issued.chain, 0o644)
        due.keep(self._request, leaf, due.Record(self._request.directory, describe(issued.certificate).sha256))

    def _entry(self, leaf: Leaf, action: str, reason: str, facts: Certificate | None) -> Pair:
        folder: Path = self._request.folder
        entry = Pair(leaf.name, str(folder / f"{leaf.name}.crt"), str(folder / f"{leaf.name}.key"), action, reason, "", "", "", "", leaf.dns, leaf.ip)
        if facts is None:
            return entry
        return replace(entry, not_before=stamp(facts.not_before), not_after=stamp(facts.not_after), serial=facts.serial, sha256=facts.sha256)
