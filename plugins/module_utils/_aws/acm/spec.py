# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of ``acm_certificate``: which belong to a certificate that ACM issues, and which to one that it is given."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, TAGS

ALGORITHMS = ("RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")
ISSUED: dict[str, Any] = {
    "domain": {"type": "str", "default": ""},
    "alternative_names": {"type": "list", "elements": "str", "default": []},
    "key_algorithm": {"type": "str", "choices": list(ALGORITHMS)},
    "transparency_logging": {"type": "bool"},
    "zone": {"type": "str", "default": ""},
    "zone_id": {"type": "str", "default": ""},
}
IMPORTED: dict[str, Any] = {
    "certificate_file": {"type": "path"},
    "key_file": {"type": "path"},
    "name": {"type": "str", "default": ""},
    "arn": {"type": "str", "default": ""},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    **TAGS,
    **ISSUED,
    **IMPORTED,
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 1800},
}
IDENTITY = ("slipway:environment", "slipway:name")
"""Tags that say whose a certificate is: several may have one domain or one name, and AWS has no other name for them."""
