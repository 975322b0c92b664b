# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An exit status of its own for a playbook that neither succeeded nor failed, such as a promotion that has to wait."""

from __future__ import annotations

import sys

from ansible.executor.stats import AggregateStats
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: exit_status
type: aggregate
short_description: End ansible-playbook with a status that the playbook chose
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - A playbook that sets the run's statistic C(slipway_exit_status) with M(ansible.builtin.set_stats) ends with that number as the exit status of
    C(ansible-playbook), if no host failed or was unreachable. Without that statistic nothing is different.
  - M(slipway.platform.promotion_plan)'s playbook ends with 75 (C(EX_TEMPFAIL) of C(sysexits.h)) when a gate says "not yet".
requirements:
  - Enabled in C(ansible.cfg) with C(callbacks_enabled = slipway.platform.exit_status), as the last one of the list, because callbacks after it are not
    asked for their summary when it ends the run.
"""

STATISTIC = "slipway_exit_status"


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "slipway.platform.exit_status"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:
        chosen = {values[STATISTIC] for values in stats.custom.values() if STATISTIC in values}
        if chosen and not stats.failures and not stats.dark:
            # Ansible takes what is raised here for an error to warn of, except this; its own cleaning up still runs.
            sys.exit(max(int(status) for status in chosen))
