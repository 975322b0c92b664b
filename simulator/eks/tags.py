# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags of whatever has an ARN in EKS: TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.eks import cluster_rules as rules
from simulator.eks.errors import EksError
from simulator.eks.state import EksState, Json, Scene

_MOST = 50


def _tagged(state: EksState) -> Iterator[tuple[str, dict[str, str]]]:
    """ARN and tags of every resource; the tags are the resource's own."""
    for cluster in state.clusters.values():
        yield cluster.shown["arn"], cluster.shown["tags"]
        for kind, member in (
            (cluster.nodegroups, "nodegroupArn"),
            (cluster.addons, "addonArn"),
            (cluster.entries, "accessEntryArn"),
            (cluster.associations, "associationArn"),
            (cluster.providers, "identityProviderConfigArn"),
        ):
            for shown in kind.values():
                yield shown[member], shown["tags"]


def _of(scene: Scene, arn: str) -> dict[str, str]:
    if not arn.startswith(f"arn:{scene.partition}:eks:{scene.region}:{scene.account}:"):
        raise EksError("BadRequestException", f"The resource ARN is invalid: {arn}")
    for found, own in _tagged(scene.state):
        if found == arn:
            return own
    raise EksError("NotFoundException", f"No resource found for ARN: {arn}")


def tag_resource(scene: Scene, parameters: Json) -> Json:
    own, more = _of(scene, parameters["resourceArn"]), rules.tags(parameters["tags"], "BadRequestException")
    if len(own | more) > _MOST:
        raise EksError("BadRequestException", f"A resource can have {_MOST} tags at most")
    own.update(more)
    return {}


def untag_resource(scene: Scene, parameters: Json) -> Json:
    own = _of(scene, parameters["resourceArn"])
    for key in parameters["tagKeys"]:
        own.pop(key, None)
    return {}


def list_tags_for_resource(scene: Scene, parameters: Json) -> Json:
    return {"tags": _of(scene, parameters["resourceArn"])}


OPERATIONS = {"TagResource": tag_resource, "UntagResource": untag_resource, "ListTagsForResource": list_tags_for_resource}
