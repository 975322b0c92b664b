# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate Manager: a certificate that it issues, once DNS has proven the names, and renews. Those of other authorities are in acm.py."""
