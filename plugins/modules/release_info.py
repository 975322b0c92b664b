# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
short_description: Say which release serves, and which images run
version_added: 0.1.0
description:
  - Returns the revisions of a release, and of each of its services the image that is wanted beside those that its pods run.
  - A cluster that does not exist yet runs nothing; that is no failure.
author: Slipway maintainers (@slipway)
options:
  kubeconfig:
    description: Path of the kubeconfig.
    type: path
    required: true
  name:
    description: Name of the release, as given to M(slipway.platform.release).
    type: str
    required: true
  namespace:
    description: Namespace of the release.
    type: str
    required: true
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: See who is running
  slipway.platform.release_info:
    kubeconfig: "{{ kind_result.kubeconfig }}"
    name: hello
    namespace: hello
  register: running

- name: Every pod must run what was released
  ansible.builtin.assert:
    that: running.services.values() | rejectattr('as_wanted') | length == 0
"""

RETURN = r"""
revision:
  description: The revision that serves; 0 before the first release.
  returned: success
  type: int
revisions:
  description: What is kept of the history, oldest first.
  returned: success
  type: list
  elements: dict
  sample: [{revision: 1, status: superseded, created: "2026-11-21T12:00:00Z", restores: 0}]
services:
  description: What is wanted and what runs, by service.
  returned: success
  type: dict
  sample:
    hello:
      image: localhost:5001/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213
      digest: sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213
      replicas: 1
      ready_replicas: 1
      pods:
        - {name: hello-7d9f-abcde, digest: "sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213", ready: true}
      as_wanted: true
images:
  description: The images of those that were given one, as the role C(release) takes them, so that a release of others leaves them as they are.
  returned: success
  type: dict
  sample:
    hello:
      reference: localhost:5001/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213
      tag: v1.4.0
"""
