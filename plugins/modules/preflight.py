# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Check everything an environment needs before anything is touched
version_added: 0.1.0
description:
  - Checks settings, user, programs, ports, disk and memory, and reports every finding at once, each with what to do.
  - Takes a lock that belongs to the running C(ansible-playbook) process and ends with it, so that two runs never change one environment
    at the same time and a killed run never blocks the next one.
author: Slipway maintainers (@slipway)
options:
  environment:
    description: Name of the environment, for messages.
    type: str
    required: true
  settings:
    description: Settings that must have a value, by name. A value that is null or empty is a finding.
    type: dict
    default: {}
  checks:
    description: What has to be true of the settings. AWS is asked only if all of it is.
    type: list
    elements: dict
    default: []
    suboptions:
      that:
        description: Whether it is.
        type: bool
        required: true
      otherwise:
        description: The finding if it is not - which setting, what it is, what to write instead.
        type: str
        required: true
  files:
    description: Files that must be readable, by the name of the setting that names them. An empty path is none.
    type: dict
    default: {}
  root:
    description: Whether the user must be root.
    type: bool
    default: false
  programs:
    description: Programs that must be on the path, each with the Debian package that brings it.
    type: dict
    default: {}
  ports:
    description: TCP ports that must be free, each with the name of the setting that chose it.
    type: dict
    default: {}
  own_processes:
    description: A text in the command line of this environment's own processes; a port that they hold is not a finding.
    type: str
    default: ""
  disk:
    description: Paths, each with the GiB that must be free there.
    type: dict
    default: {}
  memory:
    description: GiB of memory that must be available.
    type: float
    default: 0.0
  tags:
    description: The tags that there are.
    type: list
    elements: str
    default: []
  asked:
    description: The tags that this run was started with. One that is neither in O(tags) nor Ansible's own is a finding.
    type: list
    elements: str
    default: []
  absent:
    description: Names of results of earlier runs that this run needs and that are not there. Each is a finding.
    type: list
    elements: str
    default: []
  aws:
    description: The AWS account, and the cluster in it, that the environment means. Whatever is another is a finding.
    type: dict
    suboptions:
      account_id:
        description: The account that the credentials must be of.
        type: str
        required: true
      cluster:
        description: Name of the EKS cluster. If there is one it must have the tag C(slipway:cluster) with its name.
        type: str
        default: ""
      kubeconfig:
        description: The kubeconfig of an earlier run. If it is there it must be of that cluster.
        type: path
      region:
        description: The region, such as V(eu-central-1).
        type: str
        required: true
      profile:
        description: A profile of the configuration of AWS.
        type: str
        default: ""
      endpoint_url:
        description: Where every service is asked, instead of AWS. O(aws.endpoint_urls) goes first.
        type: str
        default: ""
      endpoint_urls:
        description: Where a service is asked, by its name in boto3.
        type: dict
        default: {}
      attempts:
        description: How often a call is tried that AWS throttles or does not answer.
        type: int
        default: 8
  lock:
    description: File of the lock. Without it nothing is locked; in check mode neither.
    type: path
  directory:
    description: The environment's own folder. If it is not there it is made when everything else was found right, for this user alone.
    type: path
attributes:
  check_mode:
    description: Only reads; the lock is not taken and the folder is not made in check mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Check the machine before anything is touched
  slipway.platform.preflight:
    environment: local
    root: true
    programs:
      podman: podman
      buildah: buildah
    ports:
      8443: ingress_https_port
    disk:
      /root/.cache: 10
    lock: /run/slipway/local.lock
"""

RETURN = r"""
environment:
  description: Name of the environment that was checked.
  returned: success
  type: str
findings:
  description: What stands in the way, one text each.
  returned: failure
  type: list
  elements: str
"""
