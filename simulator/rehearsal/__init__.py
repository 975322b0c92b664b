# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment on AWS, on this machine: the unchanged playbook against the simulated AWS with its real parts. See docs/rehearsal.md."""

import simulator.world  # noqa: F401  it finds the collection
