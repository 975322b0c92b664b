# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_identity_provider
short_description: Ensure by which OpenID Connect provider people come into an Amazon EKS cluster
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Associates an OpenID Connect provider with a cluster, such as the company's single sign-on. Kubernetes then takes its tokens; what somebody may is
    up to bindings of Kubernetes for the names and groups in them. Roles of IAM come in as before.
  - EKS has one provider for a cluster, and changes nothing of it but its tags. Anything else that differs is refused, unless O(replace) is set.
  - An association takes EKS 15 to 30 minutes. It is waited for, and one that fails says why.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  state:
    description: With V(absent) the provider is taken away, whichever it is unless O(name) says.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The provider's name in the cluster. Left out it is left alone, and a new one is C(sso).
    type: str
  issuer_url:
    description:
      - What the provider's tokens say in C(iss), an address that begins with V(https://). EKS reads the keys below it, over the internet.
      - Needed for a new one.
    type: str
  client_id:
    description: What the provider's tokens say in C(aud). Needed for a new one.
    type: str
  username_claim:
    description: Which claim is the user's name to Kubernetes. Left out it is left alone, and a new one has EKS's default, C(sub).
    type: str
  username_prefix:
    description: What stands before names of users. Left out it is left alone; a new one then has the issuer and a C(#), and none before C(email).
    type: str
  groups_claim:
    description: Which claim has the groups. Left out it is left alone, and a new one takes no groups.
    type: str
  groups_prefix:
    description: What stands before names of groups, such as V(sso:). It keeps groups of the provider apart from those of Kubernetes.
    type: str
  required_claims:
    description: Claims that a token must have, with their values.
    type: dict
  replace:
    description:
      - Whether a provider that differs is taken away and made anew. Nobody comes in by it meanwhile.
      - What is left out is as it was.
    type: bool
    default: false
  timeout:
    description: How long to wait for each of the two changes, in seconds.
    type: int
    default: 3600
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: The provider, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Let people in with the company's login
  slipway.platform.eks_identity_provider:
    region: eu-central-1
    cluster: prod
    issuer_url: https://login.example.com/realms/team
    client_id: kubernetes
    username_claim: email
    username_prefix: "sso:"
    groups_claim: groups
    groups_prefix: "sso:"
    tags:
      slipway:environment: prod
"""

RETURN = r"""
name:
  description: The provider's name in the cluster, empty if there is none.
  returned: success
  type: str
arn:
  description: ARN of its association, empty in check mode of one that would be made.
  returned: success
  type: str
before:
  description: By its name, what was compared, as it was.
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
