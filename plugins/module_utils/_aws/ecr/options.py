# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of ``ecr_repository``, and what they ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws import documents
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, wrong_at

REPOSITORY: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "immutable": {"type": "bool", "default": True},
    "mutable_tags": {"type": "list", "elements": "str", "default": []},
    "scan_on_push": {"type": "bool", "default": True},
    "encryption": {"type": "str", "choices": ["AES256", "KMS", "KMS_DSSE"]},
    "kms_key": {"type": "str", "no_log": False},
    "lifecycle": {"type": "raw"},
    "policy": {"type": "raw"},
    "tags": {"type": "dict", "default": {}},
}
RULE: dict[str, Any] = {
    "prefix": {"type": "str", "required": True},
    "upstream": {"type": "str", "required": True},
    "credential_arn": {"type": "str", "default": ""},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "repositories": {"type": "list", "elements": "dict", "default": [], "options": REPOSITORY},
    "pull_through": {"type": "list", "elements": "dict", "default": [], "options": RULE},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "force": {"type": "bool", "default": False},
    "keep_images": {"type": "bool", "default": False},
}
# CreateRepository: repositoryName, and the filter of imageTagMutabilityExclusionFilters (five at most, two wildcards in each).
_NAME = re.compile(r"(?:[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_FILTER = re.compile(r"[0-9A-Za-z._*-]{1,128}")
_FILTERS, _WILDCARDS = 5, 2


@dataclass(frozen=True)
class Repository:
    """``lifecycle`` and ``policy``: None leaves them alone, {} wants none. ``kms_key`` and ``encryption``: "" leaves them alone."""

    name: str
    mutability: str = "IMMUTABLE"
    mutable_tags: tuple[str, ...] = ()
    scan_on_push: bool = True
    encryption: str = ""
    kms_key: str = ""
    lifecycle: Mapping[str, Any] | None = None
    policy: Mapping[str, Any] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A pull-through cache rule. ``upstream``: a host name; ``credential_arn``: of a secret, "" for none."""

    prefix: str
    upstream: str
    credential_arn: str = ""


@dataclass(frozen=True)
class Request:
    repositories: tuple[Repository, ...] = ()
    rules: tuple[Rule, ...] = ()
    present: bool = True
    force: bool = False
    purge_tags: bool = False
    keep_images: bool = False


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which repository, which option, and what to write instead."""
    if params["force"] and params["keep_images"]:
        raise InvalidInput("force, keep_images: one deletes images, and the other keeps them; write one of them")
    repositories = tuple(_repository(each, params["tags"]) for each in params["repositories"])
    rules = tuple(Rule(**each) for each in params["pull_through"])
    names = [*(each.name for each in repositories), *(f"{each.prefix} (pull_through)" for each in rules)]
    twice = repeated(names)
    if twice:
        raise InvalidInput(f"repositories: {', '.join(twice)} is there twice; write each once")
    wrong = [each.credential_arn for each in rules if each.credential_arn and ":secret:ecr-pullthroughcache/" not in each.credential_arn]
    if wrong and LATER not in wrong:
        raise InvalidInput(f"pull_through: credential_arn {', '.join(wrong)}: ECR takes a secret whose name begins with ecr-pullthroughcache/")
    return Request(repositories, rules, params["state"] == "present", params["force"], params["purge_tags"], params["keep_images"])


def _repository(item: Mapping[str, Any], tags: Mapping[str, Any]) -> Repository:
    name, moving = item["name"], tuple(dict.fromkeys(item["mutable_tags"]))
    with wrong_at(f"repository {name}"):
        if not _NAME.fullmatch(name) or not 2 <= len(name) <= 256:
            raise InvalidInput("name: write 2 to 256 lower-case letters, digits and single separators . _ - /, such as shop/web")
        if moving and not item["immutable"]:
            raise InvalidInput("mutable_tags: all tags can be moved where immutable is false; leave it out")
        wrong = [each for each in moving if not _FILTER.fullmatch(each) or each.count("*") > _WILDCARDS]
        if wrong or len(moving) > _FILTERS:
            raise InvalidInput(
                f"mutable_tags: {', '.join(wrong) or len(moving)}: ECR takes {_FILTERS} filters, of letters, digits, . _ - and {_WILDCARDS} * each"
            )
        if item.get("kms_key") and item.get("encryption") == "AES256":
            raise InvalidInput("kms_key: AES256 has no key of yours; write encryption: KMS, or leave the key out")
        kept = "IMMUTABLE_WITH_EXCLUSION" if moving else "IMMUTABLE"
        return Repository(
            name=name,
            mutability=kept if item["immutable"] else "MUTABLE",
            mutable_tags=tuple(sorted(moving)),
            scan_on_push=item["scan_on_push"],
            encryption=item.get("encryption") or ("KMS" if item.get("kms_key") else ""),
            kms_key=item.get("kms_key") or "",
            lifecycle=documents.document(item.get("lifecycle"), "lifecycle"),
            policy=documents.document(item.get("policy"), "policy"),
            tags=texts({**tags, **item["tags"]}),
        )
