# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which service runs which version in which environment, since when, by whose hand, whether that is what runs, and what waits for which gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import short
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from ansible_collections.slipway.platform.plugins.module_utils._records import environments, moments, plan, running, table
from ansible_collections.slipway.platform.plugins.module_utils._records.environments import Environment, Source
from ansible_collections.slipway.platform.plugins.module_utils._records.running import NO, UNKNOWN, YES, Intended, PodVerdict
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust

_POD = BUILT_IN["", "v1", "Pod"]
_NEVER = "-"


@dataclass(frozen=True)
class Service:
    """``as_intended``: yes, no or unknown; ``pods``: the verdict of each. Without a record there is no version, moment or signer."""

    service: str
    version: str
    digest: str
    since: str
    signer: str
    as_intended: str
    reason: str
    pods: tuple[PodVerdict, ...]


@dataclass(frozen=True)
class Waiting:
    """A plan that was not carried out yet, with one gate that does not allow it. ``judged``: when that was found."""

    service: str
    version: str
    digest: str
    gate: str
    outcome: str
    reason: str
    next_time: str
    plan: str
    judged: str


@dataclass(frozen=True)
class Status:
    """One environment. ``unknown``: what could not be read, empty if everything was."""

    environment: str
    unknown: str
    services: tuple[Service, ...]
    pods_of_nobody: tuple[PodVerdict, ...]
    waiting: tuple[Waiting, ...]


@dataclass(frozen=True)
class Result:
    """``as_intended``: no if any pod runs something else, unknown if any could not be told, else yes."""

    environments: tuple[Status, ...]
    as_intended: str
    changed: bool = False


def status(sources: Sequence[Source], plans: Mapping[str, Sequence[Path]], trust: Callable[[str], Trust]) -> Result:
    """``plans``: saved plans by environment; ``trust``: whose records of an environment count. One that cannot be read does not hide the others."""
    found = tuple(_environment(source, plans.get(source.name, ()), trust(source.name)) for source in sources)
    return Result(found, _worst(one.as_intended for each in found for one in each.services) if found else UNKNOWN)


def lines(result: Result) -> list[str]:
    """The status for a terminal."""
    shown: list[str] = []
    services = [
        (each.environment, one.service, one.version or _NEVER, short(one.digest), one.since or _NEVER, one.signer or _NEVER, one.as_intended, _counted(one))
        for each in result.environments
        for one in each.services
    ]
    shown += table.lines(("environment", "service", "version", "digest", "since", "by", "as intended", "pods"), services)
    waiting = [
        (each.environment, one.service, one.version, one.gate, one.outcome, one.next_time or _NEVER, one.reason)
        for each in result.environments
        for one in each.waiting
    ]
    shown += ["", *table.lines(("waits for", "service", "version", "gate", "says", "next time", "why"), waiting)] if waiting else []
    shown += [f"{each.environment}: no service is recorded" for each in result.environments if not each.services]
    shown += [f"{each.environment}: unknown: {each.unknown}" for each in result.environments if each.unknown]
    pods = [pod for each in result.environments for one in each.services for pod in one.pods] + [p for each in result.environments for p in each.pods_of_nobody]
    shown += [f"{pod.namespace}/{pod.pod}: {pod.verdict}: {pod.reason}" for pod in pods if pod.verdict != YES]
    return shown


def _environment(source: Source, plans: Iterable[Path], trust: Trust) -> Status:
    looked = environments.look(source, trust)
    intended = running.intended(looked.records.records)
    unknown = looked.unknown
    verdicts: tuple[PodVerdict, ...] = ()
    if source.kubeconfig and source.kubeconfig.exists():
        try:
            verdicts = running.judge(Client(connect(source.kubeconfig)).find(_POD, source.namespace), intended)
        except SlipwayError as error:
            unknown = unknown or error.message
    named = sorted(intended.keys() | (looked.wanted or {}).keys())
    services = tuple(_service(name, intended.get(name), looked, [pod for pod in verdicts if pod.service == name], unknown) for name in named)
    done = {str(record.statement.predicate.get("plan")) for record in looked.records.records}
    waiting = tuple(one for path in plans for one in _waiting(path, source.name, done))
    return Status(source.name, unknown, services, tuple(pod for pod in verdicts if pod.service not in named), waiting)


def _service(name: str, record: Intended | None, looked: Environment, pods: Sequence[PodVerdict], unknown: str) -> Service:
    wanted = (looked.wanted or {}).get(name, "")
    if record is None:
        return Service(name, "", wanted, "", "", UNKNOWN, "there is no record of it", tuple(pods))
    verdict, reason = _judge(record, looked, wanted, pods, unknown)
    return Service(name, record.version, record.digest, moments.text(record.since), record.signer, verdict, reason, tuple(pods))


def _judge(record: Intended, looked: Environment, wanted: str, pods: Sequence[PodVerdict], unknown: str) -> tuple[str, str]:
    if any(pod.verdict == NO for pod in pods):
        return NO, next(f"{pod.pod}: {pod.reason}" for pod in pods if pod.verdict == NO)
    if wanted and wanted not in record.contents:
        return NO, f"the cluster wants {wanted}, and the record says {record.digest}"
    if unknown:
        return UNKNOWN, unknown
    if looked.wanted is None:
        return UNKNOWN, "its cluster was not asked"
    if not wanted:
        return NO, "the record says that it runs, and the cluster does not have it"
    if not pods:
        return UNKNOWN, "it has no pod"
    return next(((UNKNOWN, f"{pod.pod}: {pod.reason}") for pod in pods if pod.verdict == UNKNOWN), (YES, ""))


def _waiting(path: Path, environment: str, done: set[str]) -> list[Waiting]:
    """The gates of a saved plan that do not allow it; none if it was carried out, or is of another environment."""
    saved = plan.read(path)
    if saved.plan.environment != environment or saved.plan.hash in done:
        return []
    changes = {change.service: change for change in saved.plan.changes}
    return [
        Waiting(
            str(one["service"]),
            changes[one["service"]].version,
            changes[one["service"]].digest,
            str(one["gate"]),
            str(one["outcome"]),
            str(one["reason"]),
            str(one.get("next_time") or ""),
            saved.plan.hash,
            saved.created,
        )
        for one in saved.verdicts
        if one["outcome"] != "allow" and one["service"] in changes
    ]


def _counted(service: Service) -> str:
    counts = {verdict: sum(1 for pod in service.pods if pod.verdict == verdict) for verdict in (YES, NO, UNKNOWN)}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return told or service.reason


def _worst(verdicts: Iterable[str]) -> str:
    found = set(verdicts)
    return NO if NO in found else UNKNOWN if UNKNOWN in found or not found else YES
