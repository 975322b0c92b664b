# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that score_info and score_render share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  services:
    description:
      - The services of the environment, as the inventory lists them in C(slipway_services).
      - A service's C(score.yaml) says what it is; an item here says what is different in this environment.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description: Folder with the service's C(score.yaml), or the file itself.
        type: path
        required: true
      name:
        description: Name of the service; if given, it must be the one in C(score.yaml).
        type: str
      replicas:
        description: Number of pods, or the least number of them if the service scales by itself.
        type: int
      host:
        description: Host name of its first C(dns) resource. The default is the service's name below the domain.
        type: str
      hosts:
        description: Host names by C(dns) resource, for a service that has several.
        type: dict
        default: {}
      resources:
        description: V(requests) and V(limits), each with V(cpu) and V(memory), over those of C(score.yaml).
        type: dict
        default: {}
      variables:
        description: Variables over those of C(score.yaml), for containers whose image is built from the source. Never a secret.
        type: dict
        default: {}
  project_dir:
    description: Folder that a relative O(services[].source) is relative to; the current folder if not given.
    type: path
    default: .
  namespace:
    description: Namespace of the services.
    type: str
    required: true
attributes:
  check_mode:
    description: Can run in check mode and returns the same.
    support: full
  diff_mode:
    description: Has nothing to show, since it changes nothing.
    support: none
"""
