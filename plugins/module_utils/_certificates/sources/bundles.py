# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where objects of a whole cluster have certificates: whom the API server trusts when it calls others, and what signers issued. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind, Object

SIGNING_REQUEST = Kind("certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", False)
_DEFINITION = BUILT_IN["apiextensions.k8s.io", "v1", "CustomResourceDefinition"]
KINDS = (
    BUILT_IN["admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration"],
    BUILT_IN["admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration"],
    BUILT_IN["apiregistration.k8s.io", "v1", "APIService"],
    _DEFINITION,
)
_LARGE = 20  # definitions have schemas of up to a megabyte


def page_size(kind: Kind, wanted: int) -> int:
    return min(wanted, _LARGE) if kind is _DEFINITION else wanted


def of(kind: Kind, item: Object) -> Iterator[tuple[str, str]]:
    """What each is called in this object, and its base64. Where there is none, the server trusts the roots of its machine, or nobody yet."""
    if kind is SIGNING_REQUEST:
        places = [(_text(item, "spec", "signerName"), _text(item, "status", "certificate"))]
    elif kind is _DEFINITION:
        places = [("conversion", _text(item, "spec", "conversion", "webhook", "clientConfig", "caBundle"))]
    elif kind.kind == "APIService":
        places = [("caBundle", _text(item, "spec", "caBundle"))]
    else:
        places = [(_text(each, "name"), _text(each, "clientConfig", "caBundle")) for each in item.get("webhooks") or []]
    return ((name, value) for name, value in places if value)


def _text(item: Any, *keys: str) -> str:
    for key in keys:
        item = item.get(key) if isinstance(item, Mapping) else None
    return item if isinstance(item, str) else ""
