# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: score_render
short_description: Render the score.yaml of services into Kubernetes manifests
version_added: 0.1.0
author:
  - Slipway maintainers (@slipway)
description:
  - Turns each service's C(score.yaml), its image, its bindings and the environment's settings into manifests. It writes
    nothing and asks no cluster; the same input gives the same manifests in the same order.
  - For each service a ServiceAccount without token, NetworkPolicies, ConfigMaps named by their contents, a Service, the
    migration Job, a Deployment, an autoscaler, a disruption budget and HTTPRoutes, as far as C(score.yaml) asks for them.
  - Pods fit the Pod Security Standard C(restricted), spread over zones, and roll when configuration or a secret changes.
  - A secret's value is never part of a manifest. Secrets are referred to by name and mounted by the Service Binding specification 1.0
    at C(/bindings/<resource>).
options:
  environment:
    description: Name of the environment, for the label of the namespace.
    type: str
    required: true
  images:
    description:
      - Image of each service that is built from source, by service name.
      - Either a reference by digest, or a dictionary with V(reference) and V(tag) as RV(ignore:image_result.images) of the image role has them.
    type: dict
    required: true
  bindings:
    description:
      - The results of the roles that make databases and caches, as they are (C(postgres_result), C(redis_result)).
      - Of each, V(host), V(port), V(namespace), V(pod_labels), V(cidrs) and V(bindings) are read. V(bindings) is a list of dictionaries with
        V(service), V(resource), V(secret) and V(version). Other keys are ignored.
      - V(cidrs) takes the place of V(namespace) and V(pod_labels) where what is bound is outside the cluster.
    type: list
    elements: dict
    default: []
  secrets:
    description:
      - What the secrets role delivered (C(secrets_result.delivered)), a list of dictionaries with V(service), V(resource), V(secret) and V(version).
      - Its versions win over those of O(bindings), and it is where resources of type C(secret) come from.
    type: list
    elements: dict
    default: []
  gateway:
    description:
      - The result of the ingress role, as it is (C(ingress_result)). Required if a service has a route.
      - Read are V(gateway) with V(name), V(namespace) and V(section) (V(https) if not given), V(https_port), and V(namespace) and V(pod_labels)
        of the pods that carry the traffic, or V(cidrs), the networks from which it comes where no pods do.
    type: dict
  settings:
    description: What holds for all services of the environment.
    type: dict
    suboptions:
      domain:
        description: Services without a host name of their own get their name below this domain.
        type: str
        default: localhost
      part_of:
        description: Label C(app.kubernetes.io/part-of). The default is the namespace.
        type: str
      replicas:
        description: Pods of a service about which neither inventory nor C(score.yaml) say how many.
        type: int
        default: 2
      requests:
        description: Default of a container's requests.
        type: dict
        default: {cpu: "50m", memory: "64Mi"}
      limits:
        description: Default of a container's limits; raised to a request that is written in C(score.yaml) and larger.
        type: dict
        default: {cpu: "1", memory: "256Mi"}
      pull_secret:
        description: Name of the Secret that pulls images. Empty if the nodes need none.
        type: str
        default: registry-pull
      user:
        description: User and group id of all containers, unless C(score.yaml) names another.
        type: int
        default: 65532
      storage_class:
        description: StorageClass of persistent volumes. The default is the cluster's.
        type: str
      zone_spread:
        description:
          - Whether pods must be spread over zones to be scheduled, or should be.
          - On a cluster whose nodes have no label C(topology.kubernetes.io/zone), pods that must be spread are not scheduled at all.
        type: str
        choices: [required, preferred]
        default: required
      leave_seconds:
        description: How long a pod that ends still answers, so that everybody has heard that it leaves, before it gets SIGTERM.
        type: int
        default: 5
      route_seconds:
        description: Time limit of a request, unless the route says another.
        type: int
        default: 30
      dns:
        description: >-
          Addresses where names are resolved though no pod of C(kube-dns) is behind them, as on nodes of EKS Auto Mode. NetworkPolicies let services
          reach port 53 of them, beside these pods.
        type: list
        elements: str
        default: []
      quota:
        description: C(spec.hard) of the namespace's ResourceQuota; none without it.
        type: dict
        default: {}
  namespace_objects:
    description: Whether to add the Namespace (Pod Security C(restricted)), its LimitRange, ResourceQuota and the NetworkPolicy that denies everything.
    type: bool
    default: true
extends_documentation_fragment:
  - slipway.platform.score
"""

EXAMPLES = r"""
- name: Render the services of this environment
  slipway.platform.score_render:
    services: "{{ slipway_services }}"
    project_dir: "{{ slipway_project_dir }}"
    environment: "{{ slipway_environment }}"
    namespace: "{{ slipway_namespace }}"
    images: "{{ image_result.images }}"
    bindings: "{{ [postgres_result, redis_result] }}"
    secrets: "{{ secrets_result.delivered }}"
    gateway: "{{ ingress_result }}"
    settings:
      replicas: 2
  register: rendered

- name: Apply them as one release
  slipway.platform.release:
    kubeconfig: "{{ kind_result.kubeconfig }}"
    name: "{{ slipway_namespace }}"
    namespace: "{{ slipway_namespace }}"
    definitions: "{{ rendered.definitions }}"
"""

RETURN = r"""
definitions:
  description: The manifests, the namespace's own first, then service by service in the order of their names.
  returned: success
  type: list
  elements: dict
services:
  description: What identifies the release of each service, and where it answers.
  returned: success
  type: dict
  sample:
    hello:
      image: localhost:5001/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213
      config_hash: 5c1a64d3f0e2b798
      secret_versions: {hello-cache: 8f2e, hello-db: 41aa}
      replicas: 2
      url: https://hello.localhost:8443/
      urls: ["https://hello.localhost:8443/"]
"""
