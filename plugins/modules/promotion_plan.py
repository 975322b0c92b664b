# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promotion_plan
short_description: Plan a promotion and judge it by the policy of its environment
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Resolves what should be promoted, reads everything that the gates of the policy ask for, and says for each gate V(allow), V(deny) or V(defer)
    with the reason, and when asking again can help. It changes nothing, in no registry and no cluster.
  - The plan has a hash. It covers environments, requester, policy, digests, tags with what they point at now, the change of the manifests, what the
    cluster wants, and the head of the ledger, and so not times, verdicts, or how many blobs are left to carry. Approvals are bound to it, and it is good
    for one promotion.
  - With O(plan) nothing else than that saved plan is allowed; whatever changed since is named, and denies.
  - What could not be read is unknown and denies wherever a gate would have needed it.
options:
  environment:
    description: The environment that is promoted to.
    type: str
    required: true
  policy:
    description: Its policy, usually C(inventories/<environment>/policy.yml); C(docs/policy.md) describes it.
    type: path
    required: true
  services:
    description: What to promote. With O(plan), those of the plan if not given.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The service.
        type: str
        required: true
      source:
        description: The image as C(registry/repository:tag) or by digest. A tag is resolved once.
        type: str
        required: true
      destination:
        description: Where it goes, C(registry/repository). It may be the repository of O(services[].source).
        type: str
        required: true
      tags:
        description: Its tags there, of which exactly one is a version of the policy's scheme (C(v1.4.0), C(v1.4.0-rc.1) or C(sha-<commit>)).
        type: list
        elements: str
        required: true
      rollback:
        description: Whether an older version is meant, that was recorded in this environment before.
        type: bool
        default: false
  requester:
    description: Who asks for it; that person's approval does not count. With O(plan), that of the plan if not given.
    type: str
    default: ""
  environments:
    description: How to look at environments. The one that is promoted to needs its ledger; the one before is known by statements if it is not listed.
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
  manifests:
    description: How the manifests in the cluster would change, as a task's C(diff); becomes part of the plan and its hash.
    type: raw
    default: ""
  moving_tags:
    description: Tags that may move, as M(slipway.platform.image_promote) takes them.
    type: list
    elements: str
    default: []
  plan:
    description: A saved plan, which must still hold.
    type: path
  begun:
    description:
      - The plan of an earlier run, which may have been killed. If it is what is asked for and still holds, it is gone on with, so that its approvals count.
      - A file that does not exist is none.
    type: path
  save:
    description: File to save the plan in (JSON), also in check mode. A file that is no plan is not overwritten.
    type: path
  show:
    description: Whether to print the plan on the terminal.
    type: bool
    default: true
extends_documentation_fragment: [slipway.platform.signer.optional, slipway.platform.registry_access]
attributes:
  check_mode:
    support: full
    description: Reads everything, as always, and saves the plan, which is what one asks for it for.
  diff_mode:
    support: none
    description: There is nothing to compare.
seealso:
  - module: slipway.platform.image_promote
  - module: slipway.platform.promotion_record
"""

EXAMPLES = r"""
- name: Plan the promotion of one service
  slipway.platform.promotion_plan:
    environment: prod
    policy: inventories/prod/policy.yml
    requester: mia
    services:
      - name: hello
        source: registry.example.com/stage/hello:v1.4.0-rc.2
        destination: registry.example.com/prod/hello
        tags: [v1.4.0, "1.4"]
    moving_tags: ["1.4"]
    environments:
      - {name: prod, ledger: .slipway/prod/ledger.jsonl, kubeconfig: .slipway/prod/kubeconfig, namespace: hello}
      - {name: stage, ledger: .slipway/stage/ledger.jsonl}
    save: plan.json
  register: plan
"""

RETURN = r"""
outcome:
  description: V(allow), V(deny) or V(defer), the worst of all verdicts.
  returned: success
  type: str
hash:
  description: The hash of the plan.
  returned: success
  type: str
next_time:
  description: When all gates open by time alone (RFC 3339); empty unless the outcome is V(defer), or if time alone does not do it.
  returned: success
  type: str
forecast:
  description: The same in words.
  returned: success
  type: str
plan:
  description: The plan as it is saved. C(verdicts) has C(service), C(gate), C(outcome), C(code), C(reason) and C(next_time) of every gate.
  returned: success
  type: dict
changed_since:
  description: What changed since the saved plan was made.
  returned: success
  type: list
  elements: str
stands:
  description: Whether everything that is asked for is so already, recorded, and not rejected since, so that there is nothing to carry out.
  returned: success
  type: bool
recorded:
  description: Whether the saved plan was carried out and recorded already.
  returned: success
  type: bool
ignored:
  description: Why statements and signatures that were found count for nothing.
  returned: success
  type: list
  elements: str
images:
  description: What to give to M(slipway.platform.image_promote), with the digests that were judged.
  returned: success
  type: list
  elements: dict
references:
  description: The image of each service at its destination, by digest.
  returned: success
  type: dict
  sample: {hello: "registry.example.com/prod/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213"}
releases:
  description: The same with the version, as the role C(release) takes images.
  returned: success
  type: dict
  sample:
    hello:
      reference: registry.example.com/prod/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213
      tag: v1.4.0
"""
