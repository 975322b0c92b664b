# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from support.programs import Run, runner


@pytest.fixture
def openssl(tmp_path: Path) -> Run:
    return runner("openssl", tmp_path)


@pytest.fixture
def keytool(tmp_path: Path) -> Run:
    return runner("keytool", tmp_path)
