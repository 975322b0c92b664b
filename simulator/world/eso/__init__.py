# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of external_secrets.py: what the objects say, who may read, what is read, and what becomes of it."""
