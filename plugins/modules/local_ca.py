# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: local_ca
short_description: Ensure a local certificate authority and the certificates it signs
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Keeps a small certificate authority (ECDSA P-256) as files in a folder, and any number of certificates signed by it.
  - A certificate is issued anew, with a new key, when a third of its lifetime or less is left, when its names, usages or lifetime
    differ from what is asked for, when its files do not fit together, or when others could read its key.
  - The authority may sign for private names only (name constraint), so that trusting it in a browser puts nothing else at risk.
    Names without a dot are added by themselves, every other name must be private or lie below an entry of O(permitted). What it may sign for only ever widens.
  - A renewed authority keeps its key and name, so older copies of C(ca.crt) still verify names that they permit.
options:
  path:
    description:
      - Folder for C(ca.crt), C(ca.key), C(<name>.crt) and C(<name>.key). It is made with mode 0700; keys have mode 0600.
      - Several tasks may use the same folder, also at the same time.
    type: path
    required: true
  certificates:
    description: The certificates to have. Files of certificates that are not listed are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Base of the file names and common name of the subject.
        type: str
        required: true
      dns:
        description: Host names; C(*.) may replace the first label.
        type: list
        elements: str
        default: []
      ip:
        description: IP addresses.
        type: list
        elements: str
        default: []
      days:
        description: Lifetime in days, a part of a day in rehearsals. A certificate never outlives the authority.
        type: float
        default: 90
      usages:
        description: What the certificate is for.
        type: list
        elements: str
        choices: [server, client]
        default: [server]
  common_name:
    description: Beginning of the authority's name, used when it is made. Eight hex digits of its key follow, so that two authorities can be told apart.
    type: str
    default: Slipway local CA
  days:
    description: Lifetime of the authority in days.
    type: int
    default: 3650
  permitted:
    description:
      - Domains, host names and networks that the authority may sign for, besides the private ones, which are C(localhost), C(test), C(internal),
        C(svc), C(cluster.local), loopback and the private networks of RFC 1918 and RFC 4193.
    type: list
    elements: str
    default: []
  renew:
    description: V(due) renews what has a third of its lifetime left; V(all) renews every certificate that is listed. The authority itself is renewed when due.
    type: str
    choices: [due, all]
    default: due
  rotation:
    description:
      - A step towards another authority, with an overlap in which both are trusted, so that no client refuses a server.
      - V(begin) makes the new one and puts it beside the old one into RV(ca_file). When everybody has read that again, V(switch) lets the new one sign, and
        every certificate that is listed is made anew. When every server has taken its own, V(end) takes the old one out of RV(ca_file).
      - A step that was taken is not taken again, so the three can be repeated in their order after a run that was killed.
    type: str
    choices: ["", begin, switch, end]
    default: ""
attributes:
  check_mode:
    support: full
    description: Says what would be issued and why, and writes nothing.
  diff_mode:
    support: full
    description: Shows names, dates and serial numbers, never keys.
"""

EXAMPLES = r"""
- name: Have certificates for the registry and the gateway
  slipway.platform.local_ca:
    path: "{{ slipway_state_dir }}/tls"
    certificates:
      - name: registry
        dns: [localhost, slipway-local-registry]
        ip: [127.0.0.1]
      - name: gateway
        dns: [hello.localhost, "*.localhost"]
"""

RETURN = r"""
ca_file:
  description: Path of the authority's certificate, which clients need.
  type: str
  returned: success
authority:
  description: The authority; the same keys as an entry of RV(certificates).
  type: dict
  returned: success
certificates:
  description: The certificates in the order in which they were asked for.
  type: list
  elements: dict
  returned: success
  contains:
    name: {description: Its name., type: str}
    certificate_file: {description: Path of the certificate., type: str}
    key_file: {description: Path of its key (0600)., type: str}
    action: {description: "unchanged, issued or renewed.", type: str}
    reason: {description: "Why it was issued or renewed, in words; empty if unchanged.", type: str}
    not_before: {description: "Start, ISO 8601 in UTC.", type: str}
    not_after: {description: "End, ISO 8601 in UTC.", type: str}
    serial: {description: "Serial number, hex; empty for one that check mode did not make.", type: str}
    sha256: {description: "Fingerprint, hex; changes whenever the certificate does.", type: str}
    dns: {description: Host names., type: list, elements: str}
    ip: {description: Addresses., type: list, elements: str}
    usages: {description: "server, client.", type: list, elements: str}
    permitted: {description: What an authority may sign for; empty for other certificates., type: list, elements: str}
"""
