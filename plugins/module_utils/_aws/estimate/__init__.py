# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment on AWS costs a month, from a dated table of prices; AWS is not asked."""
