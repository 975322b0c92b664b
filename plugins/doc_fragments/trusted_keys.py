# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Whose statements count; the specification is in module_utils/_records/options.py."""

    DOCUMENTATION = r"""
options:
  keys:
    description: Public keys (PEM) by the names that the statements use, beside those of O(policy).
    type: dict
    default: {}
  policy:
    description: A policy; of its keys those are trusted whose word it counts for the environment (C(records), C(upstream)). This or O(keys).
    type: path
"""
