# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is what runs what was intended? Every container of every pod against the record of its service. Pure functions.

A node names a running image by the digest it was pulled by (``status.*ContainerStatuses[].imageID``, set by the container runtime): that of
the index, of the manifest for the node's platform, or of the configuration. A record holds all of them, so the answer needs no registry.

Two images with the same configuration are one to the runtime, and it may name either by the digest of the other. ``status.*.image`` helps: for an
image without a tag it is the digest of the configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from ansible_collections.slipway.platform.plugins.module_utils._records import moments
from ansible_collections.slipway.platform.plugins.module_utils._records.ledger import Record

YES, NO, UNKNOWN = "yes", "no", "unknown"
_SERVICE_LABEL = "app.kubernetes.io/name"
_KINDS = (("initContainerStatuses", "init"), ("containerStatuses", "container"), ("ephemeralContainerStatuses", "ephemeral"))
_ID = re.compile(r"sha256:[0-9a-f]{64}")
_DIGEST = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$")


@dataclass(frozen=True)
class Intended:
    """What the record of a service says. ``contents``: the digests by which a node may name the image; ``containers``: the digest that
    each container of the pod template was given, empty if the record was made without the cluster."""

    service: str
    version: str
    digest: str
    since: datetime
    signer: str
    contents: frozenset[str]
    containers: Mapping[str, str]


@dataclass(frozen=True)
class ContainerVerdict:
    """``kind``: container, init (sidecars that start first, too) or ephemeral; ``runs``: the digest, empty if the node does not say it."""

    name: str
    kind: str
    runs: str
    intended: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class _Container:
    """``image``: the image id that the node reports, ``shown``: the image it reports, ``asked``: the reference in the specification."""

    name: str
    kind: str
    image: str = ""
    shown: str = ""
    asked: str = ""


@dataclass(frozen=True)
class PodVerdict:
    namespace: str
    pod: str
    service: str
    verdict: str
    reason: str
    containers: tuple[ContainerVerdict, ...]


def intended(records: Iterable[Record]) -> dict[str, Intended]:
    """Of each service what its newest record says."""
    found: dict[str, Intended] = {}
    for record in records:
        said = record.statement.predicate
        after = said.get("after") or {}
        service, digest = str(after.get("service", "")), record.digest
        found[service] = Intended(
            service,
            str(after.get("version", "")),
            digest,
            moments.parse(said.get("time")),
            record.signer,
            frozenset([digest, *(after.get("contents") or [])]),
            after.get("containers") or {},
        )
    return found


def judge(pods: Iterable[Mapping[str, Any]], records: Mapping[str, Intended]) -> tuple[PodVerdict, ...]:
    """A verdict for each pod that runs or is about to; pods that ended, or were told to, run nothing."""
    living = (pod for pod in pods if not pod["metadata"].get("deletionTimestamp") and _phase(pod) not in ("Succeeded", "Failed"))
    return tuple(sorted((_pod(pod, records) for pod in living), key=lambda found: (found.service, found.pod)))


def digest_of(reference: str) -> str:
    """The digest at the end of an image id or reference; empty if there is none."""
    match = _DIGEST.search(reference)
    return match[0] if match else ""


def containers_of(template: Mapping[str, Any]) -> dict[str, str]:
    """The digest that each container of a pod spec is given; empty for one that is named by tag only."""
    listed = [*(template.get("initContainers") or []), *(template.get("containers") or [])]
    return {container["name"]: digest_of(container.get("image", "")) for container in listed}


def templates(kubeconfig: Path, namespace: str) -> dict[str, dict[str, str]]:
    """By service, the digest that each container of its Deployment's pod template is given."""
    found = Client(connect(kubeconfig)).find(BUILT_IN["apps", "v1", "Deployment"], namespace)
    return {one["metadata"]["name"]: containers_of(one["spec"]["template"]["spec"]) for one in found}


def _pod(pod: Mapping[str, Any], records: Mapping[str, Intended]) -> PodVerdict:
    metadata = pod["metadata"]
    service = (metadata.get("labels") or {}).get(_SERVICE_LABEL, "")
    record = records.get(service)
    containers = tuple(_container(found, record) for found in _containers(pod))
    worst = next((c for verdict in (NO, UNKNOWN) for c in containers if c.verdict == verdict), None)
    if record is None:
        verdict, reason = UNKNOWN, f"there is no record of {service}" if service else f"it has no label {_SERVICE_LABEL}, so no record is its own"
    elif worst:
        verdict, reason = worst.verdict, f"{worst.name}: {worst.reason}"
    else:
        verdict, reason = (YES, "") if containers else (UNKNOWN, "it has no container yet")
    return PodVerdict(metadata.get("namespace", ""), metadata["name"], service, verdict, reason, containers)


def _containers(pod: Mapping[str, Any]) -> Iterator[_Container]:
    """Every container of the specification, and those that only the status knows."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    for key, kind in _KINDS:
        said = {one["name"]: one for one in status.get(key) or []}
        named = {one["name"]: one for one in spec.get(key.replace("Statuses", "s")) or []}
        for name in dict.fromkeys([*named, *said]):
            seen = said.get(name, {})
            yield _Container(name, kind, seen.get("imageID") or "", seen.get("image") or "", named.get(name, {}).get("image") or "")


def _container(found: _Container, record: Intended | None) -> ContainerVerdict:
    runs = digest_of(found.image)
    # A container that the record does not name may still be one of ours: the pod of a migration runs the service's image.
    wanted = (record.containers.get(found.name) or (record.digest if runs in record.contents else "")) if record else ""
    verdict, reason = _compare(found, runs, wanted, record)
    return ContainerVerdict(found.name, found.kind, runs, wanted, verdict, reason)


def _compare(found: _Container, runs: str, wanted: str, record: Intended | None) -> tuple[str, str]:
    if record is None:
        return UNKNOWN, "no record says what it should run"
    if not runs:
        return UNKNOWN, "the node does not say yet what it runs" if not found.image else f"the node names its image without a digest: {found.image}"
    configuration = found.shown if _ID.fullmatch(found.shown) else ""
    if runs == wanted or (wanted in record.contents and not record.contents.isdisjoint((runs, configuration))):
        return YES, ""
    if wanted and digest_of(found.asked) == wanted and not configuration:
        return UNKNOWN, f"it was to run {wanted}, and the node names what it runs {runs}: another image, or another name for the same"
    if wanted:
        return NO, f"it runs {runs}, and the record says {wanted}"
    if record.containers and found.name not in record.containers:
        return NO, f"it runs {runs}, and the record has no such container"
    return UNKNOWN, f"it runs {runs}, and the record does not say what it should run"


def _phase(pod: Mapping[str, Any]) -> str:
    return str((pod.get("status") or {}).get("phase", ""))
