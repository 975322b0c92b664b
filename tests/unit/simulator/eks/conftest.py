# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.aws import running
from support.eks import Account


@pytest.fixture
def account() -> Iterator[Account]:
    with running() as aws:
        yield Account(aws)
