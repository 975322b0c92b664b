# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Where SQL runs, and as whom; the specification is in module_utils/_postgres/connection.py."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description: Kubeconfig of the cluster. In check mode it may not exist yet.
    type: path
    required: true
  namespace:
    description: Namespace of the pod.
    type: str
    default: postgres
  pod:
    description:
      - The pod that SQL is run in. Its container C(postgres) has C(psql). It is that of the server, which admits the superuser by peer
        authentication, or one that a server elsewhere can be reached from.
    type: str
    default: postgres-0
"""

    LOGIN = r"""
options:
  administrator:
    description: >-
      Who logs in to a server that is not in the pod. Left out, it is the superuser of the one that is. Name and password are read from Secrets
      Manager for each run, and reach the pod through standard input alone.
    type: dict
    suboptions:
      host:
        description: The server. Its certificate has this name.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        default: 5432
      secret_arn:
        description: ARN of the secret with C(username) and C(password), as RDS keeps it for the master user.
        type: str
        required: true
      ca_file:
        description: File in the pod with the authorities (PEM) that the server is verified with.
        type: str
        required: true
  store_namespace:
    description: Namespace of the secret store. Environments that share a cluster have one each.
    type: str
    default: slipway-secrets
  region:
    description: Not needed. The secret's is in its ARN. It is here for C(module_defaults) of the group C(slipway.platform.aws).
    type: str
    default: ""
  profile:
    description: A profile of the configuration of AWS, to read the secret of O(administrator) with.
    type: str
    default: ""
  endpoint_url:
    description: Where every service of AWS is asked, instead of AWS. O(endpoint_urls) goes first.
    type: str
    default: ""
  endpoint_urls:
    description: Where a service of AWS is asked, by its name in boto3.
    type: dict
    default: {}
  attempts:
    description: How often a call is tried that AWS throttles or does not answer.
    type: int
    default: 8
"""
