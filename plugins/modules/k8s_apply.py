# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_apply
short_description: Apply a set of Kubernetes objects, wait for it, and prune what left it
version_added: 0.1.0
description:
  - Applies all objects of a set in one call by server-side apply (field manager C(slipway)), in waves. Namespaces, definitions and classes
    come first, then configuration, rights, policies and services, then Jobs (waited for until they complete), then everything that runs.
  - Deletes what was part of the set and no longer is, by ApplySet (KEP-3659) labels. Namespaces, claims, volumes and definitions are kept, since
    their deletion deletes data, and so is what carries the annotation C(slipway.platform/prune=never). Nothing is deleted before the rest of the set is ready.
  - Waits with a live line, and fails within 15 seconds of a definite cause, with the event, the last log lines and what to do next.
  - A second apply of the same set writes nothing and costs one list request for each kind.
  - A Job whose template changed, or that failed, is deleted and made anew. A new workload whose number of pods an autoscaler of the set decides
    begins with the least of them. A broken StatefulSet pod of the version before is deleted, since its controller would wait for it for ever.
author: Slipway maintainers (@slipway)
options:
  prune:
    description: Whether objects that left the set are deleted.
    type: bool
    default: true
  wait:
    description: Whether to wait until everything is ready.
    type: bool
    default: true
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
- name: Apply a set
  slipway.platform.k8s_apply:
    kubeconfig: "{{ kind_result.kubeconfig }}"
    name: ingress
    namespace: ingress
    definitions: "{{ lookup('ansible.builtin.template', 'gateway.yaml.j2') | ansible.builtin.from_yaml_all | list }}"
    secret_files:
      - name: gateway-certificate
        type: kubernetes.io/tls
        key: tls.crt
        path: "{{ slipway_state_dir }}/tls/gateway.crt"
      - name: gateway-certificate
        type: kubernetes.io/tls
        key: tls.key
        path: "{{ slipway_state_dir }}/tls/gateway.key"
"""

RETURN = r"""
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
