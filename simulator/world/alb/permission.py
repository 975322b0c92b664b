# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the role of an Auto Mode cluster may set tags of yours: AWS's policies for it let it set EKS's own alone.

EKS User Guide, "Custom AWS tags for EKS Auto resources", and the managed policy AmazonEKSLoadBalancingPolicy.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.world.eso.access import AccessError, policies_of
from simulator.world.eso.policy import Ask, UndecidedError, verdict

_NAME = "eks:eks-cluster-name"


def refusal(role: str, cluster: str, tags: Mapping[str, str], *, exists: bool) -> str:
    """What AWS says of a load balancer with these tags, all of them; "" if it may be. ``exists``: they are set on one that is there."""
    action = "AddTags" if exists else "CreateLoadBalancer"
    context = {"aws:tagkeys": "\n".join(sorted(tags)), f"aws:principaltag/{_NAME}": cluster}
    context |= {f"aws:{'resource' if exists else 'request'}tag/{_NAME}": cluster}
    try:
        said = verdict(policies_of(role), Ask(f"elasticloadbalancing:{action}", "*", context=context))
    except (AccessError, UndecidedError) as error:
        said = str(error)
    if said == "Allow":
        return ""
    who = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")
    why = "no identity-based policy allows it" if said in ("", "Deny") else said
    return f"AccessDenied: User: {who}/eks is not authorized to perform: elasticloadbalancing:{action} with the tags {', '.join(sorted(tags))}: {why}"
