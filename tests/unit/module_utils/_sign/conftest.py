# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry without and with the referrers API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry
from support.registry import FakeRegistry, serve
from support.signing import connect


@pytest.fixture(params=[False, True], ids=["by tag", "by API"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeRegistry]:
    with serve(FakeRegistry(referrers_api=request.param)) as running:
        yield running


@pytest.fixture
def registry(fake: FakeRegistry) -> Iterator[Registry]:
    with connect(fake) as client:
        yield client
