#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module kind_node_image: see DOCUMENTATION. With a terminal, the action plugin of the same name does the same with a live line."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kind_node_image
short_description: Make sure that the node image of the embedded cluster is on this machine
version_added: 0.1.0
description:
  - Builds the node image of a Kubernetes cluster from Go modules and Debian packages, or pulls one by digest.
  - Each part is built once for its inputs and kept below C($XDG_CACHE_HOME/slipway); a second checkout builds nothing.
  - Several runs at a time build once; the others wait. It may run with C(async) and C(poll=0) to begin early.
options:
  files:
    description: The folder with the sources; C(files) of the role C(kind), with C(hyperkube), C(modules) and C(node).
    type: path
    required: true
  kubernetes_version:
    description: The version to build, as in the C(go.mod) of C(hyperkube).
    type: str
    required: true
  suite:
    description: The Debian release of the nodes.
    type: str
    default: bookworm
  image:
    description: A node image by digest to use instead (C(docker.io/kindest/node@sha256:...)). Empty builds one.
    type: str
    default: ""
attributes:
  check_mode:
    description: Says what would be built, and builds nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
author:
  - Slipway maintainers (@slipway)
"""

EXAMPLES = r"""
- name: Begin early with what takes long
  slipway.platform.kind_node_image:
    files: "{{ role_path }}/files"
    kubernetes_version: v1.35.4
  async: 3600
  poll: 0
"""

RETURN = r"""
image:
  description: The image as podman knows it.
  type: str
  returned: success
  sample: localhost/slipway-node:v1.35.4-698556a4521b18b6
kind:
  description: The program kind.
  type: str
  returned: success
kubectl:
  description: The program kubectl.
  type: str
  returned: success
steps:
  description: What was done, and in how many seconds.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: kind, kubernetes, packages, image, import or pull.
      type: str
    built:
      description: Whether it was done now.
      type: bool
    seconds:
      description: How long it took.
      type: float
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.platform.plugins.module_utils import _ansible
from ansible_collections.slipway.platform.plugins.module_utils._kind import node_image, options


def main() -> None:
    module = AnsibleModule(options.NODE_IMAGE, supports_check_mode=True)
    work = node_image.inspect_only if module.check_mode else node_image.ensure
    _ansible.run(module, lambda: work(options.node_image_request(module.params), lambda _line: None))


if __name__ == "__main__":
    main()
