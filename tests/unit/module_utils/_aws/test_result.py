# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diff of what a playbook wished for."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._aws.result import Converged


class Tagged(str):
    """As Ansible's texts: a class of its own that is a text."""


def test_texts_of_a_playbook_are_shown_as_texts() -> None:
    result = Converged({}, {Tagged("shop"): {"arn": Tagged("arn:aws:x"), "count": 1}})
    assert result.diff == {"before": "", "after": "shop:\n  arn: arn:aws:x\n  count: 1\n"}
