# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_promote
short_description: Promote container images by digest, with their signatures and referrers
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Makes tags of a destination repository point at the digest that a source has, in the same or another registry. It speaks the OCI distribution API
    itself and needs no daemon and no other program.
  - Whole images of several platforms are carried, byte for byte. Within a registry blobs are mounted, between registries they are streamed with constant
    memory, and taken up again where a connection broke.
  - OCI referrers (of the image, of its children and of referrers) and cosign's tags (C(.sig), C(.att), C(.sbom)) arrive before the tag, which is set last,
    read again, and never moved unless that is allowed. Nothing is deleted.
  - Images are promoted at the same time, over one pool of connections. What goes wrong with one stops no other; the task fails at the end.
  - It runs on the controller.
extends_documentation_fragment: [slipway.platform.registry_access]
options:
  images:
    description: What to promote. An empty list is an error, so that a filter that matched nothing is noticed.
    type: list
    elements: dict
    required: true
    suboptions:
      source:
        description: C(registry/repository:tag) or C(registry/repository@digest). With both, the digest counts.
        type: str
        required: true
      destination:
        description: C(registry/repository), or with a tag, which is added to O(images[].tags).
        type: str
        required: true
      tags:
        description: The tags to set.
        type: list
        elements: str
        default: []
  referrers:
    description:
      - V(carry) brings everything that refers to the image; if that fails, the tag is not set. An image that is at its tag already is not looked at again.
      - V(require) also fails (reason C(policy_refused)) if nothing refers to the image, and brings what was attached since to an image that is there already.
      - V(ignore) brings the image alone.
    type: str
    choices: [carry, require, ignore]
    default: carry
  immutable:
    description: Whether a tag that points elsewhere is an error. The same digest is always fine.
    type: bool
    default: true
  moving_tags:
    description: Tags that may move although O(immutable) is set, such as C(latest) or C(1.2).
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Reads everything and writes nothing; RV(images[].operations) says what would be done.
  diff_mode:
    support: full
    description: Shows the digest of each tag before and after.
"""

EXAMPLES = r"""
- name: Release what was tested, under its version and the tags that follow it
  slipway.platform.image_promote:
    images:
      - source: registry.example.org/dev/hello:v1.4.0-rc.2
        destination: registry.example.org/prod/hello
        tags: [v1.4.0, "1.4"]
    moving_tags: ["1.4"]

- name: Carry a list to another registry; each must have a signature, an SBOM or an attestation
  slipway.platform.image_promote:
    images:
      - source: registry.example.org/prod/hello@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
        destination: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/hello:v1.4.0
    referrers: require
"""

RETURN = r"""
images:
  description: One entry for each image, in the order in which they were given; also returned when the task fails.
  type: list
  elements: dict
  returned: when the arguments are right
  contains:
    source: {description: The source as it was given., type: str}
    destination: {description: The destination's repository., type: str}
    digest: {description: "The source's digest; empty if it could not be read.", type: str}
    state: {description: "changed, unchanged or failed.", type: str}
    reason:
      description:
        - Why it failed, for programs. One of unauthorized, forbidden, not_found, tag_conflict, digest_mismatch, rate_limited, unreachable,
          unsupported_manifest, policy_refused, invalid, refused.
      type: str
    msg: {description: "Why it failed, in words.", type: str}
    before: {description: "Digest by tag before; empty where the tag was absent.", type: dict}
    after: {description: Digest by tag after., type: dict}
    manifests: {description: Manifests that were stored., type: int}
    blobs_mounted: {description: Blobs that the registry took over from the source's repository., type: int}
    blobs_copied: {description: Blobs that were streamed., type: int}
    bytes: {description: Bytes that were streamed., type: int}
    requests: {description: Requests for this image., type: int}
    referrers: {description: "Digests of referrers, and cosign's tags, that were carried.", type: list, elements: str}
    operations: {description: "In check mode, what would be done, in this order.", type: list, elements: str}
requests:
  description: Requests in all, those for tokens included.
  type: int
  returned: when the arguments are right
seconds:
  description: How long it took.
  type: float
  returned: when the arguments are right
"""
