# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of database.py: the machine's PostgreSQL, its configuration as RDS has it, and a server of it."""
