# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_repository
short_description: Ensure repositories in Amazon ECR
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps a set of repositories as wanted - tags that nobody can move (but for the few that are meant to move), scanning on push, encryption,
    lifecycle policy, the policy that lets other accounts pull, and tags.
  - All repositories are read with one list, and of each the policies that are wanted and its tags. Only what differs is written, several
    repositories at a time.
  - Policies are compared by what they mean, not by their text.
  - Encryption can't be changed by ECR; another one is refused before anything is touched.
options:
  repositories:
    description: The repositories. Others are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name, such as V(shop/web).
        type: str
        required: true
      immutable:
        description: Whether a tag stays at the image that it was pushed with.
        type: bool
        default: true
      mutable_tags:
        description: Tags that may be moved though O(repositories[].immutable=true), with V(*) for any characters, such as V(main) or V(cache-*). At most five.
        type: list
        elements: str
        default: []
      scan_on_push:
        description: Whether an image is scanned for known vulnerabilities when it is pushed.
        type: bool
        default: true
      encryption:
        description: How images are encrypted. Left out it is not looked at, and ECR uses AES256 for a new repository, or KMS with O(repositories[].kms_key).
        type: str
        choices: [AES256, KMS, KMS_DSSE]
      kms_key:
        description: ARN, id or alias of the key for V(KMS) and V(KMS_DSSE). Left out AWS's own key for ECR is used for a new repository.
        type: str
      lifecycle:
        description: Lifecycle policy, a dict or JSON text. Left out it is not looked at, and empty there is none.
        type: raw
      policy:
        description: Repository policy, a dict or JSON text, such as who may pull from other accounts. Left out it is not looked at, and empty there is none.
        type: raw
      tags:
        description: Tags of this repository, over those in O(tags).
        type: dict
        default: {}
  pull_through:
    description: Rules by which ECR has the images of another registry under a prefix, from when they are first pulled. Others are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      prefix:
        description: First part of the names, such as V(docker-hub).
        type: str
        required: true
      upstream:
        description: Host name of the other registry, such as V(registry-1.docker.io). ECR can't change it.
        type: str
        required: true
      credential_arn:
        description: ARN of a secret with the user and the token for it. Its name must begin with C(ecr-pullthroughcache/).
        type: str
        default: ""
  state:
    description: With V(absent) the repositories, and the rules of O(pull_through), are deleted.
    type: str
    choices: [present, absent]
    default: present
  force:
    description: Whether V(absent) deletes a repository with its images. Without it one that has images is refused.
    type: bool
    default: false
  keep_images:
    description: Whether V(absent) leaves a repository that has images as it is, instead of refusing it.
    type: bool
    default: false
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only. ARN and URI of a repository that would be made are V((known after apply\)).
    support: full
  diff_mode:
    description: Shows of each repository what is compared.
    support: full
"""

EXAMPLES = r"""
- name: Have the repositories of the shop
  slipway.platform.ecr_repository:
    region: eu-central-1
    repositories:
      - name: shop/web
        mutable_tags: [main, cache-*]
        kms_key: alias/shop-prod
        lifecycle:
          rules:
            - rulePriority: 1
              description: Images without a tag go after two weeks.
              selection: {tagStatus: untagged, countType: sinceImagePushed, countUnit: days, countNumber: 14}
              action: {type: expire}
        policy:
          Version: "2012-10-17"
          Statement:
            - Sid: StagePulls
              Effect: Allow
              Principal: {AWS: "111122223333"}
              Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      - name: shop/worker
    pull_through:
      - {prefix: ecr-public, upstream: public.ecr.aws}
    tags:
      slipway:environment: prod
"""

RETURN = r"""
repositories:
  description: Each repository with C(name), C(arn) and C(uri), in the order of O(repositories). Empty with O(state=absent).
  returned: success
  type: list
  elements: dict
before:
  description: By repository, and by rule, what was compared, as it was.
  returned: success
  type: dict
after:
  description: The same, as it is now, or would be in check mode.
  returned: success
  type: dict
actions:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
"""
