# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in an environment, from whatever tells it: its ledger, its cluster, or else the statements that were read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import Release, short
from ansible_collections.slipway.platform.plugins.module_utils._k8s import running
from ansible_collections.slipway.platform.plugins.module_utils._records import ledger, moments
from ansible_collections.slipway.platform.plugins.module_utils._records.ledger import Verified
from ansible_collections.slipway.platform.plugins.module_utils._records.statements import Fact
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust

RUNS = ("deployed", "promoted")


@dataclass(frozen=True)
class Source:
    """Where an environment can be looked at: its ledger, and its cluster with the namespace of the release (None: not given)."""

    name: str
    ledger: Path | None = None
    kubeconfig: Path | None = None
    namespace: str = ""

    @classmethod
    def from_params(cls, value: Mapping[str, Any]) -> Source:
        """From an entry of the option ``environments``; the release has the namespace's name."""
        ledger_file, kubeconfig = (Path(value[name]) if value.get(name) else None for name in ("ledger", "kubeconfig"))
        return cls(value["name"], ledger_file, kubeconfig, value.get("namespace") or "")


@dataclass(frozen=True)
class Environment:
    """What was found of an environment. ``unknown``: why what runs there cannot be told; empty if it can.

    ``wanted``: the digest that each service should run by its cluster, None if that was not asked.
    """

    name: str
    records: Verified
    revision: int = 0
    wanted: Mapping[str, str] | None = None
    created: str = ""
    unknown: str = ""
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def look(source: Source, trust: Trust) -> Environment:
    """Read ledger and cluster. A cluster that was named and does not answer makes what runs there unknown; so does a broken ledger."""
    unknown, records = "", Verified(())
    try:
        if source.ledger:
            records = ledger.verify(source.ledger, trust, source.name)
            unknown = f"line {records.line} of {source.ledger}: {records.problem}" if records.problem else ""
        if source.kubeconfig is None:
            return Environment(source.name, records, unknown=unknown)
        found = running.read({"kubeconfig": str(source.kubeconfig), "name": source.namespace, "namespace": source.namespace})
    except SlipwayError as error:
        return Environment(source.name, records, unknown=unknown or error.message)
    created = next((str(one["created"]) for one in found.revisions if one["revision"] == found.revision), "")
    wanted = {name: str(service["digest"]) for name, service in found.services.items()}
    return Environment(source.name, records, found.revision, wanted, created, unknown, found.services)


def release_of(environment: Environment, service: str, facts: Iterable[Fact]) -> Release | None:
    """What runs of a service, and since when without a break; None if nothing is known to.

    The cluster says which digest it is, then the ledger, then the newest statement. Since when is said by ledger and statements together: the
    first time in a row that this digest was put there. Without either, by the age of the release.
    """
    said = sorted({*_recorded(environment.records, service), *_stated(facts, environment.name)})
    wanted = (environment.wanted or {}).get(service, "")
    if environment.wanted is not None and not wanted:
        return None
    digest = wanted or (_recorded(environment.records, service) or said or [("", "", "")])[-1][1]
    if not digest:
        return None
    row = []
    for entry in reversed(said):
        if entry[1] != digest:
            break
        row.append(entry)
    since = row[-1][0] if row else environment.created
    if not since:
        return None
    version = next((entry[2] for entry in row if entry[2]), "")
    return Release(version or short(digest), digest, moments.parse(since))


def stands(environment: Environment, service: str, version: str, digest: str) -> bool:
    """Whether the newest record of a service is of this version at this digest, and the cluster, if it was asked, wants that digest."""
    recorded = _recorded(environment.records, service)
    wanted = digest if environment.wanted is None else environment.wanted.get(service, "")
    return not environment.unknown and bool(recorded) and recorded[-1][1:] == (digest, version) and wanted == digest


def of_service(records: Verified, service: str) -> tuple[Fact, ...]:
    """The records of a service as facts, so that gates know them also where the registry lost them."""
    return tuple(
        Fact("promoted", one.digest, str(said.get("environment", "")), moments.parse(said.get("time")), one.signer, said, f"ledger line {one.sequence}")
        for one in records.records
        if (said := one.statement.predicate) and (said.get("after") or {}).get("service") == service
    )


def _recorded(records: Verified, service: str) -> list[tuple[str, str, str]]:
    """(moment, digest, version), oldest first."""
    return [(moments.text(fact.time), fact.digest, str(fact.predicate["after"].get("version", ""))) for fact in of_service(records, service)]


def _stated(facts: Iterable[Fact], environment: str) -> list[tuple[str, str, str]]:
    found = (fact for fact in facts if fact.type in RUNS and fact.environment == environment)
    return [(moments.text(fact.time), fact.digest, str((fact.predicate.get("after") or {}).get("version", ""))) for fact in found]
