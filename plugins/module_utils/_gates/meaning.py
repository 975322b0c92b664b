# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a policy from their texts, and what is wrong with them that a schema can't say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import KeyPath, Problem
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._gates import cron, openings, recurrence
from ansible_collections.slipway.platform.plugins.module_utils._gates.openings import Dates, Starts, Weekly, Window
from ansible_collections.slipway.platform.plugins.module_utils._gates.schema import WINDOW_FORMS
from ansible_collections.slipway.platform.plugins.module_utils._gates.zones import zone
from ansible_collections.slipway.platform.plugins.module_utils._versions.calver import DEFAULT, read_format
from ansible_collections.slipway.platform.plugins.module_utils._versions.tags import Scheme

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OWN_TYPES = ("built", "tested", "scanned", "deployed", "verified", "promoted", "sbom", "provenance")
UTC_NAME = "UTC"


def duration(text: str) -> timedelta:
    text = text.strip()
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def end_of(day: str) -> datetime:
    """The end (UTC) of a date: that day still counts."""
    return datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1)


def scheme(data: Mapping[str, Any]) -> Scheme:
    return Scheme(read_format(data.get("format", DEFAULT)) if data.get("scheme") == "calver" else None)


def window(data: Mapping[str, Any], zone_name: str) -> Window:
    """A window that passed ``problems``; ``InvalidInput`` if one of its texts has no meaning."""
    where = zone(data.get("zone", zone_name))
    shown = ", ".join(f"{key} {' '.join(value) if isinstance(value, list) else value}" for key, value in data.items() if key not in ("name", "zone"))
    return Window(f"{data['name']} ({shown}, {where.key})" if "name" in data else f"{shown}, {where.key}", where, _times(data, where))


def _times(data: Mapping[str, Any], where: ZoneInfo) -> Weekly | Dates | Starts:
    if "first" in data:
        first, last = date.fromisoformat(data["first"]), date.fromisoformat(data.get("last", data["first"]))
        if last < first:
            raise InvalidInput(f"ends on {last} before it begins on {first}")
        return Dates(first, last)
    if "cron" in data:
        return Starts(cron.parse(data["cron"]), duration(data["duration"]))
    if "rrule" in data:
        return Starts(recurrence.parse(data["rrule"], datetime.fromisoformat(data["start"]), where), duration(data["duration"]))
    start, end = openings.minutes(data.get("from", "00:00")), openings.minutes(data.get("to", "24:00"))
    if start == end or start == 1440:
        raise InvalidInput("begins when it ends; leave out from and to for whole days")
    return Weekly(_weekdays(data.get("days", ["mon-sun"])), start, end)


def _weekdays(days: Iterable[str]) -> frozenset[int]:
    found: set[int] = set()
    for entry in days:
        first, _, last = entry.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(found)


def problems(document: Document) -> Iterator[Problem]:
    """Of a document that fits the schema."""
    data = document.data
    yield from _names(document)
    gates = data["gates"]
    for needs in ("verified", "soak", "upstream"):
        if needs in gates and "from" not in data:
            yield document.at_key(("gates", needs), "looks at the environment before, and `from` names none", "write from: and its name at the top")
    if data.get("from") == data["environment"]:
        yield document.at_value(("from",), "is the environment itself")
    yield from _versions(document)
    yield from _windows(document, gates.get("windows", {}))
    for index, entry in enumerate(gates.get("attestations", [])):
        yield from _attestation(document, ("gates", "attestations", index), entry)
    for gate, of in (("approvals", "from"), ("signatures", "by")):
        people = set(gates.get(gate, {}).get(of, data["keys"]))
        if gates.get(gate, {}).get("quorum", 1) > len(people):
            yield document.at_value(("gates", gate, "quorum"), f"can't be reached by {len(people)}")
    if "stop" in data:
        yield from _meaning(document, ("stop", "since"), lambda: datetime.fromisoformat(data["stop"]["since"]))


def _names(document: Document) -> Iterator[Problem]:
    """Every name is that of a key, and no key has two names."""
    data, keys = document.data, document.data["keys"]
    gates = data["gates"]
    paths: list[KeyPath] = [("gates", gate, "by") for gate in ("verified", "upstream", "signatures")]
    paths += [("gates", "approvals", "from"), ("bypass", "from"), ("records", "by")]
    paths += [("gates", "attestations", index, "by") for index in range(len(gates.get("attestations", [])))]
    for path in paths:
        for index, name in enumerate(_at(data, path) or []):
            if name not in keys:
                yield document.at_value((*path, index), f"`{name}` has no key", did_you_mean(name, keys))
    seen: dict[str, str] = {}
    for name, file in keys.items():
        if file in seen:
            yield document.at_value(("keys", name), f"is the key of {seen[file]} already", "one person is one name, else a quorum of two is one")
        seen.setdefault(file, name)


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        if isinstance(data, dict) and step not in data:
            return None
        data = data[step]
    return data


def _versions(document: Document) -> Iterator[Problem]:
    data = document.data.get("versions", {})
    if "format" in data and data.get("scheme") != "calver":
        yield document.at_key(("versions", "format"), "is for calendar versions", "write scheme: calver")
    elif "format" in data:
        yield from _meaning(document, ("versions", "format"), lambda: read_format(data["format"]))


def _windows(document: Document, data: Mapping[str, Any]) -> Iterator[Problem]:
    base: KeyPath = ("gates", "windows")
    if "windows" in document.data["gates"] and not {"allow", "deny"} & set(data):
        yield document.at_key(base, "needs `allow` or `deny`")
    faulty = list(_zone(document, (*base, "zone"), data))
    yield from faulty
    for kind in ("allow", "deny"):
        for index, entry in enumerate(data.get(kind, [])):
            path = (*base, kind, index)
            found = [*_zone(document, (*path, "zone"), entry), *_form(document, path, entry), *_days(document, path, entry)]
            yield from found
            if not found and not faulty:
                yield from _meaning(document, _culprit(path, entry), lambda entry=entry: window(entry, data.get("zone", UTC_NAME)))  # type: ignore[misc]


def _zone(document: Document, path: KeyPath, data: Mapping[str, Any]) -> Iterator[Problem]:
    if "zone" in data:
        yield from _meaning(document, path, lambda: zone(data["zone"]))


def _days(document: Document, path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("first", "last", "start"):
        if key in entry:
            yield from _meaning(document, (*path, key), lambda key=key: datetime.fromisoformat(entry[key]))  # type: ignore[misc]


def _form(document: Document, path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """A window is of one form, and complete."""
    given = [form for form, keys in WINDOW_FORMS.items() if set(keys[: 3 if form == "weekly" else 2 if form == "dates" else 1]) & set(entry)]
    if len(given) != 1:
        told = f"several things at once ({', '.join(key for key in entry if key not in ('name', 'zone'))})" if given else "no time"
        yield document.at_key(path, f"says {told}", "write days, from and to; or first and last; or cron and duration; or rrule, start and duration")
        return
    keys = WINDOW_FORMS[given[0]]
    for key in entry:
        if key not in (*keys, "name", "zone"):
            yield document.at_key((*path, key), f"has no meaning beside {given[0] if given[0] in keys else keys[0]}", f"known there: {', '.join(keys)}")
    needed = {"weekly": (), "dates": ("first",)}.get(given[0], keys)
    for key in needed:
        if key not in entry:
            yield document.at_key(path, f"`{key}` is missing")


def _culprit(path: KeyPath, entry: Mapping[str, Any]) -> KeyPath:
    return (*path, next((key for key in ("cron", "rrule", "last", "to") if key in entry), "from"))


def _attestation(document: Document, path: KeyPath, entry: Mapping[str, Any]) -> Iterator[Problem]:
    kind = entry["type"]
    if kind not in _OWN_TYPES and "://" not in kind:
        yield document.at_value((*path, "type"), f"`{kind}` is no type of attestation", did_you_mean(kind, _OWN_TYPES))
    for key, wanted in (("suite", "tested"), ("scanner", "scanned"), ("severity", "scanned"), ("exceptions", "scanned")):
        if key in entry and kind != wanted:
            yield document.at_key((*path, key), f"has no meaning for {kind}; it is for {wanted}")
    if kind == "scanned" and "severity" not in entry:
        yield document.at_key(path, "`severity` is missing", "it takes the highest severity that may be found: none, low, medium, high or critical")
    if kind == "sbom" and "max_age" in entry:
        yield document.at_key((*path, "max_age"), "can't be asked of an SBOM, which does not say when it was made")
    for index, exception in enumerate(entry.get("exceptions", [])):
        yield from _meaning(document, (*path, "exceptions", index, "expires"), lambda day=exception["expires"]: end_of(day))  # type: ignore[misc]


def _meaning(document: Document, path: KeyPath, read: Callable[[], object]) -> Iterator[Problem]:
    try:
        read()
    except InvalidInput as error:
        yield document.at_value(path, error.message)
    except (ValueError, OverflowError):
        yield document.at_value(path, f"`{document.place(path).raw}` is no date or time that exists")
