# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Options of a set of Kubernetes objects; the specification is in module_utils/_k8s/arguments.py."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Path of the kubeconfig. In check mode it may not exist yet; then everything would be created.
    type: path
    required: true
  name:
    description: Name of the set, unique within O(namespace).
    type: str
    required: true
  namespace:
    description:
      - Namespace of the set's parent (a Secret C(applyset-<name>) without data), and of objects that name none.
      - It is created if it does not exist.
    type: str
    required: true
  definitions:
    description: The objects.
    type: list
    elements: dict
    default: []
  src:
    description: YAML files with further objects, any number in each.
    type: list
    elements: path
    default: []
  secret_files:
    description: Secrets whose values are read from files on the controller, so that no task argument ever holds them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the Secret. Entries with the same name and namespace make one Secret of several keys.
        type: str
        required: true
      namespace:
        description: Namespace of the Secret; O(namespace) if left out.
        type: str
      type:
        description: Type of the Secret.
        type: str
        default: Opaque
      key:
        description: Key within the Secret.
        type: str
        required: true
      path:
        description: File whose content is the value.
        type: path
        required: true
  timeout:
    description: Seconds for all of it.
    type: int
    default: 300
  force:
    description: Whether to take over fields that belong to another field manager, and objects that belong to another set.
    type: bool
    default: false
"""
