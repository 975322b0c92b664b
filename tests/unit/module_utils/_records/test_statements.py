# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._records.statements import FIELDS, LONG_AGO, facts, predicate, predicate_type, problems, type_of
from ansible_collections.slipway.platform.plugins.module_utils._sign.attached import Signed
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import Statement, Subject

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
A, B = Digest.of(b"a"), Digest.of(b"b")
FINDING = {"id": "CVE-1", "severity": "high", "package": "zlib", "fixed": "1.3"}
GOOD: Mapping[str, dict[str, Any]] = {
    "built": {"revision": "abc", "source": "git", "builder": "ci"},
    "tested": {"suite": "unit", "passed": True},
    "deployed": {"environment": "stage", "release": "7"},
    "verified": {"environment": "stage", "passed": False},
    "approved": {"environment": "prod", "plan": "sha256:1", "expires": "2026-11-22T13:00:00+01:00"},
    "rejected": {"reason": "leaks"},
    "bypassed": {"environment": "prod", "gates": ["soak"], "reason": "outage", "expires": "2026-11-22T12:00:00Z"},
    "scanned": {"scanner": "grype", "findings": [FINDING]},
    "promoted": {"environment": "prod", "plan": "sha256:1", "gates": [], "approvals": [], "before": {}, "after": {}},
}


def signed(kind: str, value: Mapping[str, Any], signer: str = "ci", *subjects: Digest) -> Signed:
    return Signed(Statement(kind, tuple(Subject("hello", digest) for digest in subjects or (A,)), value), signer, "x.io/hello@sha256:0")


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_said_is_the_fact_that_is_read(name: str) -> None:
    value = predicate(name, GOOD[name], "ci", NOON)
    (fact,) = facts([signed(predicate_type(name), value)])
    assert (fact.type, fact.digest, fact.time, fact.by, fact.environment) == (name, str(A), NOON, "ci", GOOD[name].get("environment", ""))
    assert problems([signed(predicate_type(name), value)]) == ()


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_that_is_needed_is_asked_for(name: str) -> None:
    for field in [field for field, kind in FIELDS[name].items() if not kind.endswith("?")]:
        rest = {key: value for key, value in GOOD[name].items() if key != field}
        with pytest.raises(InvalidInput, match=field):
            predicate(name, rest, "ci", NOON)
        complete = predicate(name, GOOD[name], "ci", NOON)
        del complete[field]
        assert facts([signed(predicate_type(name), complete)]) == ()


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("tested", {"suite": "", "passed": True}, "'suite' of a statement 'tested' must be a text that is not empty"),
    ("tested", {"suite": "unit", "passed": "yes"}, "must be true or false"),
    ("approved", {**GOOD["approved"], "expires": "tomorrow"}, "is not a moment: write it as 2026-11-21T12:00:00Z"),
    ("approved", {**GOOD["approved"], "expires": "2026-11-22T12:00:00"}, "is not a moment"),
    ("bypassed", {**GOOD["bypassed"], "gates": "soak"}, "must be a list of texts"),
    ("bypassed", {**GOOD["bypassed"], "gates": []}, "must be a list of texts"),
    ("scanned", {"scanner": "grype", "findings": [{"id": "CVE-1"}]}, "id, severity, package, fixed"),
    ("rejected", {"raeson": "x"}, "has no field 'raeson'; it has reason, environment"),
    ("rejekted", {}, "choose one of built, tested"),
]


@pytest.mark.parametrize(("name", "fields", "said"), WRONG)
def test_a_wrong_field_is_named(name: str, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        predicate(name, fields, "ci", NOON)
    assert said in raised.value.message


def test_a_claim_to_be_somebody_else_counts_for_nobody() -> None:
    one = signed(predicate_type("rejected"), predicate("rejected", {"reason": "x"}, "ada", NOON), "ci")
    assert facts([one]) == ()
    assert problems([one]) == ("x.io/hello@sha256:0: it claims to be by 'ada' and is signed by 'ci': it counts for nobody",)


def test_a_statement_is_about_its_subjects() -> None:
    value = predicate("rejected", {"reason": "x"}, "ci", NOON)
    assert [fact.digest for fact in facts([signed(predicate_type("rejected"), value, "ci", A, B)])] == [str(A), str(B)]


def test_one_that_is_not_trusted_says_why_and_is_no_fact() -> None:
    one = Signed(None, "", "x.io/hello@sha256:0", "signed by another key", "other_signer")
    assert (facts([one]), problems([one])) == ((), ("x.io/hello@sha256:0: signed by another key",))


def test_facts_are_in_order_of_time() -> None:
    moments = [NOON.replace(hour=hour) for hour in (3, 1, 2)]
    found = facts([signed(predicate_type("tested"), predicate("tested", GOOD["tested"], "ci", moment)) for moment in moments])
    assert [fact.time.hour for fact in found] == [1, 2, 3]


@pytest.mark.parametrize(
    ("uri", "name", "value", "time"),
    [
        ("https://spdx.dev/Document/v2.3", "sbom", {}, LONG_AGO),
        ("https://cyclonedx.org/bom/v1.6", "sbom", {}, LONG_AGO),
        ("https://slsa.dev/provenance/v1", "provenance", {"runDetails": {"metadata": {"finishedOn": "2026-11-21T12:00:00Z"}}}, NOON),
        ("https://slsa.dev/provenance/v1", "provenance", {"runDetails": 3}, LONG_AGO),
        ("https://slsa.dev/provenance/v1", "provenance", {"runDetails": {"metadata": 3}}, LONG_AGO),
        ("https://example.com/own/v1", "https://example.com/own/v1", {"environment": "prod"}, LONG_AGO),
    ],
)
def test_attestations_of_others_are_facts_of_an_unknown_age_unless_they_say_it(uri: str, name: str, value: dict[str, Any], time: datetime) -> None:
    (fact,) = facts([signed(uri, value)])
    assert (fact.type, fact.time, fact.by, fact.environment) == (name, time, "ci", "")


def test_a_later_version_of_ours_is_not_taken_for_this_one() -> None:
    assert type_of("https://slipway.platform/attestations/approved/v2") == "https://slipway.platform/attestations/approved/v2"
