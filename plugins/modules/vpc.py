# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc
short_description: Converge a VPC with its subnets, gateways, routes, endpoints and security groups
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Makes, changes or removes a whole network as one set. What is there is read with one call for each kind, so a second run asks about ten
    times, whatever the number of zones. What does not depend on each other is made at the same time.
  - Every resource is found by its tags C(slipway:environment) and C(slipway:name), never by an id from an earlier run. A run that was interrupted
    is continued by the next one; a NAT gateway or an endpoint that AWS failed to make is replaced.
  - What belongs to the set and is not wanted any more is removed. What others put into the VPC stays. If it holds what is to be removed (the network
    interface of a load balancer, a security group), that is told before anything is touched.
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
options:
  name:
    description: Name of the VPC. Its parts have names that begin with it.
    type: str
    required: true
  environment:
    description: Environment that it belongs to, kept in the tag C(slipway:environment).
    type: str
    required: true
  state:
    description: Whether it shall be there. V(absent) removes all of it and waits until it is gone.
    type: str
    choices: [present, absent]
    default: present
  cidr:
    description: Range of the VPC, from /16 to /28, such as V(10.20.0.0/16). AWS can't change it.
    type: str
  apart_from:
    description: By a name for people, ranges that the VPC's may not overlap, such as that of the Services of a cluster in it, or an office's.
    type: dict
    default: {}
  zones:
    description: Availability zones, such as V(eu-central-1a). Each has a public and a private subnet. New ones go to the end.
    type: list
    elements: str
  public:
    description: The subnets whose default route is the internet gateway.
    type: dict
    default: {}
    suboptions: &tier
      cidrs:
        description:
          - A range for each zone, in the order of O(zones). Without any they are computed.
          - The VPC's range is cut into eight. The private subnet of the n-th zone is the n-th eighth. The seventh eighth is cut into eight again,
            for the public subnets. The last is left to O(isolated). So V(10.20.0.0/16) has private subnets V(10.20.0.0/19), V(10.20.32.0/19) and so on,
            and public ones V(10.20.192.0/22), V(10.20.196.0/22) and so on.
        type: list
        elements: str
        default: []
      tags:
        description: Tags beside O(tags), such as C(kubernetes.io/role/elb) on public and C(kubernetes.io/role/internal-elb) on private subnets.
        type: dict
        default: {}
  private:
    description: The subnets whose default route is a NAT gateway, if there is one.
    type: dict
    default: {}
    suboptions: *tier
  isolated:
    description:
      - Sets of subnets without a default route, such as for databases. Nobody in them gets out of the VPC; the VPC gets to them.
      - Without C(cidrs), the last eighth of the VPC's range is cut into four, and the n-th set has the n-th quarter. That is cut into eight, for the zones. New
        sets go to the end.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the set.
        type: str
        required: true
      <<: *tier
  nat:
    description:
      - V(one_per_zone) has a NAT gateway in each zone; V(single) has one in the first zone, and none of the others gets out if that zone fails;
        V(none) has none. Each costs by the hour and by what goes through it.
    type: str
    choices: [none, single, one_per_zone]
  dns_support:
    description: Whether the VPC has a DNS resolver.
    type: bool
    default: true
  dns_hostnames:
    description: Whether instances have DNS names. EKS and interface endpoints need it.
    type: bool
    default: true
  gateway_endpoints:
    description: Services that are reached through the route tables, V(s3) and V(dynamodb). They cost nothing.
    type: list
    elements: str
    default: [s3]
  interface_endpoints:
    description:
      - Services that have an address in each private subnet, such as V(ecr.api), V(ecr.dkr), V(sts) or V(logs). Each costs by the hour and zone.
        A security group C(endpoints) lets the VPC reach them.
      - Left out, those that are there stay.
    type: list
    elements: str
  security_groups:
    description: Groups of the set. Left out, those that are there stay; empty, they are removed.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name in the set; AWS has it after the name of the VPC.
        type: str
        required: true
      description:
        description: What it is for. AWS can't change it. Without it that is the name.
        type: str
      ingress:
        description: Rules for what comes in. Left out, they are not touched; otherwise these are all there are.
        type: list
        elements: dict
        suboptions: &rule
          protocol:
            description: V(all) and V(icmp) have no ports.
            type: str
            choices: [tcp, udp, icmp, all]
            default: tcp
          ports:
            description: Such as V(443) or V(8000-8100).
            type: list
            elements: str
            default: []
          sources:
            description: Where it comes from, or goes to - ranges, names of groups of this set, ids of other groups (C(sg-...)) or prefix lists (C(pl-...)).
            type: list
            elements: str
            required: true
          description:
            description: Why.
            type: str
            default: ""
      egress:
        description: Rules for what goes out. Left out, they are not touched - AWS gives a new group one that allows all.
        type: list
        elements: dict
        suboptions: *rule
      tags:
        description: Tags beside O(tags).
        type: dict
        default: {}
  empty_default_security_group:
    description: Whether the group that AWS puts into each VPC loses its rules, so that nothing is reached by forgetting to choose a group.
    type: bool
    default: true
  flow_log:
    description: Have CloudWatch Logs keep what connects to what. Left out, one that is there stays.
    type: dict
    suboptions:
      log_group:
        description: Name of the log group.
        type: str
        required: true
      role_arn:
        description: Role that may write to it.
        type: str
        required: true
      traffic:
        description: Which connections.
        type: str
        choices: [ALL, ACCEPT, REJECT]
        default: ALL
  peers:
    description: VPCs of this account and region, by id or by their tag Name, that this one will be connected with. A range that overlaps theirs is refused.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that a NAT gateway or an endpoint may need.
    type: int
    default: 600
attributes:
  check_mode:
    description: Reads only. Ids that AWS will make are V((known after apply\)).
    support: full
  diff_mode:
    description: Shows each resource as it is compared, by name, without ids.
    support: full
"""

EXAMPLES = r"""
- name: Have a network with private nodes in three zones
  slipway.platform.vpc:
    region: eu-central-1
    name: orders
    environment: prod
    cidr: 10.20.0.0/16
    zones: [eu-central-1a, eu-central-1b, eu-central-1c]
    nat: one_per_zone
    public:
      tags: {kubernetes.io/role/elb: "1"}
    private:
      tags: {kubernetes.io/role/internal-elb: "1"}
    security_groups:
      - name: database
        ingress:
          - {ports: ["5432"], sources: [10.20.0.0/16], description: services}
        egress: []
    tags: {team: platform}
  register: network

- name: Remove it with all that is in it
  slipway.platform.vpc:
    region: eu-central-1
    name: orders
    environment: prod
    state: absent
"""

RETURN = r"""
vpc_id:
  description: Id of the VPC; empty after a removal, as all that follows.
  returned: success
  type: str
cidr:
  description: Its range.
  returned: success
  type: str
zones:
  description: Its zones.
  returned: success
  type: list
  elements: str
public_subnets:
  description: Ids by zone.
  returned: success
  type: dict
private_subnets:
  description: Ids by zone.
  returned: success
  type: dict
isolated_subnets:
  description: By name of the set, C(ids) by zone, and the list of C(cidrs).
  returned: success
  type: dict
security_groups:
  description: Ids by name.
  returned: success
  type: dict
route_tables:
  description: Ids by name, V(public) and one V(private-<zone>) for each zone.
  returned: success
  type: dict
nat_gateways:
  description: Ids by zone.
  returned: success
  type: dict
nat_addresses:
  description: Public addresses by zone - those that others see, for their lists of who may come in.
  returned: success
  type: dict
endpoints:
  description: Ids by service.
  returned: success
  type: dict
internet_gateway:
  description: Its id.
  returned: success
  type: str
before:
  description: What was compared, by kind and name, as it was.
  returned: success
  type: dict
after:
  description: The same as it is now, or would be.
  returned: success
  type: dict
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
"""
