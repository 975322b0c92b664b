# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_store
short_description: Ensure secrets in the environment's store and deliver them
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Keeps secrets by name in the store of an environment (Kubernetes Secrets in O(store_namespace)) and copies of them,
    up to date, in the namespaces that use them. The whole store is read with one request, whatever the number of secrets.
  - Generated values are made once by the system's random source and kept. No value is ever returned, shown in a diff or logged.
  - Every secret has a version that changes with its content. It is an HMAC under a random salt that is kept with the secret,
    so that it can be written into annotations and logs without helping anyone to guess the content.
  - Secrets that are not listed are left alone. Copies of the same O(set) that are not listed are deleted.
options:
  kubeconfig:
    description: Kubeconfig of the cluster. In check mode it may not exist yet; then everything would be created.
    type: path
    required: true
  secrets:
    description: Secrets that the store must have.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name in the store.
        type: str
        required: true
      type:
        description: Type of the Kubernetes Secret.
        type: str
        default: Opaque
      values:
        description: Entries that are not secret, for example a host name. They may be seen in logs.
        type: dict
        default: {}
      generate:
        description:
          - Entries that are generated once, each with an optional C(length) (characters, at least 16, default 32) and C(alphabet)
            (default letters and digits).
          - A secret without values, generate and compose gets one generated entry, C(value).
        type: dict
        default: {}
      compose:
        description:
          - Entries made of others, with C(${key}) or C(${key|filter}) in their text. Filters are C(sha256), C(base64) and C(urlencode).
        type: dict
        default: {}
      labels:
        description: Labels of the Kubernetes Secret.
        type: dict
        default: {}
  deliveries:
    description: Copies that must exist. Namespaces that do not exist are made.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name in the store.
        type: str
        required: true
      namespace:
        description: Namespace of the copy.
        type: str
        required: true
      secret:
        description: Name of the copy.
        type: str
        required: true
      type:
        description: Type of the copy; without it that of the secret.
        type: str
      compose:
        description: Entries of the copy, each made of the secret's as in O(secrets[].compose). Without it the copy has all entries.
        type: dict
        default: {}
      service:
        description: Service that the copy is for; kept as a label and returned.
        type: str
      resource:
        description: Resource of the service; kept as a label and returned.
        type: str
  set:
    description: Name of the set that the copies belong to. Copies of this set, out of this store, that are not in O(deliveries) are deleted.
    type: str
    default: default
  store_namespace:
    description: Namespace of the store. Environments that share a cluster have one each.
    type: str
    default: slipway-secrets
attributes:
  check_mode:
    description: Reads only. The version of a secret that would be made is V(known-after-apply).
    support: full
  diff_mode:
    description: Shows names, types, versions and keys.
    support: full
"""

EXAMPLES = r"""
- name: Have a session key and deliver it to the service
  slipway.platform.secret_store:
    kubeconfig: .slipway/local/kubeconfig
    secrets:
      - name: hello-session
        generate:
          value: {length: 48}
    deliveries:
      - {name: hello-session, service: hello, resource: session, namespace: hello, secret: hello-session}
    set: services
"""

RETURN = r"""
secrets:
  description: The secrets asked for, each with C(name), C(version) and C(action) (created, updated or unchanged).
  returned: success
  type: list
  elements: dict
deliveries:
  description: The copies asked for, each with C(name), C(service), C(resource), C(namespace), C(secret), C(version) and C(action).
  returned: success
  type: list
  elements: dict
pruned:
  description: Copies that were deleted, each with C(namespace) and C(secret).
  returned: success
  type: list
  elements: dict
requests:
  description: How many requests were sent to the API server.
  returned: success
  type: int
"""
