# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line of an estimate: so many of something, at a price. What has no price is not known; it is never nothing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ansible_collections.slipway.platform.plugins.module_utils._aws.estimate.prices import Price, known

HOURS = 730
"""Of a month, as AWS counts in its own calculator: 8760 hours a year."""
_A_MONTH = {"hour": Decimal(HOURS), "month": Decimal(1), "GiB-month": Decimal(1)}


@dataclass(frozen=True)
class Line:
    """``price``: None if it is not known. ``quantity``: None if that is not. What is paid by use has no sum."""

    item: str
    quantity: int | None
    price: Price | None

    @property
    def by_use(self) -> bool:
        return self.price is not None and self.price.unit in ("GB", "GB-month")

    @property
    def monthly(self) -> Decimal | None:
        """Dollars, in whole cents, so that a sum of lines is what a reader gets who adds them up."""
        if self.price is None or self.quantity is None or self.by_use:
            return None
        return (self.price.usd * self.quantity * _A_MONTH[self.price.unit]).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def known(self) -> bool:
        return self.by_use or self.monthly is not None


def line(item: str, quantity: int | None, region: str, name: str) -> Line:
    return Line(item, quantity, known(region, name))


def total(lines: tuple[Line, ...]) -> Decimal:
    """Of what is known."""
    return sum((each.monthly or Decimal(0) for each in lines), Decimal(0))
