# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates: may this digest go to that environment now? Yes, no or not yet, each with its reason. Pure; nothing here reads or waits."""
