# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ca_bundle
short_description: Keep the authorities that somebody publishes
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Fetches a bundle of certificates of authorities, such as those that sign the certificates of RDS, and keeps it. One that is there is not fetched again;
    whoever wants a newer one deletes the file.
  - What is fetched, or lies there, is certificates of authorities and nothing else, or the task fails.
options:
  url:
    description: Where it is published, by HTTPS.
    type: str
    required: true
  path:
    description: The file, on the controller.
    type: path
    required: true
attributes:
  check_mode:
    description: Fetches nothing.
    support: full
  diff_mode:
    description: Shows the SHA-256 of the file.
    support: full
"""

EXAMPLES = r"""
- name: Have the authorities of RDS
  slipway.platform.ca_bundle:
    url: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
    path: .slipway/prod/rds/ca.crt
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
certificates:
  description: How many there are; 0 in check mode for a file that is not there yet.
  returned: success
  type: int
before:
  description: SHA-256 of the file as it was; empty where there was none.
  returned: success
  type: str
after:
  description: The same, as it is now; empty in check mode for what is not fetched yet.
  returned: success
  type: str
"""
