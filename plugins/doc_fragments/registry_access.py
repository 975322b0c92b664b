# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """How registries are reached; the specification is in module_utils/_oci/access.py."""

    DOCUMENTATION = r"""
options:
  ca_file:
    description: Certificates (PEM) to trust instead of the machine's, for all registries of the task. Empty for those of the machine.
    type: path
  auth_file:
    description:
      - File of credentials as docker (C(config.json)) or podman (C(auth.json)) keep them, for all registries of the task, with keys for registries or
        repositories (the longest wins), C(credHelpers) and C(credsStore) (programs C(docker-credential-<name>) on the controller).
      - Without it, or if it is empty, E(REGISTRY_AUTH_FILE) and the usual places of podman and docker are looked at.
      - For Amazon ECR without an entry in a file, boto3 is asked, if it is installed.
    type: path
  aws_profile:
    description: The profile of AWS's configuration that asks Amazon ECR for credentials. Empty for whom boto3 finds.
    type: str
    default: ""
  credentials:
    description: Credentials that win over those of files.
    type: list
    elements: dict
    default: []
    suboptions:
      registry:
        description: C(host), C(host:port), or C(host/repository) for that repository and those below it.
        type: str
        required: true
      username:
        description: The user; C(<token>) if the password is an identity token.
        type: str
        required: true
      password:
        description: The password or token. It is not shown and not logged.
        type: str
        required: true
  plain_http:
    description: Registries (C(host:port)) that are asked without TLS. For tests on this machine only; credentials travel in clear.
    type: list
    elements: str
    default: []
  concurrency:
    description: Requests to one registry at the same time, and images at the same time.
    type: int
    default: 32
  request_timeout:
    description: Seconds for one request. Blobs get ten minutes or more, by their size.
    type: int
    default: 30
  deadline:
    description: Seconds for the whole task. A registry that asks to wait is waited for until then.
    type: int
    default: 1800
"""
