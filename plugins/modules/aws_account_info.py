# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: aws_account_info
short_description: The AWS account of the credentials, and who they are in IAM
version_added: 0.1.0
description:
  - Asks STS who asks. Where that is a session of a role, IAM is asked for the role, since the ARN of a session does not have its path.
author: Slipway maintainers (@slipway)
extends_documentation_fragment:
  - slipway.platform.aws
attributes:
  check_mode:
    description: Only reads.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Know who is at work
  slipway.platform.aws_account_info:
    region: eu-central-1
  register: caller
"""

RETURN = r"""
account_id:
  description: The account.
  returned: success
  type: str
  sample: "123456789012"
arn:
  description: What the credentials are of. May be a session.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/deploy/ada
principal_arn:
  description: The role or the user behind them, as policies and access entries name it.
  returned: success
  type: str
  sample: arn:aws:iam::123456789012:role/ci/deploy
partition:
  description: What ARNs begin with after C(arn:).
  returned: success
  type: str
  sample: aws
region:
  description: The region that was asked.
  returned: success
  type: str
"""
