# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate Manager: certificates that it issues, once DNS has proven the names, and renews (issued), and those that it is given (imported)."""
