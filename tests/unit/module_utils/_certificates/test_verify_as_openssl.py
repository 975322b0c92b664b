# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chance makes hierarchies, with cross signatures, ends of every kind and limits, and ``openssl verify`` is the witness."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._certificates.verify import Roots, paths, self_signed
from cryptography import x509
from support import pki
from support.pki import DAY, NOW, Issued

OPENSSL = shutil.which("openssl")
KEYS = {name: pki.new_key() for name in "ABCD"}


def hierarchy(chance: random.Random) -> tuple[Issued, list[Issued], list[Issued]]:
    """A leaf, what is sent with it, and who is trusted: few names and few keys, so that much is signed across and called the same."""
    made: list[Issued] = []
    for _ in range(chance.randint(2, 6)):
        name = chance.choice("ABCD")
        options: dict[str, Any] = {
            "key": KEYS[chance.choice([name, "A"])],
            "identifiers": chance.random() < 0.5,
            "ends": NOW + chance.choice([-1, 5, 100, 1000]) * DAY,
        }
        if chance.random() < 0.25:
            options["path_length"] = chance.choice([0, 0, 1])
        elif chance.random() < 0.1:
            options["ca"] = False
        if chance.random() < 0.1:
            options["extensions"] = [(x509.NameConstraints([x509.DNSName(chance.choice(["example.test", "other.test"]))], None), True)]
        # Not by itself under another key: without key identifiers OpenSSL takes that for self-signed, and stops there.
        others = [each for each in made if each.facts.subject != f"CN={name}"]
        made.append(pki.authority(name, chance.choice(others) if others and chance.random() < 0.8 else None, **options))
    leaf = pki.issue("web", chance.choice(made), names=["web.example.test"], ends=NOW + chance.choice([-1, 30, 30, 30]) * DAY)
    sent = chance.sample(made, chance.randint(0, len(made)))
    return leaf, sent, [each for each in chance.sample(made, chance.randint(1, len(made))) if self_signed(each.facts)]


def accepted(leaf: Issued, sent: list[Issued], trusted: list[Issued], folder: Path) -> bool:
    for name, content in (("leaf", [leaf]), ("sent", sent), ("trusted", trusted)):
        (folder / name).write_bytes(b"".join(each.pem for each in content))
    options = ["-no-CApath", "-no-CAstore", "-attime", str(int(NOW.timestamp())), "-purpose", "sslserver", "-auth_level", "0", "-CAfile", "trusted"]
    untrusted = ["-untrusted", "sent"] if sent else []
    done = subprocess.run([OPENSSL or "", "verify", *options, *untrusted, "leaf"], cwd=folder, capture_output=True, check=False, timeout=30)
    return done.returncode == 0


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to compare with")
def test_what_openssl_accepts_has_a_path_and_every_path_is_one_that_openssl_accepts(tmp_path: Path) -> None:
    chance = random.Random(9525)
    seen = {True: 0, False: 0}
    for number in range(120):
        leaf, sent, trusted = hierarchy(chance)
        if not trusted:
            continue
        by_fingerprint = {each.facts.fingerprint: each for each in (leaf, *sent, *trusted)}
        ours = paths((leaf.facts, *(each.facts for each in sent)), Roots(each.facts for each in trusted), NOW)
        theirs = accepted(leaf, sent, trusted, tmp_path)
        assert ours.best or not theirs, f"hierarchy {number}: OpenSSL accepts what we refuse: {ours.problem}"
        if ours.best:
            # Of several issuers OpenSSL takes the first and does not come back, so it is asked about the path that we found.
            path = [by_fingerprint[each.fingerprint] for each in ours.best]
            assert accepted(leaf, path[1:-1], path[-1:], tmp_path), f"hierarchy {number}: OpenSSL refuses the path that we found"
        seen[bool(ours.best)] += 1
    assert min(seen.values()) > 10, "chance must make both kinds"
