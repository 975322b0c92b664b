# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts, case by case: what passes, what fails, and above all what must stay unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import FAIL, PASS, UNKNOWN
from ansible_collections.slipway.platform.plugins.module_utils._verify.judge import (
    Attempt,
    Network,
    Readiness,
    Secrets,
    admission,
    network,
    readiness,
    secrets,
)

GOOD = Readiness(
    endpoints_before=2, calm_requests=100, calm_errors=0, limit=6.0, left_after=4.2, phase_while_out="Running", restored_after=2.0, requests=900, errors=0
)


@pytest.mark.parametrize(
    ("change", "verdict", "words"),
    [
        ({}, PASS, "left the Service after 4.2 s (period x threshold is 6 s) while the pod went on running"),
        ({"left_after": 8.0}, PASS, "8.0 s"),
        ({"left_after": 8.1}, FAIL, "too late"),
        ({"left_after": None}, FAIL, "stayed in the Service for longer than 6 s"),
        ({"errors": 1}, FAIL, "1 of 900 requests of a client failed"),
        ({"restored_after": None}, FAIL, "did not come back"),
        ({"endpoints_before": 1}, UNKNOWN, "1 ready endpoints"),
        ({"endpoints_before": 1, "errors": 5}, UNKNOWN, "needs two"),
        ({"calm_errors": 3}, UNKNOWN, "3 of 100 requests failed"),
        ({"calm_requests": 0}, UNKNOWN, "that has to be right first"),
    ],
)
def test_readiness(change: dict[str, object], verdict: str, words: str) -> None:
    judgement = readiness(replace(GOOD, **change))  # type: ignore[arg-type]
    assert judgement.verdict == verdict
    assert words in judgement.reason


BOTH = {"redis": True, "postgres": True}


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (Network(BOTH, outside=False, control=True, denied=False), PASS, "redis and postgres answered"),
        (Network(BOTH, outside=True, control=True, denied=False), FAIL, "so did the outside address"),
        (Network(BOTH, outside=True, control=True, denied=True), UNKNOWN, "does not enforce NetworkPolicies"),
        (Network(BOTH, outside=False, control=True, denied=True), UNKNOWN, "does not enforce NetworkPolicies"),
        (Network(BOTH, outside=False, control=False, denied=False), UNKNOWN, "its silence proves nothing"),
        (Network(BOTH | {"redis": False}, outside=False, control=True, denied=False), FAIL, "redis did not answer"),
        (Network(BOTH | {"redis": False}, outside=True, control=True, denied=True), FAIL, "redis did not answer"),
        (Network({}, outside=False, control=True, denied=False), PASS, "bound to nothing that would have to answer"),
    ],
)
def test_network(seen: Network, verdict: str, words: str) -> None:
    judgement = network(seen)
    assert judgement.verdict == verdict
    assert words in judgement.reason


SAME = {"hello-db/password": "aa", "hello-db/host": "bb", "hello-cache/uri": "cc"}


@pytest.mark.parametrize(
    ("pod", "namespace", "store", "unread", "verdict", "words"),
    [
        ({}, {}, {}, (), PASS, "3 values of 2 Secrets"),
        ({"hello-db/password": "old"}, {}, {}, (), FAIL, "the pod does not hold what the Secret holds: hello-db/password"),
        ({}, {}, {"hello-db/password": "new"}, (), FAIL, "the Secret does not hold what the store holds: hello-db/password"),
        ({"hello-db/host": None}, {}, {}, (), FAIL, "hello-db/host"),
        ({}, {}, {"hello-db/host": None}, (), UNKNOWN, "not found in all three places: hello-db/host"),
        ({}, {}, {"hello-db/host": None}, ("Secret slipway-secrets/hello-db: forbidden",), UNKNOWN, "forbidden"),
        ({"hello-db/host": "xx"}, {}, {}, ("something",), FAIL, "hello-db/host"),
    ],
)
def test_secrets(
    pod: dict[str, str | None], namespace: dict[str, str], store: dict[str, str | None], unread: tuple[str, ...], verdict: str, words: str
) -> None:
    judgement = secrets(Secrets(SAME | pod, SAME | namespace, SAME | store, unread))
    assert judgement.verdict == verdict
    assert words in judgement.reason


def test_no_secret_is_no_pass() -> None:
    assert secrets(Secrets({}, {}, {})).verdict == UNKNOWN


TWIN = Attempt("", True, "accepted")
REFUSED = Attempt("host network", False, 'violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)', "host namespaces")


@pytest.mark.parametrize(
    ("attempts", "verdict", "words"),
    [
        ([TWIN, REFUSED], PASS, "1 violating pods were refused"),
        ([TWIN, REFUSED, replace(REFUSED, rule="privileged", accepted=True)], FAIL, "accepted though it violates the restricted standard: privileged"),
        ([replace(TWIN, accepted=False, answer='violates PodSecurity "restricted:latest"'), REFUSED], FAIL, "the compliant pod was refused too"),
        ([replace(TWIN, accepted=False, answer="exceeded quota"), REFUSED], UNKNOWN, "exceeded quota"),
        ([replace(TWIN, accepted=False, answer="forbidden"), replace(REFUSED, accepted=True)], FAIL, "host network"),
        ([REFUSED], UNKNOWN, "it was not tried"),
        ([TWIN, replace(REFUSED, answer="exceeded quota")], UNKNOWN, "not by Pod Security naming the rule: host network"),
        ([TWIN, replace(REFUSED, expected="seccompProfile")], UNKNOWN, "host network"),
    ],
)
def test_admission(attempts: list[Attempt], verdict: str, words: str) -> None:
    judgement = admission(attempts)
    assert judgement.verdict == verdict
    assert words in judgement.reason
