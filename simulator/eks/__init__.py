# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS: clusters, updates, access, add-ons, node groups as state that a clock moves. ``backend`` is what the simulator enters in its table."""
