# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what was seen to a verdict: pure functions. A check passes only if its counter-question was answered too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import FAIL, PASS, UNKNOWN, Judgement

# From a probe's verdict to the EndpointSlice: the kubelet's status update and the endpoint controller, both well under a second each.
PROPAGATION_SECONDS = 2.0


@dataclass(frozen=True)
class Readiness:
    """A readiness that was broken on purpose. Times in seconds since the break; None = it did not happen within the wait.

    ``limit`` is periodSeconds x failureThreshold of the probe. Requests are those of a client that never paused.
    """

    endpoints_before: int
    calm_requests: int
    calm_errors: int
    limit: float
    left_after: float | None
    phase_while_out: str
    restored_after: float | None
    requests: int
    errors: int


def readiness(seen: Readiness) -> Judgement:
    if seen.endpoints_before < 2:
        return Judgement(UNKNOWN, f"the Service had {seen.endpoints_before} ready endpoints; taking one out on purpose needs two, or clients would suffer")
    if seen.calm_requests == 0 or seen.calm_errors:
        return Judgement(UNKNOWN, f"before anything was broken, {seen.calm_errors} of {seen.calm_requests} requests failed; that has to be right first")
    if seen.left_after is None:
        return Judgement(FAIL, f"the pod said that it is not ready, but its endpoint stayed in the Service for longer than {seen.limit:.0f} s")
    left = f"the endpoint left the Service after {seen.left_after:.1f} s (period x threshold is {seen.limit:.0f} s)"
    if seen.left_after > seen.limit + PROPAGATION_SECONDS:
        return Judgement(FAIL, f"{left}: too late")
    if seen.errors:
        return Judgement(FAIL, f"{left}, but {seen.errors} of {seen.requests} requests of a client failed")
    if seen.restored_after is None:
        return Judgement(FAIL, f"{left}, but the pod did not come back after the readiness was restored")
    return Judgement(
        PASS,
        f"{left} while the pod went on {seen.phase_while_out.lower()}, came back {seen.restored_after:.1f} s after it was restored, "
        f"and 0 of {seen.requests} requests failed",
    )


@dataclass(frozen=True)
class Network:
    """Connections that were tried. ``allowed``: name -> answered, from inside the service's pod.

    The same outside address was tried from the service's pod (``outside``), from a pod without any policy (``control``), and
    from that pod once a policy denied it everything (``denied``); True = it answered.
    """

    allowed: Mapping[str, bool]
    outside: bool
    control: bool
    denied: bool


def network(seen: Network) -> Judgement:
    silent = [name for name, answered in seen.allowed.items() if not answered]
    if silent:
        return Judgement(FAIL, f"from inside the pod, {' and '.join(silent)} did not answer, though the service needs it")
    answered = f"{' and '.join(seen.allowed)} answered from inside the pod" if seen.allowed else "the service is bound to nothing that would have to answer"
    if not seen.control:
        return Judgement(UNKNOWN, f"{answered}; the outside address did not answer a pod without policies either, so its silence proves nothing")
    if seen.denied:
        return Judgement(
            UNKNOWN, f"{answered}; this cluster does not enforce NetworkPolicies: a pod under a policy that denies everything still reached the outside address"
        )
    if seen.outside:
        return Judgement(FAIL, f"{answered}; so did the outside address, though the cluster enforces policies: the service's policies let it through")
    return Judgement(PASS, f"{answered}; the outside address did not answer it, while it answered a pod without policies")


@dataclass(frozen=True)
class Secrets:
    """Keyed digests by "<secret>/<key>": in the pod, in the namespace's Secret, in the store. None = could not be read, and why in ``unread``.

    ``absent`` names Secrets that the Deployment needs and that do not exist (404 and nothing else).
    """

    pod: Mapping[str, str | None]
    namespace: Mapping[str, str | None]
    store: Mapping[str, str | None]
    unread: Sequence[str] = ()
    absent: Sequence[str] = ()


def secrets(seen: Secrets) -> Judgement:
    if seen.absent:
        return Judgement(FAIL, f"the Deployment uses Secrets that do not exist (a new pod could not start): {', '.join(seen.absent)}")
    if not seen.namespace and seen.unread:
        return Judgement(UNKNOWN, f"not everything could be read: {'; '.join(seen.unread)}")
    if not seen.namespace:
        return Judgement(UNKNOWN, "the Deployment uses no Secret: there is nothing to compare")
    differs = sorted(key for key, digest in seen.namespace.items() if digest and key in seen.pod and seen.pod[key] != digest)
    stale = sorted(key for key, digest in seen.store.items() if digest and seen.namespace.get(key) not in (None, digest))
    if differs:
        return Judgement(FAIL, f"the pod does not hold what the Secret holds: {', '.join(differs)}")
    if stale:
        return Judgement(FAIL, f"the Secret does not hold what the store holds: {', '.join(stale)}")
    if seen.unread:
        return Judgement(UNKNOWN, f"not everything could be read: {'; '.join(seen.unread)}")
    missing = sorted(key for key in seen.namespace if not seen.pod.get(key) or not seen.store.get(key))
    if missing:
        return Judgement(UNKNOWN, f"not found in all three places: {', '.join(missing)}")
    names = len({key.partition("/")[0] for key in seen.namespace})
    return Judgement(
        PASS, f"{len(seen.namespace)} values of {names} Secrets are the same in the pod, in the namespace and in the store (compared by keyed hash)"
    )


@dataclass(frozen=True)
class Attempt:
    """One pod offered to the server without being made: ``rule`` it breaks ("" = none), accepted or not, the server's words, words expected in them."""

    rule: str
    accepted: bool
    answer: str
    expected: str = ""


def admission(attempts: Sequence[Attempt]) -> Judgement:
    twin = next((attempt for attempt in attempts if not attempt.rule), None)
    violators = [attempt for attempt in attempts if attempt.rule]
    accepted = [attempt.rule for attempt in violators if attempt.accepted]
    if accepted:
        return Judgement(FAIL, f"accepted though it violates the restricted standard: {', '.join(accepted)}")
    if twin is None or not twin.accepted:
        words = twin.answer if twin else "it was not tried"
        if "violates PodSecurity" in words:
            return Judgement(FAIL, f"the compliant pod was refused too: {words}")
        return Judgement(UNKNOWN, f"the compliant pod was not accepted, so a refusal proves nothing: {words}")
    other = [attempt.rule for attempt in violators if "violates PodSecurity" not in attempt.answer or attempt.expected not in attempt.answer]
    if other:
        return Judgement(UNKNOWN, f"refused, but not by Pod Security naming the rule: {', '.join(other)}")
    return Judgement(PASS, f"{len(violators)} violating pods were refused, each by the name of its rule; their compliant twin was accepted")
