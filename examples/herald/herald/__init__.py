# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""herald: proclaims what the service hello says. The second, smallest service: one service that calls another."""

__version__ = "1.0.0"
