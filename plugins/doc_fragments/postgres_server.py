# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Where the server of an environment is; the specification is in module_utils/_postgres/connection.py."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Kubeconfig of the cluster. In check mode it may not exist yet.
    type: path
    required: true
  namespace:
    description: Namespace of the server.
    type: str
    default: postgres
  pod:
    description: Pod of the server. Its container C(postgres) has C(psql) and admits the superuser by peer authentication.
    type: str
    default: postgres-0
"""
