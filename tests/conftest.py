# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes ``ansible_collections.slipway.platform``, ``support`` and ``simulator`` resolve to this checkout, from whatever folder pytest is started."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parent.parent

for folder in (CHECKOUT / "tests", CHECKOUT / "collections"):
    sys.path.insert(0, str(folder))
# For the package simulator; last, since the checkout's other folders are no packages.
sys.path.append(str(CHECKOUT))

# Ansible's plugin loader, which some modules of tests start, wants to find this on a package that was imported without it.
_platform: Any = importlib.import_module("ansible_collections.slipway.platform")
_platform._collection_meta = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text())


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout under test."""
    return CHECKOUT


@pytest.fixture(scope="module", autouse=True)
def _no_collection_loader_left() -> Iterator[None]:
    """A module of tests that starts Ansible's plugin loader (``init_plugin_loader``) does not change how the others import."""
    yield
    loader = sys.modules.get("ansible.utils.collection_loader._collection_finder")
    if loader is not None:
        loader._AnsibleCollectionFinder._remove()
