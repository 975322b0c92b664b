# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_kubeconfig
short_description: Write a kubeconfig for an Amazon EKS cluster that holds no secret
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Writes a kubeconfig (mode 0600), and beside it a small program of Python and botocore that it runs for a token each time one is needed, from
    the AWS credentials of whoever uses it. The AWS CLI is not needed, and no token is ever written down.
  - The program is run by the Python that runs Ansible.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  path:
    description: The kubeconfig. The program is C(<path>.token.py). A file that is there is replaced.
    type: path
    required: true
  role_arn:
    description: A role that is assumed for the token. Empty for the credentials as they are.
    type: str
    default: ""
  context:
    description: The name of its one context. Empty for the cluster's name.
    type: str
    default: ""
  endpoint:
    description: Address of the cluster, as M(slipway.platform.eks_cluster) returns it. With it and O(certificate_authority) EKS is not asked.
    type: str
    default: ""
  certificate_authority:
    description: The cluster's authority, as M(slipway.platform.eks_cluster) returns it.
    type: str
    default: ""
extends_documentation_fragment:
  - slipway.platform.aws
attributes:
  check_mode:
    description: Writes nothing. The address of a cluster that is not there yet is V((known after apply\)).
    support: full
  diff_mode:
    description: The kubeconfig, before and after. One that may hold a key or a token is never shown.
    support: full
"""

EXAMPLES = r"""
- name: Write the kubeconfig
  slipway.platform.eks_kubeconfig:
    region: eu-central-1
    cluster: prod
    path: "{{ slipway_state_dir }}/kubeconfig"
"""

RETURN = r"""
path:
  description: The kubeconfig.
  returned: success
  type: str
context:
  description: Its context.
  returned: success
  type: str
endpoint:
  description: The URL of the Kubernetes API.
  returned: success
  type: str
before:
  description: By the path of the file, what was compared, as it was.
  returned: success
  type: dict
after:
  description: The same, as it is now, or would be in check mode.
  returned: success
  type: dict
actions:
  description: What was done, or would be in check mode, in a few words each.
  returned: success
  type: list
  elements: str
"""
