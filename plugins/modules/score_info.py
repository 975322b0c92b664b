# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: score_info
short_description: Check the score.yaml of services and say what they need
version_added: 0.1.0
author:
  - Slipway maintainers (@slipway)
description:
  - Reads the C(score.yaml) of every service (Score specification C(score.dev/v1b1)), checks it against a JSON schema and
    for meaning, and returns what the services are and need. It writes nothing and asks no cluster.
  - All problems of all files are reported at once, each with file, line, column, key and what to write instead.
  - Also fails for two services with one name or one address, and for a call to a service that is not in the list.
options:
  domain:
    description: Services without a host name of their own get their name below this domain.
    type: str
    default: localhost
extends_documentation_fragment:
  - slipway.platform.score
"""

EXAMPLES = r"""
- name: Check the services of this environment
  slipway.platform.score_info:
    services: "{{ slipway_services }}"
    project_dir: "{{ slipway_project_dir }}"
    namespace: "{{ slipway_namespace }}"
  register: score

- name: Give every service the databases it asks for
  ansible.builtin.include_role:
    name: slipway.platform.postgres
  vars:
    postgres_databases: "{{ score.resources.postgres }}"
"""

RETURN = r"""
services:
  description: >-
    What each service is, by name. A service whose images are all given by digest has a build of V(null). C(requests) are of a pod, in cores and bytes.
  returned: success
  type: dict
  sample:
    hello:
      name: hello
      file: /srv/hello/score.yaml
      source: /srv/hello
      build: {containerfile: Containerfile, target: null, tests: null, args: {}}
      containers: [web]
      ports: {http: {port: 80, target_port: 8080, protocol: TCP}}
      resources: {db: {type: postgres, class: null, id: null, params: {}}}
      routes: [{resource: public, host: hello.localhost, path: /, port: 80}]
      hosts: [hello.localhost]
      dependencies: [herald]
      replicas: 2
      requests: {cpu: 0.05, memory: 67108864}
      migrates: true
      objectives: {availability: 99.9}
builds:
  description: The services whose image is built from source, each item as the image role takes it.
  returned: success
  type: list
  elements: dict
  sample: [{name: hello, source: /srv/hello, containerfile: Containerfile, arguments: {}}]
resources:
  description: What must be made for the services, by type (postgres, redis, secret); each list fits the input of the role of that type.
  returned: success
  type: dict
  sample:
    postgres: [{service: hello, resource: db, namespace: hello}]
    redis: [{service: hello, resource: cache, namespace: hello}]
    secret: [{name: hello-session, deliver: {service: hello, resource: session, namespace: hello}}]
hosts:
  description: All host names that routes answer for, sorted.
  returned: success
  type: list
  elements: str
  sample: [hello.localhost]
problems:
  description: What is wrong, in reading order.
  returned: failure because of a C(score.yaml)
  type: list
  elements: dict
  sample:
    - {file: /srv/hello/score.yaml, line: 12, column: 5, path: containers.web.variabels, message: unknown key, hint: "did you mean `variables`?"}
"""
