# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tagging API (GetResources): moto leaves out repositories of ECR, and does not know our clusters of EKS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ecr.models import ecr_backends
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

from simulator.backend import Backend
from simulator.eks.state import EksState


class Tagging(Backend, ResourceGroupsTaggingAPIResponse):
    def get_resources(self) -> ActionResult:
        """They stand on the last page."""
        answer: ActionResult = super().get_resources()
        page: Any = answer.result
        if not page["PaginationToken"]:
            known = {each["ResourceARN"] for each in page["ResourceTagMappingList"]}
            page["ResourceTagMappingList"] += [
                {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
                for kind, arn, tags in self._others()
                if arn not in known and self._asked(kind, arn, tags)
            ]
        return answer

    def _others(self) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        registry = ecr_backends[self.current_account][self.region]
        for repository in registry.repositories.values():
            yield "ecr:repository", repository.arn, {each["Key"]: each["Value"] for each in registry.list_tags_for_resource(repository.arn)["tags"]}
        for cluster in self.state(EksState).clusters.values():
            yield "eks:cluster", str(cluster.shown["arn"]), cluster.shown.get("tags") or {}

    def _asked(self, kind: str, arn: str, tags: Mapping[str, str]) -> bool:
        kinds, arns = self._get_param("ResourceTypeFilters", []), self._get_param("ResourceARNList", [])
        filters = self._get_param("TagFilters", [])
        fits = all(each["Key"] in tags and (not each.get("Values") or tags[each["Key"]] in each["Values"]) for each in filters)
        return bool(tags) and fits and (not kinds or kind in kinds or kind.partition(":")[0] in kinds) and (not arns or arn in arns)
