# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of an environment: listed, deleted in an order that leaves no orphans, and listed again."""
