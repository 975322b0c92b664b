# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: evidence
short_description: Show with evidence that a service is what it claims to be
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Tries a running service and keeps what was found as records (JSON) that someone else can repeat.
  - A verdict is PASS, FAIL or UNKNOWN. UNKNOWN means that the question could not be answered, and never counts as a pass.
    Every check tries the counter-question as well, so that a dead target or a switched-off policy engine can't pass for protection.
  - C(readiness) breaks the readiness of one pod on purpose and measures how long its endpoint stays in the Service, while clients ask all the time.
  - C(network) connects from inside the pod to what the service needs and to an address outside the cluster, and to the latter from a pod
    without policies and from one that a policy denies everything. The outside address is a listener that this task opens on this machine.
  - C(secrets) compares what the pod holds with the Secret and with the store by keyed hash. No value leaves the pod or is printed.
  - C(admission) offers pods that violate the restricted Pod Security Standard, and a compliant one, in a dry run of the server.
  - Bad news do not fail the task; the playbook decides what they mean.
options:
  kubeconfig:
    description: Kubeconfig of the cluster.
    type: path
    required: true
  namespace:
    description: The namespace of the service.
    type: str
    required: true
  service:
    description: Name of the service, which is the name of its Deployment and its Service.
    type: str
    required: true
  url:
    description: An address at which clients reach the service.
    type: str
    required: true
  ca_file:
    description: Certificates to trust (PEM) instead of the machine's.
    type: path
  path:
    description: The folder for the records, C(<namespace>.<service>.<check>.json). The latest replaces the one before.
    type: path
    required: true
  checks:
    description: The checks to carry out.
    type: list
    elements: str
    choices: [readiness, network, secrets, admission]
    default: [readiness, network, secrets, admission]
  peers:
    description: What the service needs to reach, beside the bindings that it mounts (Service Binding specification), which are tried anyway.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name in the record.
        type: str
        required: true
      host:
        description: Its host name, as the pod resolves it.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        required: true
      type:
        description: What to send so that it answers.
        type: str
        choices: [postgresql, redis, tcp]
        default: tcp
  store_namespace:
    description: The namespace of the secret store.
    type: str
    default: slipway-secrets
  python:
    description: How Python is started in the service's pod.
    type: list
    elements: str
    default: [/usr/bin/python3.11]
  break_command:
    description: The program in the pod that makes it say that it is not ready. Without one, the verdict on C(readiness) is UNKNOWN.
    type: list
    elements: str
    default: []
  restore_command:
    description: The program in the pod that undoes O(break_command). If it fails, the pod is deleted, and its Deployment makes another.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: none
    description: Nothing is verified in check mode.
  diff_mode:
    support: none
    description: Nothing stays changed.
"""

EXAMPLES = r"""
- name: Verify the service hello
  slipway.platform.evidence:
    kubeconfig: "{{ kind_result.kubeconfig }}"
    namespace: hello
    service: hello
    url: https://hello.localhost:8443/
    ca_file: "{{ ingress_result.ca_file }}"
    path: "{{ slipway_state_dir }}/evidence"
    break_command: [/usr/bin/python3.11, -m, hello, break-readiness]
    restore_command: [/usr/bin/python3.11, -m, hello, restore-readiness]
  register: evidence
"""

RETURN = r"""
checks:
  description: The records.
  type: list
  elements: dict
  returned: success
  contains:
    check: {description: Name of the check., type: str}
    subject: {description: "<namespace>/<service>.", type: str}
    claim: {description: What was to be shown., type: str}
    verdict: {description: "PASS, FAIL or UNKNOWN.", type: str}
    reason: {description: Why., type: str}
    at: {description: "When, ISO 8601 in UTC.", type: str}
    seconds: {description: How long it took., type: float}
    cluster: {description: UID of the cluster's namespace kube-system., type: str}
    images: {description: The images that ran., type: list, elements: str}
    asked: {description: What was asked., type: list, elements: str}
    seen: {description: The raw answers without secrets., type: dict}
    replay: {description: Commands that repeat it by hand., type: list, elements: str}
table:
  description: The records as lines for people.
  type: list
  elements: str
  returned: success
counts:
  description: Number of records by verdict.
  type: dict
  returned: success
"""
