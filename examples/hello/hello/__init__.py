# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""hello: a small HTTP service that greets, counts its visits in PostgreSQL and caches in Redis."""

__version__ = "1.0.0"
