# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: debian_image
short_description: Build container images from Debian packages, without a registry
version_added: 0.1.0
author:
  - Slipway maintainers (@slipway)
description:
  - Builds OCI images of one layer from Debian packages with C(mmdebstrap) and keeps them as OCI image layouts in the machine's cache.
  - The packages come from the sources that apt uses on this machine, through its proxies.
  - The same package versions and the same options give the same digest on every machine.
  - An image is built once. Newer packages come in by raising O(generation), a deliberate step that shows in the diff of its record.
attributes:
  check_mode:
    support: full
    description: Says which images would be built and pushed, and builds none.
  diff_mode:
    support: full
    description: Shows how the records change, with every package version, if O(record_dir) is given.
options:
  images:
    description: The images to have.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the image in results, records and the cache.
        type: str
        required: true
      repository:
        description: The repository it is pushed to, for example V(slipway/redis).
        type: str
        required: true
      suite:
        description: The Debian suite. Apt on this machine must have a source for it.
        type: str
        default: bookworm
      variant:
        description:
          - V(distroless) unpacks the packages and what they depend on, without a shell, a package manager and what only maintainer scripts need.
          - V(minbase) is a small Debian in which packages are configured, to build in.
        type: str
        choices: [distroless, minbase]
        default: distroless
      packages:
        description: The packages to install. Packages they depend on come with them.
        type: list
        elements: str
        required: true
      without:
        description: Packages to leave out although others depend on them, together with what only they need. For V(distroless) only.
        type: list
        elements: str
        default: []
      files:
        description: Files to add.
        type: list
        elements: dict
        default: []
        suboptions:
          dest:
            description: The absolute path in the image.
            type: str
            required: true
          content:
            description: The content. Not for secrets, since everyone who can pull the image can read it.
            type: str
          src:
            description: A file on this machine with the content, instead of O(images[].files[].content).
            type: path
          mode:
            description: The mode in octal.
            type: str
            default: "0644"
          owner:
            description: The owner and group as numbers.
            type: str
            default: "0:0"
      links:
        description: Symbolic links to add.
        type: list
        elements: dict
        default: []
        suboptions:
          dest:
            description: The absolute path of the link.
            type: str
            required: true
          src:
            description: What it points at.
            type: str
            required: true
      directories:
        description: Directories to add.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: The absolute path in the image.
            type: str
            required: true
          mode:
            description: The mode in octal.
            type: str
            default: "0755"
          uid:
            description: The owner.
            type: int
            default: 0
          gid:
            description: The group.
            type: int
            default: 0
      remove:
        description: Paths to leave out, with everything below them. C(*) stands for any characters within a part of a path, C(**) for any parts.
        type: list
        elements: str
        default: []
      run:
        description: Commands, as lists of arguments, started inside the image before it is packed. Their results must not depend on the day or the machine.
        type: list
        elements: list
        default: []
      users:
        description: Accounts to add to root, nobody and nonroot (65532). For V(distroless) only.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: The name.
            type: str
            required: true
          uid:
            description: The user id.
            type: int
            required: true
          gid:
            description: The group id, which is O(images[].users[].uid) if not given.
            type: int
          home:
            description: The home directory. It is not created.
            type: str
            default: /
      config:
        description: How containers of the image run (OCI image configuration).
        type: dict
        default: {}
        suboptions:
          user:
            description: The user, as C(uid) or C(uid:gid).
            type: str
          env:
            description: Environment variables.
            type: dict
          entrypoint:
            description: The program and its first arguments.
            type: list
            elements: str
          cmd:
            description: Further arguments, for the user to replace.
            type: list
            elements: str
          workdir:
            description: The working directory.
            type: str
          exposed_ports:
            description: Ports it listens on, for example V(6379/tcp).
            type: list
            elements: str
          stop_signal:
            description: The signal that asks it to end.
            type: str
          volumes:
            description: Directories that hold data.
            type: list
            elements: str
          labels:
            description: Labels.
            type: dict
      source_date_epoch:
        description: No file is younger than this (seconds since 1970). By default the build date of the newest package.
        type: int
  generation:
    description: Raise it to build the images anew from the packages of today.
    type: str
    default: "1"
  record_dir:
    description: A directory for one file per image with its digest and package versions. An image that is recorded and in the registry is not built again.
    type: path
  registry:
    description: Where to push the images, under the tag C(debian-<first 12 digits of the digest>).
    type: dict
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
- name: Build an image with Redis and nothing else
  slipway.platform.debian_image:
    images:
      - name: redis
        repository: slipway/redis
        packages: [redis-server]
        users:
          - name: redis
            uid: 999
        config:
          user: "999:999"
          entrypoint: [/usr/bin/redis-server]
          exposed_ports: [6379/tcp]
  register: images
"""

RETURN = r"""
images:
  description: What there is now, by the name of the image.
  returned: success
  type: dict
  contains:
    digest:
      description: The digest of the image. Empty in check mode if it is yet to be built.
      type: str
      sample: sha256:48558c1aba6b17b825cd7dfeb771daaa7dce703c9ea101399ea5c08dcdd002b8
    layout:
      description: The folder with the OCI image layout. Empty if the registry has the image and the cache does not.
      type: str
    packages:
      description: The packages as C(name=version).
      type: list
      elements: str
    reference:
      description: The image in the registry, by digest, if O(registry) is given.
      type: str
      sample: localhost:5001/slipway/redis@sha256:48558c1aba6b17b825cd7dfeb771daaa7dce703c9ea101399ea5c08dcdd002b8
    built:
      description: Whether this run built it.
      type: bool
    pushed:
      description: Whether this run pushed it.
      type: bool
    seconds:
      description: How long the build took.
      type: float
"""
