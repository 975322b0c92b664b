# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: summary
short_description: Show what a run made, and keep it as JSON
version_added: 0.1.0
description:
  - Prints where the services answer, which images run by digest, how long each stage took and what to try next.
  - Writes the same as a JSON document for other programs. The document describes the run, so writing it is never C(changed).
author: Slipway maintainers (@slipway)
options:
  environment:
    description: Name of the environment.
    type: str
    required: true
  ca_file:
    description: Certificate authority that a client must trust; empty where the system's own authorities do.
    type: str
    default: ""
  kubeconfig:
    description: Kubeconfig of the cluster.
    type: str
    required: true
  namespace:
    description: Namespace that the services run in.
    type: str
    required: true
  services:
    description:
      - Services by name, as C(release_result.services) has them.
      - Of each, V(image) (by digest) and V(url) are shown; a service without a route has an empty V(url).
    type: dict
    required: true
  versions:
    description: Versions of the parts, by name.
    type: dict
    default: {}
  stages:
    description: When each stage of the run began, in order. A stage ends where the next begins, the last one now.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the stage.
        type: str
        required: true
      started:
        description: Seconds since the epoch.
        type: float
        required: true
  notes:
    description: Limits that a reader must know.
    type: list
    elements: str
    default: []
  next_steps:
    description: What to try next.
    type: list
    elements: str
    default: []
  path:
    description: File of the JSON document. Not written in check mode.
    type: path
    required: true
attributes:
  check_mode:
    description: Prints and writes nothing.
    support: full
  diff_mode:
    description: The document describes the run; there is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Show what the run made
  slipway.platform.summary:
    environment: local
    kubeconfig: .slipway/local/kubeconfig
    namespace: hello
    services: "{{ release_result.services }}"
    path: .slipway/local/summary.json
"""

RETURN = r"""
summary:
  description: The document as written.
  returned: success
  type: dict
"""
