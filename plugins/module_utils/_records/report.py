# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan for people and for later: as tables on the terminal, and as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates.model import short
from ansible_collections.slipway.platform.plugins.module_utils._records import plan, table
from ansible_collections.slipway.platform.plugins.module_utils._records.plan import Saved
from ansible_collections.slipway.platform.plugins.module_utils._records.prepare import Prepared

_MOST_LINES = 200


def keep(prepared: Prepared, path: Path) -> Prepared:
    """Save the plan. One that says the same but for its time is left as it is, and so is the file where nothing is to be carried out."""
    if prepared.recorded or prepared.stands:
        return prepared
    if path.exists():
        try:
            before = plan.document(plan.read(path))
        except InvalidInput as error:
            raise InvalidInput(f"the plan is not saved: {error.message}; remove that file, or name another") from None
        if {**before, "created": ""} == {**prepared.plan, "created": ""}:
            return prepared
    plan.save(prepared.plan, path)
    return replace(prepared, changed=True)


def planned(saved: Saved) -> list[str]:
    """What an approver says yes to, as it stands in the file whose hash is signed."""
    content, change = saved.plan, saved.plan.manifests.splitlines()
    hidden = [f"  ... and {len(change) - _MOST_LINES} lines more, which stand in the plan as manifests"] if len(change) > _MOST_LINES else []
    return [
        *table.lines(("service", "from", "tag", "now", "then"), _tags(plan.document(saved))),
        "",
        *(f"  {line}" for line in change[:_MOST_LINES]),
        *hidden,
        f"{content.upstream or 'nowhere'} -> {content.environment}, asked for by {content.requester}, under the policy {content.policy}",
        f"plan {content.hash}",
    ]


def lines(prepared: Prepared) -> list[str]:
    """Tags, what the registry does, every gate with its verdict, and what it comes to."""
    settled = "carried out already" if prepared.recorded else "stands already" if prepared.stands else ""
    said = settled or f"{prepared.outcome}{f'; {prepared.forecast}' if prepared.outcome == 'defer' else ''}"
    return [
        *table.lines(("service", "from", "tag", "now", "then"), _tags(prepared.plan)),
        "",
        *_effects(prepared),
        *table.lines(("service", "gate", "says", "next time", "why"), _verdicts(prepared)),
        "",
        *(f"not counted: {text}" for text in prepared.ignored),
        *(f"changed since it was planned: {text}" for text in prepared.changed_since),
        f"{prepared.plan['upstream'] or 'nowhere'} -> {prepared.plan['environment']}: {said}",
        f"plan {prepared.hash}",
    ]


def _tags(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (one["service"], one["source"], f"{one['destination']}:{tag}", short(before) if before else "-", short(one["digest"]))
        for one in document["changes"]
        for tag, before in one["tags"].items()
    ]


def _verdicts(prepared: Prepared) -> list[tuple[str, ...]]:
    return [(one["service"], one["gate"], one["outcome"], one["next_time"] or "-", one["reason"]) for one in prepared.plan["verdicts"]]


def _effects(prepared: Prepared) -> list[str]:
    """What would be carried, in one line for each service; nothing where nothing is."""
    told = [
        f"{one['service']}: {one['manifests']} manifests, {one['blobs_mounted']} blobs mounted, {one['blobs_copied']} copied ({one['bytes']} bytes), "
        f"{len(one['referrers'])} referrers"
        for one in prepared.plan["effects"]
        if one["state"] == "changed"
    ]
    return [*told, ""] if told else []
