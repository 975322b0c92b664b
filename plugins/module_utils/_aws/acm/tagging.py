# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of a certificate that is there."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags
from ansible_collections.slipway.platform.plugins.module_utils._aws.steps import Step


def steps(title: str, arn: str, now: Mapping[str, str], after: Mapping[str, str]) -> list[Step]:
    """What makes of one set the other. ``title``: the certificate, as a person calls it."""
    more, fewer = tags.changes(now, after)
    found = []
    if more:
        found.append(Step(f"tag certificate {title}", "acm", "add_tags_to_certificate", {"CertificateArn": arn, "Tags": tags.pairs(more)}))
    if fewer:
        keys = [{"Key": key} for key in fewer]
        found.append(Step(f"untag certificate {title}", "acm", "remove_tags_from_certificate", {"CertificateArn": arn, "Tags": keys}))
    return found
