# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Release a set of Kubernetes objects as one revision, and go back if it fails
version_added: 0.1.0
description:
  - Applies the whole set as M(slipway.platform.k8s_apply) does, with the same waves, pruning and waiting, and keeps it as a revision.
  - If it fails or does not become ready, the release that served before is put back by the same code, and the error says whether that worked.
  - A release identical to the current one makes no new revision; what someone changed by hand is repaired.
  - O(revision) goes back to an earlier release, which becomes a new revision. Going back runs no Jobs, since a migration is backward compatible,
    and the older one does not know the newer schema.
  - The last 10 revisions are kept as Secrets of type C(slipway.platform/release.v1) in O(namespace). They hold manifests, which refer to Secrets by name;
    a Secret with data is refused in O(definitions). Secrets from O(secret_files) are delivered beside the revisions and are never part of them.
author: Slipway maintainers (@slipway)
options:
  revision:
    description:
      - Go back to this revision, a number or V(previous), instead of releasing O(definitions).
      - V(previous) goes one good release further back each time. It is no goal that a second run could find reached; a number is.
    type: str
extends_documentation_fragment:
  - slipway.platform.k8s_set
attributes:
  check_mode:
    description: The API server is asked by dry run. Objects in namespaces and of kinds that do not exist yet would be created.
    support: full
  diff_mode:
    description: Before and after of each object that changes, as YAML. Values of Secrets never appear.
    support: full
"""

EXAMPLES = r"""
- name: Release the services
  slipway.platform.release:
    kubeconfig: "{{ kind_result.kubeconfig }}"
    name: hello
    namespace: hello
    definitions: "{{ rendered.definitions }}"
    secret_files:
      - name: registry-pull
        type: kubernetes.io/dockerconfigjson
        key: .dockerconfigjson
        path: "{{ registry_result.pull_secret_file }}"

- name: Go back to the release before
  slipway.platform.release:
    kubeconfig: "{{ kind_result.kubeconfig }}"
    name: hello
    namespace: hello
    revision: previous
"""

RETURN = r"""
revision:
  description: The revision that serves now; on failure the one that failed; in check mode the one that would serve.
  returned: always
  type: int
restores:
  description: The revision whose manifests this one put back; 0 if they are new.
  returned: success
  type: int
restored_revision:
  description: The revision that was put back after a failure; 0 if there was none, or if that failed too.
  returned: failure
  type: int
objects:
  description: Every object of the set, and those that left it.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: Its kind.
      type: str
      returned: always
    namespace:
      description: Its namespace; empty for cluster-scoped kinds.
      type: str
      returned: always
    name:
      description: Its name.
      type: str
      returned: always
    action:
      description: V(created), V(updated), V(unchanged), V(deleted), or V(kept) if it left the set and holds data.
      type: str
      returned: always
workloads:
  description: What runs pods, as it was seen last; C(ready) and C(replicas) are counts of pods.
  returned: success
  type: list
  elements: dict
  sample: [{kind: Deployment, namespace: hello, name: hello, ready: 2, replicas: 2}]
requests:
  description: How many requests were sent to the API server.
  returned: success
  type: int
seconds:
  description: How long it took.
  returned: success
  type: float
cause:
  description: Why an object is not ready, in one word, such as V(ImageNotFound) or V(CrashLoop).
  returned: when an object did not become ready
  type: str
object:
  description: The object that failed.
  returned: failure
  type: str
event:
  description: The event behind it.
  returned: when an object did not become ready
  type: str
log:
  description: The last log lines of the container.
  returned: when an object did not become ready
  type: list
  elements: str
next_step:
  description: What to do.
  returned: when an object did not become ready
  type: str
"""
