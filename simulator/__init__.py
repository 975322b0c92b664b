# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS in a process of ours: moto where it has a call, backends of our own where it has none, and every message checked by botocore's models. See README.md."""

import os

# AWS's own policies exist; its images don't: making them takes a second.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
