# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_build
short_description: Build images of services from source and push them
version_added: 0.1.0
author:
  - Slipway maintainers (@slipway)
description:
  - Has an image of each service in a registry, built with C(buildah) from the files that git knows in the folder of the service,
    without those that its C(.containerignore) leaves out.
  - An image that was built from the same source and the same bases is used as it is, whoever built it.
  - The same source on the same bases gives the same digest on every machine and every day. File times are those of the last commit.
  - The tag is C(sha-<last commit that touched the folder>), or C(dirty-<digest of the content>) if the folder differs from that commit. A tag never moves.
  - A list of what is in the image (SPDX) is attached to it as a referrer.
  - The machine's certificates are mounted while building. Its pip settings are the secret C(pip), for
    C(RUN --mount=type=secret,id=pip,target=/etc/pip.conf). Neither stays in the image.
  - This is an action plugin. It works on the controller and shows the current step.
attributes:
  check_mode:
    support: full
    description: Says which images would be built.
  diff_mode:
    support: full
    description: Shows the tags and digests of images that were built.
options:
  services:
    description: The services. Two are built at a time.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the service.
        type: str
        required: true
      source:
        description: The folder with its source, which is the build context. It must be in git.
        type: path
        required: true
      containerfile:
        description: The file that says how to build, relative to the source.
        type: str
        default: Containerfile
      target:
        description: The build stage that is the image. By default the last one.
        type: str
      repository:
        description: The repository to push to. By default the name of the service.
        type: str
      arguments:
        description: Further build arguments. Not for secrets, since they are in the image's history.
        type: dict
        default: {}
      licenses:
        description: The licences of what is in the image, as an SPDX expression.
        type: str
  bases:
    description: Base images by the name of the build argument that carries them, each as C(registry/repository@digest).
    type: dict
    default: {}
  registry:
    description: Where to push, and where bases are pulled from.
    type: dict
    required: true
    suboptions:
      host:
        description: The host and port.
        type: str
        required: true
      ca_file:
        description: The certificates to trust (PEM), instead of the machine's.
        type: path
      auth_file:
        description: A file with credentials in the format of Docker's C(config.json).
        type: path
      aws_profile:
        description: The profile of AWS's configuration that asks Amazon ECR for credentials, where no file has them. Empty for whom boto3 finds.
        type: str
        default: ""
"""

EXAMPLES = r"""
- name: Build the sample
  slipway.platform.image_build:
    services:
      - name: hello
        source: examples/hello
    bases:
      BUILD_BASE: localhost:5001/slipway/base-python-build@sha256:a01cf31f6e6ac39de3b07773cbade013fe3fc1d4ed4dad56bd88579bbd877fb9
      RUNTIME_BASE: localhost:5001/slipway/base-python@sha256:cb02f30735fa535501a7f4ae8b8725da1557d57bb36bdc63fcc380269af78258
    registry:
      host: localhost:5001
      ca_file: /var/lib/example/tls/ca.crt
      auth_file: /var/lib/example/registry/auth.json
"""

RETURN = r"""
images:
  description: The images by the name of the service.
  returned: success
  type: dict
  contains:
    reference:
      description: The image by digest. The digest is all zeros in check mode if the image is yet to be built.
      type: str
      sample: localhost:5001/hello@sha256:48558c1aba6b17b825cd7dfeb771daaa7dce703c9ea101399ea5c08dcdd002b8
    tag:
      description: Its tag, for people.
      type: str
      sample: sha-4b825dc642cb
    digest:
      description: Its digest.
      type: str
    revision:
      description: The last commit that touched the source, with C(-dirty) after it if the source differs from that.
      type: str
    dirty:
      description: Whether the source differs from its last commit.
      type: bool
    sbom:
      description: The digest of the attached list of contents.
      type: str
built:
  description: The services whose image this run built, or would build in check mode.
  returned: success
  type: list
  elements: str
"""
