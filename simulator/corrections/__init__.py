# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of moto's in which we mend what AWS does otherwise; a class each, entered in backends.py."""
