# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How registries are reached; the specification is in module_utils/_sign/options.py."""

    DOCUMENTATION = r"""
options:
  registries:
    description: What is needed to reach registries; one that is not listed is asked without credentials and checked with the machine's certificates.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: The host and port, as in the references.
        type: str
        required: true
      ca_file:
        description: The certificates to trust (PEM), instead of the machine's.
        type: path
      auth_file:
        description: A file with credentials in the format of Docker's C(config.json).
        type: path
"""
