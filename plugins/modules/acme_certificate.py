# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acme_certificate
short_description: Ensure certificates of a CA that speaks ACME
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Has an account with the CA (RFC 8555), and orders certificates with it, such as those of Let's Encrypt or of a private CA (step-ca, pebble, ...).
  - A certificate is ordered, with a new key (ECDSA P-256), when there is none, when its names or the CA differ from what is asked for, when its files do
    not fit together, or when it is due. That is when its issuer says so, by renewal information (RFC 9773); where it does not,
    it is when a third of the lifetime is left.
  - If nothing is to be ordered, and the issuer was asked for its window lately, the CA is not asked at all.
  - What is there stays until the CA has given another for the right key and names. An order that was interrupted is gone on with by the next run.
  - A CA that is busy (429, 503) is asked again when it says, if O(timeout) allows; else the message says when.
  - Runs on the controller, and the files are there.
options:
  path:
    description:
      - Folder for C(<name>.crt) (0644, the chain as the CA gives it) and C(<name>.key) (0600), as M(slipway.platform.local_ca) has
        them. One folder can be of both.
      - Accounts, and orders under way, are kept in its subfolder C(acme), for each directory apart.
    type: path
    required: true
  certificates:
    description: The certificates to have; none only ensures the account. Files of certificates that are not listed are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Base of the file names.
        type: str
        required: true
      dns:
        description: Host names; C(*.) may replace the first label, and is proven by C(dns-01).
        type: list
        elements: str
        default: []
      ip:
        description: IP addresses, where the CA certifies these (RFC 8738).
        type: list
        elements: str
        default: []
  directory:
    description:
      - The CA - V(letsencrypt), V(letsencrypt-staging), or the URL of an ACME directory.
      - Try with the staging one first, whose limits are wide and whose certificates no client trusts.
    type: str
    required: true
  terms_agreed:
    description: Whether you agree to the terms of service that the CA names. An account is not made without, if the CA has any.
    type: bool
    default: false
  contact:
    description: Addresses of mail, or other URLs, at which the CA may reach you.
    type: list
    elements: str
    default: []
  account_key_file:
    description: A key (PEM, ECDSA P-256, mode 0600) of an account that you have. Without it one is made and kept.
    type: path
  external_account:
    description: What a CA gave that makes accounts only for those it knows (external account binding). It is used once, when the account is made.
    type: dict
    suboptions:
      kid:
        description: The name of the key.
        type: str
        required: true
      hmac_key_file:
        description: File with the key, base64url as the CA gave it.
        type: path
        required: true
  challenge:
    description:
      - How the CA sees that the names are yours.
      - With V(http-01) and neither O(challenge.listen) nor O(challenge.webroot), something else answers for each name, over HTTP on port 80, the path
        C(/.well-known/acme-challenge/<token>) with C(<token>.<thumbprint>); the thumbprint is RV(account.thumbprint).
    type: dict
    suboptions:
      type:
        description: V(http-01) by an answer over HTTP, V(dns-01) by a TXT record.
        type: str
        choices: [http-01, dns-01]
        default: http-01
      listen:
        description: Address and port of the controller on which it answers itself, while the CA looks, such as V(:80).
        type: str
        default: ""
      webroot:
        description: Folder of the controller that a web server serves for the names. Files are put below C(.well-known/acme-challenge), and removed again.
        type: path
      hook:
        description:
          - Program, with arguments, that writes the record. Called with C(present) or C(withdraw), the name of the record, and its values.
          - After C(present) it ends when the name servers have the record with all the values; C(withdraw) removes these.
        type: list
        elements: str
        default: []
      route53:
        description: Write the record in Route 53. The zone is found by itself, and records of others stay.
        type: dict
        suboptions:
          region:
            description: The region that the API is asked in; Route 53 is the same in all of a partition.
            type: str
            required: true
          profile:
            description: A profile of the configuration of AWS. Credentials are never options - boto3 finds them.
            type: str
            default: ""
          endpoint_url:
            description: Where every service is asked, instead of AWS.
            type: str
            default: ""
          endpoint_urls:
            description: Where a service is asked, by its name in boto3.
            type: dict
            default: {}
          attempts:
            description: How often a call is tried that AWS throttles or does not answer.
            type: int
            default: 8
      settle:
        description: Seconds to wait after a record was written, for name servers that are late.
        type: float
        default: 0
  ca_file:
    description: Authorities (PEM) that the directory's own TLS is trusted by, instead of the machine's.
    type: path
  profile:
    description: A profile of the CA, such as V(shortlived) of Let's Encrypt; empty is the CA's own choice.
    type: str
    default: ""
  renew:
    description: V(due) orders what is due; V(all) orders every certificate that is listed. Public CAs limit how many one gets.
    type: str
    choices: [due, all]
    default: due
  timeout:
    description: Seconds for each certificate.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: Says what would be ordered and why. Reads renewal information, writes and orders nothing.
  diff_mode:
    support: full
    description: Shows names, dates and serial numbers, never keys.
"""

EXAMPLES = r"""
- name: Have a certificate of Let's Encrypt, answered by the web server of this machine
  slipway.platform.acme_certificate:
    path: /etc/slipway/tls
    directory: letsencrypt
    terms_agreed: true
    contact: [ops@example.com]
    certificates:
      - {name: www, dns: [example.com, www.example.com]}
    challenge: {webroot: /var/www/html}

- name: Have a wildcard by records in Route 53
  slipway.platform.acme_certificate:
    path: /etc/slipway/tls
    directory: letsencrypt
    terms_agreed: true
    certificates:
      - {name: apps, dns: [apps.example.com, "*.apps.example.com"]}
    challenge: {type: dns-01, route53: {region: eu-central-1}}
"""

RETURN = r"""
account:
  description: The account that orders.
  type: dict
  returned: success
  contains:
    directory: {description: URL of the CA's directory., type: str}
    uri: {description: What the CA calls the account; empty where check mode made none., type: str}
    thumbprint: {description: "What is behind the token in the answer to http-01; no secret.", type: str}
    key_file: {description: File of its key., type: str}
certificates:
  description: The certificates in the order in which they were asked for.
  type: list
  elements: dict
  returned: success
  contains:
    name: {description: Its name., type: str}
    certificate_file: {description: Path of the certificate and its chain., type: str}
    key_file: {description: Path of its key (0600)., type: str}
    action: {description: "unchanged, issued or renewed.", type: str}
    reason: {description: "Why it was ordered, in words; empty if unchanged.", type: str}
    not_before: {description: "Start, ISO 8601 in UTC; empty for one that check mode did not order.", type: str}
    not_after: {description: "End, ISO 8601 in UTC; empty for one that check mode did not order.", type: str}
    serial: {description: "Serial number, hex; empty for one that check mode did not order.", type: str}
    sha256: {description: "Fingerprint, hex; empty for one that check mode did not order.", type: str}
    dns: {description: Host names., type: list, elements: str}
    ip: {description: Addresses., type: list, elements: str}
"""
