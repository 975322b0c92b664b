# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_certificate
short_description: Have a running PostgreSQL use a new certificate, without ending a connection
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Waits until the certificate that lies in the Secret has come into the server's pod, tells the server to read it, and sees that it did.
  - Connections that are open go on; new ones get the new certificate.
  - The Secret itself is renewed before, for example by M(slipway.platform.k8s_apply).
options:
  cert_file:
    description: The certificate (PEM) that is to be in use, as it lies in the Secret.
    type: path
    required: true
  timeout:
    description: Seconds until it must be in use.
    type: float
    default: 150.0
extends_documentation_fragment: [slipway.platform.postgres_server]
attributes:
  check_mode:
    description: Says whether the server would be told to read a new one.
    support: full
  diff_mode:
    description: Shows the beginnings of the SHA-256 of the files.
    support: full
"""

EXAMPLES = r"""
- name: Have the server serve what was just put into its Secret
  slipway.platform.postgres_certificate:
    kubeconfig: .slipway/local/kubeconfig
    cert_file: .slipway/local/tls/postgres.crt
"""

RETURN = r"""
before:
  description: SHA-256 of the file that the server used; empty if it had not read the one in its pod.
  returned: success
  type: str
after:
  description: SHA-256 of the file that it uses now.
  returned: success
  type: str
"""
