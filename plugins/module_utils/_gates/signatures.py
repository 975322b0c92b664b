# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of the image by trusted keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.slipway.platform.plugins.module_utils._gates.model import SIGNATURES, Candidate, Facts, Verdict, allow, deny, names, short, unknown

GATE = "signatures"


@dataclass(frozen=True)
class Signatures:
    """``quorum`` of the keys named in ``by``."""

    by: frozenset[str]
    quorum: int


def gate(part: Signatures, candidate: Candidate, facts: Facts, now: datetime) -> Verdict:
    del now
    good = {signature.signer for signature in facts.signatures if not signature.problem and signature.signer in part.by}
    count = f"{len(good)} of {part.quorum} signatures ({names(good)})"
    if len(good) >= part.quorum:
        return allow(GATE, count)
    if why := facts.why_unknown(SIGNATURES, candidate.digest):
        return unknown(GATE, f"the signatures of {short(candidate.digest)}", why)
    others = [signature.problem or f"{signature.signer} is not one of the keys asked for" for signature in facts.signatures if signature.signer not in good]
    found = f"; not counted: {'; '.join(dict.fromkeys(others))}" if others else ""
    return deny(GATE, "signature_missing", f"{count} by {names(part.by)}{found}")
