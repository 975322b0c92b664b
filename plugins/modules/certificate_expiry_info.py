# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_expiry_info
short_description: Look at certificates of every kind and say what is to be done
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Looks in one task at TLS endpoints, files, Kubernetes, clusters, AWS and what this collection made itself, thousands of them, and judges each one
    V(ok), V(warning), V(unknown), V(critical) or V(expired), with the reasons. C(docs/certificates.md) describes how.
  - It never fails on bad news. The playbook decides, by RV(verdict). It fails only for a request that can't be meant.
  - What could not be reached or read is V(unknown), which is never V(ok), and the rest is reported all the same.
  - The certificates of an endpoint are read also where the handshake or the verification fails, and then verified offline.
  - Everything runs on the controller; O(files) are files there.
options:
  endpoints:
    description:
      - TLS servers, each as V(host), V(host:port), V([2001:db8::1]:443), or as a mapping. Every address that the host resolves to is a row of its own.
      - "Keys of the mapping: C(host); C(port) (443); C(server_name), asked for by SNI and checked (the host); C(addresses), to connect to instead of what
        the host resolves to; C(starttls), V(smtp), V(imap), V(pop3), V(ftp), V(ldap), V(postgres), V(mysql), V(xmpp), V(xmpp-server) or V(none) (by the
        port, where it is one that these are known for); C(proxy), the C(host:port) of an HTTP proxy, or V(none) (C(https_proxy) and C(no_proxy) of the
        environment, for what speaks TLS from the beginning and has no C(addresses)); C(client_certificate) and C(client_key), PEM files; C(verify) (as
        O(verify)); C(thresholds) (as O(thresholds))."
    type: list
    elements: raw
    default: []
  files:
    description:
      - "Files, each as a path or a mapping. A path may be a glob (C(/etc/ssl/*.pem), C(**) for folders below). PEM, DER, PKCS#12, JKS, JCEKS and
        kubeconfigs are told apart by their content."
      - "Keys of the mapping: C(path); C(password_file), a file with the password of a key store; C(password_variable), an environment variable of the
        controller that has it; C(thresholds) (as O(thresholds))."
    type: list
    elements: raw
    default: []
  kubernetes:
    description: Certificates in the API of Kubernetes.
    type: list
    elements: dict
    default: []
    suboptions:
      kubeconfig:
        description: Path of the kubeconfig.
        type: path
        required: true
      context:
        description: Its context; the current one if empty.
        type: str
        default: ""
      namespaces:
        description: Namespaces to look at; all if empty. One that may not be read is V(unknown).
        type: list
        elements: str
        default: []
      keys:
        description: Shell patterns of the keys in Secrets and ConfigMaps that may hold certificates. Secrets of the type C(kubernetes.io/tls) are always read.
        type: list
        elements: str
        default: ["*.crt", "*.cer", "*.pem", "*ca-bundle*", "*.p12", "*.pfx", "*.jks"]
      label_selector:
        description: Only Secrets and ConfigMaps with these labels.
        type: str
        default: ""
      secrets:
        description: Whether to look at Secrets.
        type: bool
        default: true
      config_maps:
        description: Whether to look at ConfigMaps.
        type: bool
        default: true
      ca_bundles:
        description: Whether to look at the C(caBundle) of webhooks, API services and conversions.
        type: bool
        default: true
      signing_requests:
        description: Whether to look at certificates that were issued by certificate signing requests.
        type: bool
        default: true
      page_size:
        description: How many objects to ask for at a time.
        type: int
        default: 250
      thresholds:
        description: Thresholds for these, as O(thresholds).
        type: dict
        suboptions: &thresholds
          warning:
            description: When it is time to renew.
            type: dict
            suboptions: &threshold
              fraction:
                description: Part of the lifetime that is left, from 0 to 1.
                type: float
              days:
                description: Days that are left.
                type: float
          critical:
            description: When it is late.
            type: dict
            suboptions: *threshold
  cluster:
    description:
      - "The certificates that a cluster itself runs on: of the kubeconfig, its API servers, its kubelets and etcd (read by TLS at the addresses of the
        nodes), and the authorities that it trusts. Of nodes whose files can be read, also all that kubeadm and the kubelet keep there."
    type: list
    elements: dict
    default: []
    suboptions:
      kubeconfig:
        description: Path of the kubeconfig.
        type: path
        required: true
      context:
        description: Its context; the current one if empty.
        type: str
        default: ""
      nodes:
        description: Whether its nodes are asked for what they show. V(false) where they can't be reached from the controller, as in private subnets.
        type: bool
        default: true
      node_roots:
        description:
          - Where the file systems of nodes are on this machine, V(/) if it is a node itself, C(/proc/<pid>/root) of a container that is one.
          - V(/) is passed over where this machine is no node of the cluster.
        type: list
        elements: path
        default: [/]
      kind:
        description: The name of the embedded cluster (M(slipway.platform.kind_cluster)) that it is. Its nodes are then asked for all that lies on them.
        type: str
        default: ""
      thresholds:
        description: Thresholds for these, as O(thresholds).
        type: dict
        suboptions: *thresholds
  aws:
    description: Certificates in AWS. Needs the Python package C(boto3) on the controller.
    type: list
    elements: dict
    default: []
    suboptions:
      region:
        description: The region.
        type: str
        required: true
      profile:
        description: The profile of the AWS configuration; the default credentials if empty.
        type: str
        default: ""
      endpoint_url:
        description: Another address of the API, for example that of a simulator.
        type: str
        default: ""
      services:
        description: What to look at.
        type: list
        elements: str
        choices: [acm, iam, rds]
        default: [acm, iam, rds]
      thresholds:
        description: Thresholds for these, as O(thresholds).
        type: dict
        suboptions: *thresholds
  own:
    description: What this collection made for an environment.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: The environment's folder, C(.slipway/<environment>).
        type: path
        required: true
      thresholds:
        description: Thresholds for these, as O(thresholds).
        type: dict
        suboptions: *thresholds
  thresholds:
    description:
      - When a certificate is V(warning) and V(critical). Of the part of its lifetime and the days, the smaller counts, so that a certificate for six days
        and one for ten years are both judged rightly.
      - "What is not given is C({warning: {fraction: 0.333, days: 30}, critical: {fraction: 0.167, days: 14}}), a third and a sixth to be exact."
    type: dict
    suboptions: *thresholds
  verify:
    description: Whether the names and the trust of endpoints are checked. Without, only dates are.
    type: bool
    default: true
  ca_file:
    description: Roots that clients trust, in PEM, beside those of O(system_roots).
    type: path
  system_roots:
    description: Whether clients trust the roots of the controller.
    type: bool
    default: true
  renewal_information:
    description: Whether to ask the issuer by ACME Renewal Information (RFC 9773) when to renew. Its window takes the place of the warning threshold.
    type: bool
    default: false
  acme_directory:
    description: The ACME directory that O(renewal_information) asks.
    type: str
  revocation:
    description:
      - Whether to ask by OCSP and CRL if a certificate was revoked. An issuer that offers neither is no problem; one that does not answer is a V(warning).
    type: bool
    default: false
  clock_skew:
    description: By how many seconds a certificate may begin in the future, because clocks differ.
    type: int
    default: 300
  now:
    description: The time to judge by, C(2026-12-01T10:00:00Z), to see what a day will bring. Now, if not given.
    type: str
  concurrency:
    description: How many endpoints are probed at the same time. Those that keep one waiting are waited for beside these.
    type: int
    default: 64
  connect_timeout:
    description: Seconds for a connection to be there.
    type: float
    default: 5.0
  timeout:
    description: Seconds for everything that is done to one address.
    type: float
    default: 15.0
  textfile:
    description: File for metrics, for the textfile collector of node_exporter. Its name ends in C(.prom).
    type: path
  junit:
    description: File for a JUnit report, in which V(critical), V(expired) and V(unknown) are failures.
    type: path
  calendar:
    description: File for a calendar of expiries (ICS).
    type: path
  report:
    description: File for the result as JSON.
    type: path
  show:
    description: Whether to print a table on the terminal, most urgent first.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Looks at everything, as always, and writes no file.
  diff_mode:
    support: none
    description: Reports are for programs; what changed in them is not shown.
"""

EXAMPLES = r"""
- name: Look at all certificates, and print what is urgent
  slipway.platform.certificate_expiry_info:
    endpoints:
      - example.com
      - mail.example.com:25
      - {host: 192.0.2.10, port: 8443, server_name: shop.example.com}
      - {host: db.example.com, port: 5432, thresholds: {warning: {days: 60, fraction: 1}}}
    files:
      - /etc/ssl/private/*.pem
      - {path: /srv/app/keystore.p12, password_file: /run/secrets/keystore}
    kubernetes:
      - {kubeconfig: "{{ lookup('ansible.builtin.env', 'KUBECONFIG') }}"}
    aws:
      - {region: eu-central-1}
    ca_file: /etc/ssl/company-root.pem
    textfile: /var/lib/node_exporter/certificates.prom
    show: true
  register: looked

- name: Stop where something is late, or not known
  ansible.builtin.assert:
    that: looked.verdict in ['ok', 'warning']
    fail_msg: "{{ looked.certificates | rejectattr('verdict', 'in', ['ok', 'warning']) | map(attribute='reasons') | flatten | join('\n') }}"

- name: See what the first of March will bring
  slipway.platform.certificate_expiry_info:
    endpoints: [example.com]
    now: "2027-03-01T00:00:00Z"
    show: true
"""

RETURN = r"""
verdict:
  description: The most urgent verdict of all, in the order V(expired), V(critical), V(unknown), V(warning), V(ok). V(unknown) if nothing was looked at.
  returned: success
  type: str
  sample: warning
certificates:
  description: What was found, most urgent first.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: V(endpoint), V(file), V(kubernetes), V(cluster), V(aws) or V(own).
      type: str
    name:
      description: What people call it.
      type: str
    labels:
      description: Where it is (address, server_name, path, namespace, object, key, region, arn and the like).
      type: dict
    verdict:
      description: V(expired), V(critical), V(unknown), V(warning) or V(ok).
      type: str
    codes:
      description: What was noticed, for programs (C(expires_soon), C(wrong_name), C(timeout) and the like), most urgent first.
      type: list
    reasons:
      description: The same for people, in the same order.
      type: list
    not_after:
      description: When it stops working; null if nothing could be read.
      type: str
    path_not_after:
      description: When the best path to a trusted root ends; null if there is none that holds.
      type: str
    sent_not_after:
      description: The earliest end in all that was sent, or stands in the file.
      type: str
    remaining_seconds:
      description: How long it works; negative if it expired.
      type: int
    lifetime_seconds:
      description: The lifetime of the certificate that ends first; null if only its end is known.
      type: int
    renew_at:
      description: From when on it is not V(ok).
      type: str
    certificates:
      description: The certificates, leaf first, each with subject, issuer, serial, not_before, not_after, names, fingerprint, key and is_ca.
      type: list
    facts:
      description: What else its source knows (protocol, in_use, renewal_eligibility, ocsp and the like).
      type: dict
  sample:
    - source: endpoint
      name: example.com:443
      labels: {address: 192.0.2.1, server_name: example.com}
      verdict: warning
      codes: [renewal_due]
      reasons: ["«CN=example.com» expires in 21 d 3 h, at 2026-12-22T13:00:00Z; 30 d 0 h or less is the time to renew"]
      not_after: "2026-12-22T13:00:00Z"
summary:
  description: How many there are, by verdict, and by verdict of each source.
  returned: success
  type: dict
  sample:
    total: 1
    by_verdict: {expired: 0, critical: 0, unknown: 0, warning: 1, ok: 0}
    by_source: {endpoint: {expired: 0, critical: 0, unknown: 0, warning: 1, ok: 0}}
next_expiry:
  description: What ends next of all that has not ended; null if there is nothing.
  returned: success
  type: dict
  sample: {source: endpoint, name: example.com:443, not_after: "2026-12-22T13:00:00Z", remaining_seconds: 1825200}
at:
  description: The time that was judged by.
  returned: success
  type: str
  sample: "2026-12-01T10:00:00Z"
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 1.27
changed_files:
  description: The reports whose content is another than before (in check mode, would be). Only these make the task C(changed).
  returned: success
  type: list
  elements: str
  sample: [/var/lib/node_exporter/certificates.prom]
"""
