# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another authority, with an overlap: whoever trusts what was handed out one step ago accepts what is served now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._tls.authority import ensure
from ansible_collections.slipway.platform.plugins.module_utils._tls.report import Result
from ansible_collections.slipway.platform.plugins.module_utils._tls.wanted import Leaf, Request
from cryptography import x509

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STEPS = ("begin", "switch", "end")


def at(folder: Path, step: str = "", check_mode: bool = False, **more: object) -> Result:
    request = replace(Request(folder, (Leaf("web", dns=("web.test",)),), rotation=step), **more)  # type: ignore[arg-type]
    return ensure(request, lambda: NOW, check_mode)


def certificates(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def accepted(trusted: list[x509.Certificate], leaf: x509.Certificate) -> bool:
    return any(root.subject == leaf.issuer and leaf.verify_directly_issued_by(root) is None for root in trusted)


def test_no_client_refuses_a_server_at_any_step(tmp_path: Path) -> None:
    at(tmp_path)
    first = certificates(tmp_path / "ca.crt")[0]
    read_before, served_before = certificates(tmp_path / "ca.crt"), certificates(tmp_path / "web.crt")[0]
    sizes, actions = [], []
    for step in STEPS:
        result = at(tmp_path, step)
        read_now, served_now = certificates(tmp_path / "ca.crt"), certificates(tmp_path / "web.crt")[0]
        for trusted in (read_before, read_now):
            for served in (served_before, served_now):
                assert accepted(trusted, served), f"{step}: a client that is a step behind, or a server that is"
        read_before, served_before = read_now, served_now
        sizes.append(len(read_now))
        actions.append((result.changed, result.authority.reason, result.certificates[0].reason))
    assert sizes == [2, 2, 1]
    assert actions == [
        (True, "a new authority is trusted, too", ""),
        (True, "the new authority signs", "another authority signed it"),
        (True, "the authority before is not trusted any more", ""),
    ]
    assert not accepted([first], served_before)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "ca.crt", "ca.key", "web.crt", "web.key"]
    assert not at(tmp_path).changed


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_was_taken_is_not_taken_again(tmp_path: Path, step: str) -> None:
    at(tmp_path)
    for each in STEPS[: STEPS.index(step) + 1]:
        at(tmp_path, each)
    if step == "end":
        assert not at(tmp_path, "end").changed
        return
    assert not at(tmp_path, step).changed
    assert not at(tmp_path, "begin").changed


def test_check_mode_says_what_a_step_would_do(tmp_path: Path) -> None:
    at(tmp_path)
    for step in STEPS:
        files = {path: path.read_bytes() for path in tmp_path.iterdir()}
        assert at(tmp_path, step, check_mode=True).changed
        assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files
        at(tmp_path, step)


def test_the_end_before_the_switch_would_leave_servers_that_nobody_trusts(tmp_path: Path) -> None:
    at(tmp_path)
    at(tmp_path, "begin")
    with pytest.raises(Conflict, match="the new authority does not sign yet"):
        at(tmp_path, "end")


class Killed(BaseException):
    """Not an error that anything would handle."""


@pytest.mark.parametrize("writes", range(12))
def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    at(tmp_path)
    old = certificates(tmp_path / "ca.crt")[0]
    real, left = _files.write, [writes]

    def write(path: Path, content: bytes | str, mode: int = 0o600) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        real(path, content, mode)

    monkeypatch.setattr(_files, "write", write)
    try:
        for step in STEPS:
            at(tmp_path, step)
    except Killed:
        left[0] = 1000
        trusted = certificates(tmp_path / "ca.crt")
        for step in STEPS:
            at(tmp_path, step)
            assert len({root.subject for root in trusted} & {root.subject for root in certificates(tmp_path / "ca.crt")}) > 0 or step == "end"
    after = certificates(tmp_path / "ca.crt")
    assert len(after) == 1
    assert after[0].subject != old.subject
    assert accepted(after, certificates(tmp_path / "web.crt")[0])
    assert not at(tmp_path).changed


def test_both_authorities_may_sign_for_the_same_names(tmp_path: Path) -> None:
    at(tmp_path)
    at(tmp_path, "begin")
    at(tmp_path, certificates=(Leaf("web", dns=("web.example.org",)),), permitted=("test", "example.org"))
    constraints = [one.extensions.get_extension_for_class(x509.NameConstraints).value for one in certificates(tmp_path / "ca.crt")]
    assert constraints[0] == constraints[1]
    assert at(tmp_path, "switch", certificates=(Leaf("web", dns=("web.example.org",)),), permitted=("test", "example.org")).changed


def test_a_renewed_authority_keeps_the_other_one_trusted(tmp_path: Path) -> None:
    at(tmp_path)
    at(tmp_path, "begin")
    request = Request(tmp_path, (Leaf("web", dns=("web.test",)),))
    ensure(request, lambda: NOW + timedelta(days=3000))
    assert len(certificates(tmp_path / "ca.crt")) == 2


def test_the_key_of_the_old_authority_is_gone_with_the_switch(tmp_path: Path) -> None:
    at(tmp_path)
    old = (tmp_path / "ca.key").read_bytes()
    for step in ("begin", "switch"):
        at(tmp_path, step)
    assert old not in [path.read_bytes() for path in tmp_path.iterdir()]
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600
