# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promotion_status
short_description: Say which version runs where, whether that was intended, and what waits
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Tells of one or several environments which service runs which version and digest, since when and recorded by whom, and which saved plans wait for which
    gate. Prints tables and returns the same as data.
  - Compares the image ids that the nodes report for every container of every pod, init containers, sidecars and ephemeral ones too, with the records.
    The answer is V(yes), V(no) or V(unknown) for each pod. It never fails on bad news.
options:
  environments:
    description: The environments.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The environment.
        type: str
        required: true
      ledger:
        description: Its ledger, usually C(.slipway/<environment>/ledger.jsonl). One that does not exist yet has no lines.
        type: path
      kubeconfig:
        description: Kubeconfig of its cluster. A cluster that does not answer makes what runs there unknown.
        type: path
      namespace:
        description: Namespace (and name) of the release. Needed beside C(kubeconfig).
        type: str
      plans:
        description: Saved plans. Those that do not exist, or were carried out, are left out.
        type: list
        elements: path
        default: []
extends_documentation_fragment: [slipway.platform.trusted_keys]
attributes:
  check_mode:
    support: full
    description: Only reads.
  diff_mode:
    support: none
    description: There is nothing to compare.
"""

EXAMPLES = r"""
- name: What runs, and is it what was promoted?
  slipway.platform.promotion_status:
    policy: inventories/prod/policy.yml
    environments:
      - {name: stage, ledger: .slipway/stage/ledger.jsonl, kubeconfig: .slipway/stage/kubeconfig, namespace: hello}
      - {name: prod, ledger: .slipway/prod/ledger.jsonl, kubeconfig: .slipway/prod/kubeconfig, namespace: hello, plans: [.slipway/prod/plan.json]}
  register: status
"""

RETURN = r"""
as_intended:
  description: V(no) if anything runs that no record intends, V(unknown) if something could not be told, else V(yes).
  returned: success
  type: str
environments:
  description: The environments in the order in which they were asked for.
  type: list
  elements: dict
  returned: success
  contains:
    environment: {description: Its name., type: str}
    unknown: {description: "What could not be read, and why; empty if everything was.", type: str}
    services:
      description:
        - Each with C(service), C(version), C(digest), C(since), C(signer), C(as_intended), C(reason) and C(pods).
        - A pod has C(namespace), C(pod), C(verdict), C(reason) and C(containers) with C(name), C(kind), C(runs), C(intended), C(verdict) and C(reason).
      type: list
      elements: dict
    pods_of_nobody: {description: Pods of no recorded service., type: list, elements: dict}
    waiting:
      description: >-
        Gates of saved plans that do not allow them, each with C(service), C(version), C(digest), C(gate), C(outcome), C(reason), C(next_time), C(plan) and
        C(judged), the moment at which that was found.
      type: list
      elements: dict
"""
