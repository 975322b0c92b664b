# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster_info
short_description: Look at an Amazon EKS cluster, its insights, and the versions that EKS offers
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Reads everything that EKS tells of a cluster, in the words of M(slipway.platform.eks_cluster), with node groups, add-ons and insights.
  - Never fails because of what it finds. A cluster that is not there is V(absent), and what could not be asked is V(unknown), with the reason in RV(problems).
options:
  name:
    description: The cluster. Empty for the names of all, and the versions.
    type: str
    default: ""
extends_documentation_fragment:
  - slipway.platform.aws
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Look at the cluster
  slipway.platform.eks_cluster_info:
    region: eu-central-1
    name: prod
  register: found

- name: Say how long its version has support
  ansible.builtin.debug:
    msg: "{{ found.support.standard_days_left }} days"
"""

RETURN = r"""
clusters:
  description: Names of all clusters in the region.
  returned: success
  type: list
  elements: str
name:
  description: The cluster's name.
  returned: success
  type: str
arn:
  description: Its ARN.
  returned: success
  type: str
status:
  description: EKS's status, such as V(ACTIVE); V(absent) if there is none, V(unknown) if it could not be asked.
  returned: success
  type: str
platform_version:
  description: EKS's own version of the control plane.
  returned: success
  type: str
endpoint:
  description: The URL of the Kubernetes API.
  returned: success
  type: str
certificate_authority:
  description: Who signs the certificate of RV(endpoint), PEM in base64.
  returned: success
  type: str
security_group:
  description: The security group that EKS makes for control plane and nodes.
  returned: success
  type: str
vpc_id:
  description: The VPC of its subnets.
  returned: success
  type: str
oidc_issuer:
  description: Who issues tokens to service accounts.
  returned: success
  type: str
settings:
  description: Its settings, in the words of the options of M(slipway.platform.eks_cluster).
  returned: success
  type: dict
tags:
  description: Its tags.
  returned: success
  type: dict
issues:
  description: What EKS says is wrong with it; empty for nothing.
  returned: success
  type: str
support:
  description: How long its version has support.
  returned: success
  type: dict
  contains:
    version:
      description: The version.
      type: str
      returned: always
    status:
      description: V(STANDARD_SUPPORT), V(EXTENDED_SUPPORT) or V(UNSUPPORTED); empty if EKS does not tell.
      type: str
      returned: always
    default:
      description: Whether a cluster is made with it if nothing is said.
      type: bool
      returned: always
    standard_days_left:
      description: Days until standard support ends, negative once it has ended; null if not known.
      type: int
      returned: always
    end_of_standard_support:
      description: The day, such as V(2026-12-02).
      type: str
      returned: always
    end_of_extended_support:
      description: The day.
      type: str
      returned: always
insights:
  description: What EKS says of it, mostly of its readiness for the next version.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
    category:
      description: Such as V(UPGRADE_READINESS).
      type: str
      returned: always
    version:
      description: The Kubernetes version that it is about.
      type: str
      returned: always
    status:
      description: V(PASSING), V(WARNING), V(ERROR) or V(UNKNOWN).
      type: str
      returned: always
    reason:
      description: Why.
      type: str
      returned: always
    refreshed:
      description: When EKS looked, ISO 8601.
      type: str
      returned: always
nodegroups:
  description: Its node groups.
  returned: success
  type: list
  elements: dict
  sample: [{name: workers, version: "1.35", status: ACTIVE, issues: ""}]
addons:
  description: Its add-ons.
  returned: success
  type: list
  elements: dict
  sample: [{name: coredns, version: v1.12.4-eksbuild.1, status: ACTIVE, issues: ""}]
versions:
  description: The versions that EKS offers, newest first, as RV(support).
  returned: success
  type: list
  elements: dict
problems:
  description: What could not be asked, and why.
  returned: success
  type: list
  elements: str
"""
