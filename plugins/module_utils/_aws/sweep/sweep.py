# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call behind aws_sweep: list; then, stage by stage, delete and look until nothing of the stage is left; then list again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep import ec2, names, others
from ansible_collections.slipway.platform.plugins.module_utils._aws.sweep.model import Aliases, Kind, Left, Query, Zone
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

KINDS: tuple[Kind, ...] = (*ec2.KINDS, *others.KINDS, *names.KINDS)
_SHOWN = 8


@dataclass(frozen=True)
class Result(Converged):
    """``found``, ``kept``, ``left``: kind, id, name, state and why it was looked for. ``left``: what is not deleted, in check mode all but the kept.

    ``ending``: what AWS deletes on a day, which ``ends`` is. ``addresses``: DNS names of the load balancers that were found.
    """

    found: list[dict[str, str]] = field(default_factory=list)
    kept: list[dict[str, str]] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    ending: list[dict[str, str]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


def query(params: Mapping[str, Any]) -> Query:
    """Raises ``InvalidInput``: a sweep of everything is none."""
    result = Query(
        texts(params["tags"]),
        tuple(params["clusters"]),
        tuple(params["log_groups"]),
        tuple(Zone(item["zone_id"], item["owner"], item["prefix"]) for item in params["records"]),
        tuple(Aliases(item["zone"], item["zone_id"], tuple(item["names"]), tuple(item["targets"])) for item in params["aliases"]),
        tuple(params["keep"]),
        params["timeout"],
    )
    if not (result.tags or result.clusters or result.log_groups or result.zones or result.aliases):
        raise InvalidInput("tags, clusters, log_groups, records and aliases are empty: that would be everything; say what to look for")
    if not all(each.zone or each.zone_id for each in result.aliases):
        raise InvalidInput("aliases: one has neither zone nor zone_id, so its names would be looked for nowhere; write one of them")
    short = [prefix for prefix in result.log_groups if len(prefix.strip("/").split("/")) < (3 if prefix.startswith("/aws") else 1) or not prefix.strip("/")]
    if short:
        raise InvalidInput(f"log_groups: {', '.join(map(repr, short))} would be others' too; write more of the name, such as /aws/eks/orders-prod/")
    return result


def sweep(aws: Aws, wanted: Query, check_mode: bool) -> Result:
    """Raises ``NotReady`` for what does not go within the time, ``Conflict`` for what a sweep does not delete; both tell all of it."""
    everything = _found(aws, wanted, KINDS)
    found = [left for left in everything if not left.ends]
    kept = [left for left in found if left.is_kept(wanted.keep)]
    doomed = [left for left in found if left not in kept]
    if not check_mode and doomed:
        for stage in sorted({kind.stage for kind in KINDS}):
            _clear(aws, wanted, [kind for kind in KINDS if kind.stage == stage and kind.delete])
        remaining = [left for left in _found(aws, wanted, KINDS) if not left.ends and not left.is_kept(wanted.keep)]
        if remaining:
            told = f"left in {aws.region}: {_list(remaining)}; a sweep does not delete these: have their own modules do so, or name them in keep"
            raise Conflict(told, left=_told(remaining))
    deleted = {kind.name for kind in KINDS if kind.delete}
    stays = [left for left in doomed if left.kind not in deleted]
    before = {str(left): left.told() for left in found}
    after = {str(left): left.told() if left in kept or left in stays else {} for left in found}
    actions = tuple(f"delete {left}" for left in doomed if left not in stays)
    rest = doomed if check_mode else []
    ending = [left.told() | {"ends": left.ends} for left in everything if left.ends]
    return Result(before, after, actions, _told(found), _told(kept), _told(rest), ending, [each.raw["DNSName"] for each in found if "DNSName" in each.raw])


def _found(aws: Aws, wanted: Query, kinds: Iterable[Kind]) -> list[Left]:
    return [left for page in aws.together(lambda kind: kind.find(aws, wanted), kinds) for left in page]


def _clear(aws: Aws, wanted: Query, kinds: list[Kind]) -> None:
    """Every look deletes what it finds, again where something held it the last time."""
    doing = {kind.name: kind for kind in kinds}
    asked: dict[Left, str] = {}

    def delete(left: Left) -> None:
        kind = doing[left.kind]
        if left.state in kind.busy or asked.get(left) == "":
            return
        aws.progress(f"deleting {left}")
        try:
            if kind.delete:
                kind.delete(aws, left)
            asked[left] = ""
        except Conflict as error:
            asked[left] = error.message

    def look() -> Seen[None]:
        left = [each for each in _found(aws, wanted, kinds) if not each.is_kept(wanted.keep)]
        aws.together(delete, left)
        held = next((asked[each] for each in left if asked.get(each)), "")
        return Seen(None, f"{_list(left)}{f': {held}' if held else ''}", done=not left)

    until_done(aws, f"sweep of {', '.join(doing) or 'nothing'}", look, wanted.timeout)


def _list(found: list[Left]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(f"{left}{f' {left.state}' if left.state else ''}" for left in found[:_SHOWN]) + more


def _told(found: list[Left]) -> list[dict[str, str]]:
    return [left.told() for left in found]
