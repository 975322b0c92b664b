# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: results
short_description: Keep what roles returned for the next run
version_added: 0.1.0
description:
  - Writes each value as a JSON file of its own, which C(include_vars) reads, so that one role alone can be run on an environment that stands.
  - A file is written only if its value differs. Only this user can read the files.
author: Slipway maintainers (@slipway)
options:
  directory:
    description: The folder of the files. It is made if it is not there.
    type: path
    required: true
  values:
    description: Values by the name of their variable. Nothing secret.
    type: dict
    required: true
attributes:
  check_mode:
    description: Says which values differ.
    support: full
  diff_mode:
    description: Says which values differ, not how.
    support: partial
"""

EXAMPLES = r"""
- name: Keep what the role returned
  slipway.platform.results:
    directory: .slipway/local/results
    values:
      kind_result: "{{ kind_result }}"
"""

RETURN = r"""
names:
  description: The names whose value is another than before.
  returned: success
  type: list
  elements: str
"""
