# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.aws import running
from support.eks import Account


@pytest.fixture(scope="module")
def _shared() -> Iterator[Account]:
    """The network and the roles; they take seconds, and no test changes them."""
    with running() as aws:
        yield Account(aws)


@pytest.fixture
def account(_shared: Account) -> Account:
    """As new, but for the network and the roles."""
    _shared.renew()
    return _shared
