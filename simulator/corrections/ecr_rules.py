# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR: pull-through cache rules, which moto has none of (API reference, CreatePullThroughCacheRule and its kin). Nothing is pulled through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult

from simulator.corrections.ecr import Ecr

# Upstreams that AWS takes without a credential.
OPEN = ("public.ecr.aws", "registry.k8s.io", "quay.io")


@dataclass
class Rules:
    by_prefix: dict[str, dict[str, Any]] = field(default_factory=dict)


class EcrRules(Ecr):
    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        return self.state(Rules).by_prefix

    def describe_pull_through_cache_rules(self) -> ActionResult:
        asked = self._get_param("ecrRepositoryPrefixes") or list(self.rules)
        return ActionResult({"pullThroughCacheRules": [self._there(prefix) for prefix in asked]})

    def create_pull_through_cache_rule(self) -> ActionResult:
        prefix, upstream, credential = (self._get_param(key) for key in ("ecrRepositoryPrefix", "upstreamRegistryUrl", "credentialArn"))
        if prefix in self.rules:
            raise JsonRESTError("PullThroughCacheRuleAlreadyExistsException", f"A pull through cache rule for prefix {prefix} exists")
        if upstream not in OPEN and not credential:
            raise JsonRESTError("UnsupportedUpstreamRegistryException", f"The upstream registry {upstream} needs a credential")
        rule = {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": upstream, "registryId": self.current_account, "createdAt": self.clock.now()}
        self.rules[prefix] = rule | ({"credentialArn": credential} if credential else {})
        return ActionResult(self.rules[prefix])

    def update_pull_through_cache_rule(self) -> ActionResult:
        rule = self._there(self._get_param("ecrRepositoryPrefix"))
        rule |= {"credentialArn": self._get_param("credentialArn"), "updatedAt": self.clock.now()}
        return ActionResult({key: value for key, value in rule.items() if key not in ("createdAt", "upstreamRegistryUrl")})

    def delete_pull_through_cache_rule(self) -> ActionResult:
        rule = self._there(self._get_param("ecrRepositoryPrefix"))
        return ActionResult(self.rules.pop(rule["ecrRepositoryPrefix"]))

    def _there(self, prefix: str) -> dict[str, Any]:
        if prefix not in self.rules:
            raise JsonRESTError("PullThroughCacheRuleNotFoundException", f"There is no pull through cache rule for prefix {prefix}")
        return self.rules[prefix]
