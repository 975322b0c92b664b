# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Look at container images in their registry
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Says of images which digest, platforms, size, labels, date, tags and referrers they have, from any registry with the OCI distribution API, without
    pulling a layer.
  - Bad news is in the result. Only an answer of 404 makes an image C(absent); a refusal or silence makes it C(unknown).
  - It runs on the controller.
extends_documentation_fragment: [slipway.platform.registry_access]
options:
  images:
    description: C(registry/repository:tag) or C(registry/repository@digest); with O(tags), also a repository alone.
    type: list
    elements: str
    required: true
  tags:
    description: Whether to list the tags of the repositories.
    type: bool
    default: false
  referrers:
    description: Whether to list what refers to the images.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: It only reads.
  diff_mode:
    support: none
    description: It only reads.
"""

EXAMPLES = r"""
- name: Look at a release
  slipway.platform.image_info:
    images: [registry.example.org/prod/hello:v1.4.0]
  register: hello

- name: Require that it is there
  ansible.builtin.assert:
    that: hello.images[0].state == 'found'
"""

RETURN = r"""
images:
  description: One entry for each image, in the order in which they were given.
  type: list
  elements: dict
  returned: success
  contains:
    reference: {description: The image as it was given., type: str}
    state: {description: "found, absent or unknown.", type: str}
    reason: {description: "Why it is not found, for programs; the codes of M(slipway.platform.image_promote).", type: str}
    msg: {description: "Why it is not found, in words.", type: str}
    digest: {description: Digest of the manifest or index., type: str}
    media_type: {description: Its media type., type: str}
    size: {description: "Bytes of all manifests and blobs, each once, as the registry keeps them.", type: int}
    annotations: {description: Annotations of the manifest or index., type: dict}
    platforms:
      description: The images in it.
      type: list
      elements: dict
      contains:
        platform: {description: "Such as linux/arm64; empty for what is no image.", type: str}
        digest: {description: Digest of its manifest., type: str}
        size: {description: Bytes of its configuration and layers., type: int}
        created: {description: "When it was built, as it says.", type: str}
        labels: {description: Its labels., type: dict}
    referrers: {description: "Descriptors of what refers to it: mediaType, digest, size, artifactType, annotations.", type: list, elements: dict}
    tags: {description: "Tags of the repository; null if O(tags) is not set.", type: list, elements: str}
requests:
  description: Requests in all.
  type: int
  returned: success
"""
