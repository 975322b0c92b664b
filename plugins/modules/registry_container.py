# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_container
short_description: Run an image registry on this machine
version_added: 0.1.0
author:
  - Slipway maintainers (@slipway)
description:
  - Runs CNCF distribution in two containers over one folder. The first may write and is published on 127.0.0.1 for whoever builds images.
    The second may only read, has credentials of its own, and is what the nodes of a cluster reach by the name of its container.
  - Both speak TLS and ask for credentials, which are made once, kept in files with mode 0600 and never printed.
  - Data and credentials stay when the containers are removed.
attributes:
  check_mode:
    support: full
    description: Says what would be done.
  diff_mode:
    support: full
    description: Shows what was done, in words, without contents of files.
options:
  state:
    description: V(absent) removes the containers, and the network if nobody else is in it.
    type: str
    choices: [present, absent]
    default: present
  name:
    description: The name of the read-only container. The other has C(-push) after it.
    type: str
    required: true
  network:
    description: The podman network, which is created if it is not there.
    type: str
    required: true
  image:
    description:
      - The OCI image layout with CNCF distribution, as M(slipway.platform.debian_image) builds it.
      - Empty in check mode if it is yet to be built.
    type: path
  path:
    description: The folder for configuration and credentials.
    type: path
    required: true
  data_dir:
    description: The folder for images.
    type: path
    required: true
  port:
    description: The port on 127.0.0.1 to push to. Images are named by it.
    type: int
    required: true
  pull_port:
    description: The port on 127.0.0.1 of the read-only container.
    type: int
    required: true
  tls:
    description: The certificate, for localhost and O(name), its key and the authority that signed it.
    type: dict
    suboptions:
      cert_file:
        description: The certificate (PEM).
        type: path
        required: true
      key_file:
        description: The key (PEM).
        type: path
        required: true
      ca_file:
        description: The certificate of the authority (PEM).
        type: path
        required: true
"""

EXAMPLES = r"""
- name: Run a registry on localhost:5001
  slipway.platform.registry_container:
    name: slipway-local-registry
    network: slipway-local
    image: "{{ images.images.registry.layout }}"
    path: /var/lib/example/registry
    data_dir: /var/lib/example/registry/data
    port: 5001
    pull_port: 5002
    tls:
      cert_file: /var/lib/example/tls/registry.crt
      key_file: /var/lib/example/tls/registry.key
      ca_file: /var/lib/example/tls/ca.crt
"""

RETURN = r"""
host:
  description: The registry as it stands in references of images.
  returned: success
  type: str
  sample: localhost:5001
ca_file:
  description: The certificate of the authority that signed the registry's.
  returned: success
  type: str
auth_file:
  description: The credential that may push, in the format of Docker's C(config.json) (0600).
  returned: success
  type: str
pull_secret_file:
  description: The credential that may only pull, in the same format (0600).
  returned: success
  type: str
node_host:
  description: How nodes on O(network) reach the registry, for containerd's C(hosts.toml).
  returned: success
  type: dict
  contains:
    endpoint:
      description: The URL.
      type: str
      sample: https://slipway-local-registry:5002
    ca_file:
      description: The certificate of the authority.
      type: str
data_dir:
  description: Where the images are.
  returned: success
  type: str
actions:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
"""
