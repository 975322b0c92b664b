# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for EKS take; the documentation is in plugins/modules/eks_*.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS

LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
NODE_POOLS = ["general-purpose", "system"]
_STATE: dict[str, Any] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
_NAMES: dict[str, Any] = {"type": "list", "elements": "str"}
_CLUSTER_NAME: dict[str, Any] = {"type": "str", "required": True}
_CLUSTER_VERSION: dict[str, Any] = {"cluster_version": {"type": "str", "default": ""}}
_PURGE: dict[str, Any] = {"purge": {"type": "bool", "default": False}, "purge_only": {"type": "dict", "default": {}}}

CLUSTER: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "name": {"type": "str", "required": True},
    "state": _STATE,
    "role_arn": {"type": "str"},
    "version": {"type": "str"},
    "ignore_insights": {"type": "bool", "default": False},
    "upgrade_policy": {"type": "str", "choices": ["STANDARD", "EXTENDED"]},
    "access_mode": {"type": "str", "choices": ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]},
    "subnets": _NAMES,
    "security_groups": _NAMES,
    "endpoint": {
        "type": "dict",
        "options": {"public": {"type": "bool"}, "private": {"type": "bool"}, "public_cidrs": _NAMES},
    },
    "logs": {**_NAMES, "choices": LOG_TYPES},
    "kms_key": {"type": "str"},
    "auto_mode": {
        "type": "dict",
        "options": {
            "enabled": {"type": "bool", "required": True},
            "node_pools": {**_NAMES, "choices": NODE_POOLS},
            "node_role_arn": {"type": "str"},
            "gateway_api": {"type": "bool"},
        },
    },
    "default_addons": {"type": "bool"},
    "zonal_shift": {"type": "bool"},
    "deletion_protection": {"type": "bool"},
    "ip_family": {"type": "str", "choices": ["ipv4", "ipv6"]},
    "service_cidr": {"type": "str"},
    "unprotect": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 3600},
}

CLUSTER_INFO: dict[str, Any] = {**CONNECTION, "name": {"type": "str", "default": ""}}

ACCESS_ENTRY: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    **_PURGE,
    "cluster": _CLUSTER_NAME,
    "state": _STATE,
    "entries": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "principal_arn": {"type": "str", "required": True},
            "type": {
                "type": "str",
                "choices": ["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"],
                "default": "STANDARD",
            },
            "username": {"type": "str"},
            "groups": _NAMES,
            "policies": {
                "type": "list",
                "elements": "dict",
                "options": {"policy": {"type": "str", "required": True}, "namespaces": {**_NAMES, "default": []}},
            },
        },
    },
}

ADDON: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "cluster": _CLUSTER_NAME,
    **_CLUSTER_VERSION,
    "state": _STATE,
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 1200},
    "addons": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "version": {"type": "str"},
            "configuration": {"type": "dict"},
            "conflicts": {"type": "str", "choices": ["none", "overwrite", "preserve"], "default": "none"},
            "pod_identity": {
                "type": "list",
                "elements": "dict",
                "options": {"service_account": {"type": "str", "required": True}, "role_arn": {"type": "str", "required": True}},
            },
            "namespace": {"type": "str"},
            "preserve": {"type": "bool", "default": False},
        },
    },
}

POD_IDENTITY: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    **_PURGE,
    "cluster": _CLUSTER_NAME,
    "state": _STATE,
    "associations": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "namespace": {"type": "str", "required": True},
            "service_account": {"type": "str", "required": True},
            "role_arn": {"type": "str"},
            "target_role_arn": {"type": "str"},
            "session_tags": {"type": "bool"},
        },
    },
}

NODEGROUP: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "cluster": _CLUSTER_NAME,
    **_CLUSTER_VERSION,
    "state": _STATE,
    "timeout": {"type": "int", "default": 3600},
    "nodegroups": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "role_arn": {"type": "str"},
            "subnets": _NAMES,
            "instance_types": _NAMES,
            "ami_type": {"type": "str"},
            "capacity_type": {"type": "str", "choices": ["ON_DEMAND", "SPOT"]},
            "disk_size": {"type": "int"},
            "version": {"type": "str"},
            "release_version": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "scaling": {"type": "dict", "options": {"min": {"type": "int"}, "max": {"type": "int"}, "desired": {"type": "int"}}},
            "labels": {"type": "dict"},
            "taints": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "key": {"type": "str", "required": True},
                    "value": {"type": "str", "default": ""},
                    "effect": {"type": "str", "choices": ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], "required": True},
                },
            },
            "max_unavailable": {"type": "str"},
            "repair": {"type": "bool"},
        },
    },
}

IDENTITY_PROVIDER: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    "cluster": _CLUSTER_NAME,
    "state": _STATE,
    "name": {"type": "str"},
    "issuer_url": {"type": "str"},
    "client_id": {"type": "str"},
    "username_claim": {"type": "str"},
    "username_prefix": {"type": "str"},
    "groups_claim": {"type": "str"},
    "groups_prefix": {"type": "str"},
    "required_claims": {"type": "dict"},
    "replace": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 3600},
}

KUBECONFIG: dict[str, Any] = {
    **CONNECTION,
    "cluster": _CLUSTER_NAME,
    "path": {"type": "path", "required": True},
    "role_arn": {"type": "str", "default": ""},
    "context": {"type": "str", "default": ""},
    "endpoint": {"type": "str", "default": ""},
    "certificate_authority": {"type": "str", "default": ""},
}
