# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML that people write: values with their places, a schema, and errors that say what to write instead."""
