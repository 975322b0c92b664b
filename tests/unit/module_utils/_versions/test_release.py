# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags, and the rule of releases: every way in which a version may not go on has its reason."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._versions import release, tags
from ansible_collections.slipway.platform.plugins.module_utils._versions.calver import read_format
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import KINDS, Scheme

SEMVER = Scheme()
CALVER = Scheme(read_format("YYYY.0M.MICRO"))
A, B, C, D = ("sha256:" + letter * 64 for letter in "abcd")


@pytest.mark.parametrize(
    ("scheme", "text", "kind"),
    [
        (SEMVER, "sha-0123abc", "commit"),
        (SEMVER, f"sha-{'0' * 40}", "commit"),
        (SEMVER, "v1.4.0-rc.10", "rc"),
        (SEMVER, "v1.4.0", "release"),
        (SEMVER, "v1.4.0_linux.1", "release"),
        (CALVER, "2026.05.1-rc.1", "rc"),
        (CALVER, "2026.05.1", "release"),
        (CALVER, "sha-0123abc", "commit"),
    ],
)
def test_kinds(scheme: Scheme, text: str, kind: str) -> None:
    assert tags.read(text, scheme).kind == kind


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sha-123", "names no commit: write sha- and 7 to 64"),
        ("sha-0123ABC", "names no commit"),
        ("1.4.0", "tags of versions begin with v: write v1.4.0"),
        ("v1.4.0+b.1", "can't be a tag: write v1.4.0_b.1"),
        ("v1.4.0-beta.1", "is a pre-release, but not a release candidate: write v1.4.0-rc.1"),
        ("v1.4.0-rc1", "write v1.4.0-rc.1"),
        ("v1.4", "it has 2 numbers and needs three"),
        ("latest", "it has 1 number "),
        ("v1.4.0_a_b", "its build holds '+'"),
    ],
)
def test_what_is_no_tag(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as error:
        tags.read(text, SEMVER)
    assert why in error.value.message


def test_plus_and_underscore() -> None:
    for text in ("1.4.0+a.b", "1.4.0-rc.1+a", "1.4.0"):
        assert tags.to_version(tags.to_tag(text)) == text
        assert "+" not in tags.to_tag(text)


def test_others_tags_are_left_out() -> None:
    known = dict.fromkeys(["v1.0.0", "latest", f"sha256-{'a' * 64}.sig", "v1.0", "sha-0123abc", "v1.0.0-rc.10", "v1.0.0-rc.9"], A)
    assert [tag.text for tag in tags.versions(known, SEMVER)] == ["v1.0.0-rc.9", "v1.0.0-rc.10", "v1.0.0"]


def refusal(text: str, digest: str, known: dict[str, str], bad: dict[str, str] | None = None, scheme: Scheme = SEMVER) -> str:
    """The code of the first refusal by tags and candidates, or nothing."""
    tag = release.form(text, scheme, KINDS)
    if isinstance(tag, release.Refusal):
        return tag.code
    found = release.taken(tag, digest, scheme, known) or release.highest(tag, digest, scheme, known, lambda digest: (bad or {}).get(digest, ""))
    return found.code if found else ""


RCS = {"v1.4.0-rc.1": A, "v1.4.0-rc.9": B, "v1.4.0-rc.10": C, "v1.40.0-rc.11": D, "v1.4.1-rc.1": D, "1x4.0-rc.99": D}


@pytest.mark.parametrize(
    ("text", "digest", "known", "bad", "code"),
    [
        pytest.param("v1.4.0", C, RCS, {}, "", id="the highest candidate"),
        pytest.param("v1.4.0", B, RCS, {}, "not_highest", id="rc.9 is below rc.10"),
        pytest.param("v1.4.0", B, RCS, {C: "rejected"}, "", id="the highest was rejected"),
        pytest.param("v1.4.0", A, RCS, {C: "soaks"}, "not_highest", id="the next below is good"),
        pytest.param("v1.4.0", A, RCS, {C: "soaks", B: "failed"}, "", id="all above fell out"),
        pytest.param("v1.4.0", C, RCS, {C: "soaks"}, "", id="whether it may go itself is for other gates"),
        pytest.param("v1.4.0", D, RCS, {}, "not_highest", id="a digest of another version"),
        pytest.param("v1.4.0", D, RCS, {A: "x", B: "x", C: "x"}, "not_a_candidate", id="a digest of another version, none good"),
        pytest.param("v1.5.0", C, RCS, {}, "no_candidate", id="no candidate at all"),
        pytest.param("v1.4.0", C, {**RCS, "v1.4.0": C}, {}, "", id="released already, same digest"),
        pytest.param("v1.4.0", C, {**RCS, "v1.4.0": B}, {}, "version_taken", id="released already, other digest"),
        pytest.param("v1.4.0", C, {**RCS, "1.4.0": B}, {}, "version_taken", id="under another spelling"),
        pytest.param("v1.4.0", C, {**RCS, "v1.4.0_b2": B}, {}, "version_taken", id="another build is the same version"),
        pytest.param("v1.4.0_b3", C, RCS, {}, "", id="a release with a build has the candidates of its version"),
        pytest.param("v1.4.0-rc.9", A, RCS, {}, "version_taken", id="a candidate never moves"),
        pytest.param("v1.4.0-rc.11", A, RCS, {}, "", id="a new candidate"),
        pytest.param("v1.4.0-rc.11", A, {**RCS, "v1.4.0": C}, {}, "released_already", id="a candidate after its release"),
        pytest.param("v1.4.0-rc.1", A, {**RCS, "v1.4.0": C}, {}, "", id="an old candidate stays one"),
        pytest.param("sha-0123abc", A, {"sha-0123abc": A}, {}, "", id="a commit"),
        pytest.param("sha-0123abc", A, {"sha-0123abc": B}, {}, "version_taken", id="a commit never moves"),
    ],
)
def test_the_rule_of_releases(text: str, digest: str, known: dict[str, str], bad: dict[str, str], code: str) -> None:
    assert refusal(text, digest, known, bad) == code


def test_the_same_rule_for_calendar_versions() -> None:
    known = {"2026.05.1-rc.9": A, "2026.05.1-rc.10": B}
    assert refusal("2026.05.1", B, known, scheme=CALVER) == ""
    assert refusal("2026.05.1", A, known, scheme=CALVER) == "not_highest"
    assert refusal("v2026.05.1", A, known, scheme=CALVER) == "not_a_version"


def test_exactly_one_digest_may_be_released() -> None:
    """Whatever fell out of twelve candidates: of those left, only the highest may be released, and a reason names its tag."""
    digests = {f"v2.0.0-rc.{number}": f"sha256:{number:064}" for number in range(1, 13)}
    tag = tags.read("v2.0.0", SEMVER)
    for fallen in itertools.chain.from_iterable(itertools.combinations(digests.values(), count) for count in (0, 1, 2, 11)):
        left = [digest for digest in digests.values() if digest not in fallen]
        free = [
            digest for digest in left if release.highest(tag, digest, SEMVER, digests, lambda digest, fallen=fallen: "no" if digest in fallen else "") is None
        ]
        assert free == left[-1:]


@pytest.mark.parametrize(
    ("text", "running", "code"),
    [
        ("v1.4.0", "v1.3.9", ""),
        ("v1.4.0", "v1.4.0-rc.2", ""),
        ("v1.4.0-rc.2", "v1.4.0", "downgrade"),
        ("v1.4.0-rc.9", "v1.4.0-rc.10", "downgrade"),
        ("v1.9.0", "v1.10.0", "downgrade"),
        ("v1.4.0", "v1.4.0", "version_taken"),
        ("v1.4.0", "sha-0123abc", ""),
        ("sha-0123abc", "v1.4.0", ""),
        ("v1.4.0", "2026.05.1-rc", ""),
    ],
)
def test_forward_only(text: str, running: str, code: str) -> None:
    found = release.order(tags.read(text, SEMVER), A, SEMVER, running, B)
    assert (found.code if found else "") == code


def test_the_same_again_is_no_downgrade() -> None:
    assert release.order(tags.read("v1.4.0", SEMVER), A, SEMVER, "v1.4.0", A) is None


def test_an_environment_takes_what_it_says() -> None:
    found = release.form("v1.4.0-rc.1", SEMVER, ("release",))
    assert isinstance(found, release.Refusal)
    assert found == release.Refusal("not_accepted", "v1.4.0-rc.1 is a release candidate; this environment takes a release")
