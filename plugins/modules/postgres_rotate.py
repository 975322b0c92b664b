# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_rotate
short_description: Rotate the database passwords of services without a failed request
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Every binding has two logins. The one that is not in use gets a new password, the binding names it, and the copies of the binding
    are renewed. When every pod that mounts a copy has connections as the new login and none as the old one, the old one can no longer log in.
  - Pods read the mounted files again by themselves, or are restarted one after the other if they do not within O(reread) seconds.
  - The state of a rotation is derived from the store, the server and the namespaces. A rotation that was interrupted anywhere is
    finished by the next call, which then does not begin another one.
  - Bindings are found in the store, so nothing but the names of services need be given.
options:
  services:
    description: Services whose passwords are rotated; all if empty.
    type: list
    elements: str
    default: []
  reread:
    description: Seconds in which pods may move by themselves. It should be longer than the longest life of a pooled connection.
    type: float
    default: 90.0
  restart:
    description: Seconds for a rolling restart of those that did not.
    type: float
    default: 180.0
extends_documentation_fragment: [slipway.platform.postgres_server, slipway.platform.postgres_server.login]
attributes:
  check_mode:
    description: Returns the first step of each rotation and changes nothing.
    support: full
  diff_mode:
    description: Shows the steps.
    support: full
"""

EXAMPLES = r"""
- name: Rotate the passwords of hello
  slipway.platform.postgres_rotate:
    kubeconfig: .slipway/local/kubeconfig
    services: [hello]
"""

RETURN = r"""
rotated:
  description:
    - One for each binding, with C(service), C(resource), C(secret), C(login) (now in use), C(version) of the binding, C(steps) that were
      taken (switch, enable, deliver, restart, retire) and C(seconds).
  returned: success
  type: list
  elements: dict
"""
