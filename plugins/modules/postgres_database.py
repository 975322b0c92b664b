# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_database
short_description: Ensure databases, their roles and their bindings
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - For every resource of a service, a PostgreSQL server has a database, an owner that cannot log in, and two logins,
    of which one is in use and the other takes over when the password is rotated.
  - The binding (host, port, database, username, password, uri, C(ca.crt); the well-known entries of Service Binding for Kubernetes 1.0)
    is a secret of the environment's store, by the name C(<service>-<resource>).
  - Looks with one catalog query, and applies what is missing in one transaction, by C(psql) in a pod. In the server's own it is the superuser,
    through the unix socket. A server elsewhere, as RDS, has an O(administrator), who needs C(CREATEROLE) and C(CREATEDB), and is verified and
    encrypted (C(verify-full)).
  - The server gets a SCRAM verifier that is computed here. Whether it is that of the store's password, a superuser reads; anybody else may not,
    so there the login is tried.
  - Databases that are not listed are left alone and returned as RV(orphans).
options:
  databases:
    description: Resources that need a database.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: Name of the service.
        type: str
        required: true
      resource:
        description: Name of the resource in the service's C(score.yaml).
        type: str
        required: true
      namespace:
        description: Namespace of the service; returned with the binding.
        type: str
        required: true
  host:
    description: Name of the server as services see it; its certificate must have this name.
    type: str
    required: true
  port:
    description: Port of the server.
    type: int
    default: 5432
  provider:
    description: Who runs the server, for the entry C(provider) of the binding.
    type: str
    default: local
  ca_file:
    description: File with the certificate authority (PEM) that services verify the server with.
    type: path
    required: true
  connection_limit:
    description: How many connections each login may have.
    type: int
    default: 40
  settings:
    description: Session defaults of the logins, for example C(statement_timeout). A migration may set its own.
    type: dict
    default: {}
  monitor:
    description: A role with C(pg_monitor) and no password for a metrics exporter on the unix socket. Empty for none.
    type: str
    default: ""
extends_documentation_fragment: [slipway.platform.postgres_server, slipway.platform.postgres_server.login]
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Shows in words what is done to the server.
    support: full
"""

EXAMPLES = r"""
- name: Give it one in RDS
  slipway.platform.postgres_database:
    kubeconfig: .slipway/prod/kubeconfig
    pod: postgres-client-0
    administrator:
      host: "{{ rds.endpoint }}"
      secret_arn: "{{ rds.secret_arn }}"
      ca_file: /etc/postgresql-ca/ca.crt
    host: "{{ rds.endpoint }}"
    provider: rds
    ca_file: .slipway/prod/rds/ca.crt
    databases:
      - {service: hello, resource: db, namespace: hello}

- name: Give the service hello its database
  slipway.platform.postgres_database:
    kubeconfig: .slipway/local/kubeconfig
    host: postgres.postgres.svc.cluster.local
    ca_file: .slipway/local/ca/ca.crt
    databases:
      - {service: hello, resource: db, namespace: hello}
    settings:
      statement_timeout: 30s
"""

RETURN = r"""
bindings:
  description:
    - One for each of O(databases), with C(service), C(resource), C(namespace), C(secret) (name in the store), C(database), C(type) and
      C(version), which changes when the content of the binding does.
  returned: success
  type: list
  elements: dict
statements:
  description: What was done to the server, in words.
  returned: success
  type: list
  elements: str
orphans:
  description: Databases of the server that belong to no listed resource.
  returned: success
  type: list
  elements: str
secrets:
  description: What was done to each secret of the store (created, updated or unchanged).
  returned: success
  type: dict
"""
