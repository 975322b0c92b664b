# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster
short_description: Ensure an Amazon EKS cluster
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Makes, changes, upgrades and deletes a cluster. Each kind of change is a request of its own, in an order that is safe, and is waited for
    with a live line; one that fails says why in EKS's words.
  - A new cluster has access entries instead of the ConfigMap, nobody is its administrator just because they made it, and it does not drift
    into extended support, which costs six times as much.
  - What EKS can't change (the role, the range of services, the key of an encrypted cluster, a version back) is refused before anything is touched.
  - An upgrade goes one minor version up, after EKS has looked again for what stands in its way (insights) and only if node groups have the
    cluster's version. Several minor versions are several runs, since node groups and add-ons have to follow in between.
  - A cluster that an interrupted run left half-made is waited for; one that is FAILED is reported with the cause.
options:
  name:
    description: Its name, unique in account and region.
    type: str
    required: true
  state:
    description: With V(absent) it is deleted, and that is waited for. Node groups, Fargate profiles and capabilities have to be deleted before.
    type: str
    choices: [present, absent]
    default: present
  role_arn:
    description: The role of the control plane. A cluster keeps it. Needed to make one.
    type: str
  subnets:
    description: Where the control plane has its network interfaces; in two availability zones or more. Needed to make a cluster.
    type: list
    elements: str
  version:
    description: Kubernetes version such as V('1.35'). Left out a new cluster gets EKS's default, and one that stands keeps its version.
    type: str
  ignore_insights:
    description: Upgrade though insights or node groups stand in the way, or are not known.
    type: bool
    default: false
  upgrade_policy:
    description:
      - With V(STANDARD) EKS upgrades the cluster by itself when standard support ends; with V(EXTENDED) it stays, for six times the price.
      - A new cluster has V(STANDARD) if nothing is said. It can only be had before standard support ends.
    type: str
    choices: [STANDARD, EXTENDED]
  access_mode:
    description:
      - Who may enter is in access entries (V(API)), or in the ConfigMap aws-auth.
      - It only ever goes towards V(API), which a new cluster has if nothing is said.
    type: str
    choices: [API, API_AND_CONFIG_MAP, CONFIG_MAP]
  security_groups:
    description: Further security groups of the control plane's network interfaces, five at most.
    type: list
    elements: str
  endpoint:
    description: How the Kubernetes API is reached. What is left out stays as it is; a new cluster is public to everybody if nothing is said.
    type: dict
    suboptions:
      public:
        description: Whether it is reached from the internet.
        type: bool
      private:
        description: Whether nodes and others in the VPC reach it without leaving it.
        type: bool
      public_cidrs:
        description: Who may connect from the internet.
        type: list
        elements: str
  logs:
    description: Logs of the control plane that go to CloudWatch, where they cost. Empty for none.
    type: list
    elements: str
    choices: [api, audit, authenticator, controllerManager, scheduler]
  kms_key:
    description: ARN or alias of the key that encrypts secrets on top of EKS's own encryption. Once given it can be neither taken off nor replaced.
    type: str
  auto_mode:
    description:
      - EKS Auto Mode - nodes, block storage and load balancers are made by EKS.
      - Its three parts are switched together, since EKS refuses anything else.
    type: dict
    suboptions:
      enabled:
        description: Whether it is on. Off ends all of its nodes and load balancers.
        type: bool
        required: true
      node_pools:
        description: EKS's own node pools. They go together with O(auto_mode.node_role_arn); without both you bring node pools of your own.
        type: list
        elements: str
        choices: [general-purpose, system]
      node_role_arn:
        description: The role of the nodes of these pools. A cluster keeps it.
        type: str
      gateway_api:
        description: Whether EKS keeps the definitions of the Gateway API in the cluster.
        type: bool
  default_addons:
    description: Whether a new cluster gets vpc-cni, coredns and kube-proxy that nobody manages. Left out it does, but for Auto Mode, which has no use for them.
    type: bool
  zonal_shift:
    description: Whether traffic may be moved away from an availability zone that is ill.
    type: bool
  deletion_protection:
    description: Whether EKS refuses to delete it.
    type: bool
  ip_family:
    description: Addresses of pods and services. A cluster keeps it.
    type: str
    choices: [ipv4, ipv6]
  service_cidr:
    description: Addresses of services with V(ipv4), outside of the VPC's. A cluster keeps it.
    type: str
  unprotect:
    description: With O(state=absent), delete it though it is protected.
    type: bool
    default: false
  timeout:
    description: Seconds to wait for each thing that EKS does.
    type: int
    default: 3600
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only. What EKS would make is V((known after apply\)), and insights are those that EKS found last.
    support: full
  diff_mode:
    description: Settings and tags that are wanted, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Have the cluster
  slipway.platform.eks_cluster:
    region: eu-central-1
    name: prod
    role_arn: arn:aws:iam::123456789012:role/prod-cluster
    subnets: [subnet-0a, subnet-0b, subnet-0c]
    version: "1.35"
    endpoint:
      private: true
      public: true
      public_cidrs: [203.0.113.0/24]
    logs: [api, audit, authenticator]
    auto_mode:
      enabled: true
      node_pools: [general-purpose, system]
      node_role_arn: arn:aws:iam::123456789012:role/prod-node
    zonal_shift: true
    deletion_protection: true
    tags:
      slipway:environment: prod

- name: Upgrade it
  slipway.platform.eks_cluster:
    region: eu-central-1
    name: prod
    version: "1.36"

- name: Delete it
  slipway.platform.eks_cluster:
    region: eu-central-1
    name: prod
    state: absent
    unprotect: true
"""

RETURN = r"""
name:
  description: Its name.
  returned: success
  type: str
arn:
  description: Its ARN.
  returned: success
  type: str
status:
  description: EKS's status, such as V(ACTIVE); V(absent) if there is none.
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
version:
  description: Its Kubernetes version.
  returned: success
  type: str
dns_address:
  description: Where pods ask for names, the tenth address of RV(service_cidr).
  returned: success
  type: str
service_cidr:
  description: The addresses of services.
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
warnings:
  description: What a person should know, which Ansible shows, too.
  returned: success
  type: list
  elements: str
before:
  description: By the name of the cluster, what was compared, as it was.
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
