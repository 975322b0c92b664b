# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenID Connect provider of a cluster: people come in with tokens of the company's login (API: AssociateIdentityProviderConfig)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._aws import tags as tagging
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks import inside
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.tagging import given, retag
from ansible_collections.slipway.platform.plugins.module_utils._aws.eks.waiting import run_update, settled
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import Converged
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

Settings = dict[str, Any]
NAME = "sso"
"""Of a new one, if nobody gives it another."""
_MEMBERS = {
    "name": "identityProviderConfigName",
    "issuer_url": "issuerUrl",
    "client_id": "clientId",
    "username_claim": "usernameClaim",
    "username_prefix": "usernamePrefix",
    "groups_claim": "groupsClaim",
    "groups_prefix": "groupsPrefix",
    "required_claims": "requiredClaims",
}


@dataclass(frozen=True)
class Result(Converged):
    """``name``: of the provider, "" if there is none; ``arn``: of its association, "" in check mode of one that is to be made."""

    name: str = ""
    arn: str = ""


@dataclass(frozen=True)
class _Found:
    settings: Settings
    tags: Mapping[str, str]
    arn: str


def task(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """``params``: as options.IDENTITY_PROVIDER has them. Raises ``Conflict`` for another provider than the one that is there."""
    absent = params["state"] == "absent"
    wanted = _wanted(params)
    found = _find(aws, params, check_mode)
    if absent:
        return _remove(aws, params, found, wanted, check_mode)
    if not found:
        return _make(aws, params, {"name": NAME} | wanted, check_mode)
    before = {key: found.settings[key] for key in wanted}
    differing = sorted(key for key in wanted if wanted[key] != before[key])
    if differing:
        return _replace(aws, params, found, wanted, differing, check_mode)
    name, tags = found.settings["name"], tagging.wanted(found.tags, texts(params["tags"]), params["purge_tags"])
    actions = (f"tags of {name}",) if tags != found.tags else ()
    if not check_mode:
        retag(aws, found.arn, found.tags, tags)
    return Result({name: {**before, "tags": dict(found.tags)}}, {name: {**before, "tags": tags}}, actions, name, found.arn)


def _wanted(params: Mapping[str, Any]) -> Settings:
    settings = {key: params[key] for key in _MEMBERS if params[key] is not None}
    if "required_claims" in settings:
        settings["required_claims"] = texts(settings["required_claims"])
    url = urlsplit(settings.get("issuer_url", "https://x"))
    if url.scheme != "https" or not url.hostname or url.query or url.fragment:
        raise InvalidInput(
            f"issuer_url: {settings['issuer_url']!r} can be no issuer; write what your provider's tokens say in iss, such as "
            f"https://login.example.com/realms/team: it begins with https:// and has no ?query"
        )
    for key in ("username_prefix", "groups_prefix"):
        if settings.get(key, "").startswith("system:"):
            raise InvalidInput(f"{key}: names that begin with system: are Kubernetes' own; write another prefix, such as 'sso:'")
    return settings


def _find(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> _Found | None:
    """The one that the cluster has, once it is at rest. Check mode waits for nothing; what is going is gone."""
    cluster = params["cluster"]
    missing_is_fine = check_mode or params["state"] == "absent"
    names = [each["name"] for each in inside.listed(aws, cluster, "list_identity_provider_configs", "identityProviderConfigs", missing_is_fine=missing_is_fine)]
    shown = inside.at_rest(aws, params, names, names, "identity provider", lambda name: _describe(aws, cluster, name), check_mode)
    return next((_seen(each) for each in shown.values() if each), None)


def _describe(aws: Aws, cluster: str, name: str) -> Mapping[str, Any] | None:
    answer = aws.find("eks", "describe_identity_provider_config", clusterName=cluster, identityProviderConfig={"type": "oidc", "name": name})
    return answer["identityProviderConfig"]["oidc"] if answer else None


def _seen(shown: Mapping[str, Any]) -> _Found:
    settings = {key: shown.get(member) or ({} if key == "required_claims" else "") for key, member in _MEMBERS.items()}
    return _Found(settings, shown.get("tags") or {}, str(shown.get("identityProviderConfigArn", "")))


def _make(aws: Aws, params: Mapping[str, Any], wanted: Settings, check_mode: bool) -> Result:
    missing = [key for key in ("issuer_url", "client_id") if not wanted.get(key)]
    if missing:
        raise InvalidInput(f"{' and '.join(missing)}: the cluster {params['cluster']} has no identity provider; give what it is made with")
    name, tags = str(wanted["name"]), texts(params["tags"])
    arn = "" if check_mode else _associate(aws, params, wanted, tags)
    return Result({}, {name: {**wanted, "tags": tags}}, (f"associate {name}",), name, arn)


def _associate(aws: Aws, params: Mapping[str, Any], wanted: Settings, tags: Mapping[str, str]) -> str:
    cluster, name = params["cluster"], str(wanted["name"])
    request = {"clusterName": cluster, "oidc": {_MEMBERS[key]: value for key, value in wanted.items() if value}, **given(tags)}
    run_update(aws, f"identity provider {name}, association", "associate_identity_provider_config", request, params["timeout"], name=cluster)
    found = settled(aws, f"identity provider {name}", lambda: _describe(aws, cluster, name), params["timeout"], ("CREATING",))
    return _seen(found).arn if found else ""


def _replace(aws: Aws, params: Mapping[str, Any], found: _Found, wanted: Settings, differing: list[str], check_mode: bool) -> Result:
    """Only what is asked for by ``replace``: for the half hour between the two nobody comes in this way."""
    key, name = differing[0], found.settings["name"]
    if not params["replace"]:
        raise Conflict(
            f"{key} of the identity provider {name} of {params['cluster']} is {found.settings[key]!r}, and {wanted[key]!r} is wanted; EKS has one provider "
            f"for a cluster and changes nothing of it: write what is there, or set replace, and nobody comes in by it until it is made anew",
            differing=differing,
        )
    after = {key: value for key, value in found.settings.items() if value} | wanted
    tags = tagging.wanted(found.tags, texts(params["tags"]), params["purge_tags"])
    arn = ""
    if not check_mode:
        _disassociate(aws, params, name)
        arn = _associate(aws, params, after, tags)
    new = str(after["name"])
    before = {name: {**{key: found.settings[key] for key in after}, "tags": dict(found.tags)}}
    return Result(before, {new: {**after, "tags": tags}}, (f"disassociate {name}", f"associate {new}"), new, arn)


def _remove(aws: Aws, params: Mapping[str, Any], found: _Found | None, wanted: Settings, check_mode: bool) -> Result:
    """One of another name than the one that is given stays."""
    if not found or wanted.get("name", found.settings["name"]) != found.settings["name"]:
        return Result()
    name = found.settings["name"]
    if not check_mode:
        _disassociate(aws, params, name)
    return Result({name: {**found.settings, "tags": dict(found.tags)}}, {}, (f"disassociate {name}",))


def _disassociate(aws: Aws, params: Mapping[str, Any], name: str) -> None:
    cluster = params["cluster"]
    request = {"clusterName": cluster, "identityProviderConfig": {"type": "oidc", "name": name}}
    run_update(aws, f"identity provider {name}, end of it", "disassociate_identity_provider_config", request, params["timeout"], name=cluster)
    settled(aws, f"identity provider {name}", lambda: _describe(aws, cluster, name), params["timeout"], ("ACTIVE", "DELETING"))
