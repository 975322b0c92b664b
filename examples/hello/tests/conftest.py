# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from fakes import Service


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path / "marker")
