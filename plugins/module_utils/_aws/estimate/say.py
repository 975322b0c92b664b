# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estimate for people: a table as wide as it must be; and its lines as plain values."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.line import Line, total

_NOT_KNOWN = "not known"
_WIDTH = 116
_CENT = Decimal("0.01")
_PER = {"hour": "an hour", "month": "a month", "GiB-month": "a GiB and month", "GB-month": "a GB and month", "GB": "a GB"}


@dataclass(frozen=True)
class Item:
    """Numbers are None where they are not known. ``day``: when the price was AWS's (ISO 8601); ``source``: who says so."""

    item: str
    quantity: int | None
    unit_price: float | None
    unit: str
    monthly: float | None
    day: str
    source: str


def item(line: Line) -> Item:
    price, monthly = line.price, line.monthly
    return Item(
        item=line.item,
        quantity=line.quantity,
        unit_price=float(price.usd) if price else None,
        unit=price.unit if price else "",
        monthly=None if monthly is None else float(monthly),
        day=price.source.day.isoformat() if price else "",
        source=price.source.where if price else "",
    )


def table(
    environment: str, counted: Sequence[Line], by_use: Sequence[Line], not_in: Sequence[str], notes: Sequence[str], prices: Mapping[str, str]
) -> Iterator[str]:
    unknown = any(not line.known for line in counted)
    rows = [("", "number", "price", "$ a month"), *((line.item, *_cells(line)) for line in counted)]
    rows.append(("total, at least" if unknown else "total", "", "", f"{total(tuple(counted)):,.2f}"))
    widths = [max(len(row[at]) for row in rows) for at in range(4)]
    yield ""
    yield f"What {environment} costs a month on AWS, about: {_dated(prices)}"
    yield ""
    for row in rows:
        yield f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]:>{widths[3]}}"
    yield ""
    if by_use:
        yield from _wrapped("by use", "; ".join(f"{line.item}, {_price(line)}" for line in by_use))
    yield from _wrapped("not in it", "; ".join(not_in))
    for note in notes:
        yield from _wrapped("note", note)
    yield ""


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(f"{label:<9}  {text}", _WIDTH, initial_indent="  ", subsequent_indent=" " * 13, break_on_hyphens=False)


def _dated(prices: Mapping[str, str]) -> str:
    if not prices["oldest"]:
        return f"no prices of {prices['region']} are known"
    return f"list prices of {prices['region']}, on demand, as they were between {prices['oldest']} and {prices['newest']}"


def _cells(line: Line) -> tuple[str, str, str]:
    monthly = line.monthly
    return (
        "?" if line.quantity is None else str(line.quantity),
        _price(line),
        _NOT_KNOWN if monthly is None else f"{monthly:,.2f}",
    )


def _price(line: Line) -> str:
    if line.price is None:
        return _NOT_KNOWN
    usd = line.price.usd
    return f"${usd.quantize(_CENT) if usd == usd.quantize(_CENT) else usd.normalize():f} {_PER[line.price.unit]}"
