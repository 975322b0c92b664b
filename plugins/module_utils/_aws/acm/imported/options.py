# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is imported, from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.spec import IDENTITY
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

NAME = "Name"
"""The tag that has the name of a certificate, and is what AWS's console shows."""


@dataclass(frozen=True)
class Request:
    """``arn`` of what there is, or ``name``, under which one is imported that is not there. ``tags``: with the name; None: not looked at."""

    arn: str = ""
    name: str = ""
    certificate_file: Path = Path()
    key_file: Path = Path()
    present: bool = True
    tags: Mapping[str, str] | None = None
    purge_tags: bool = False
    identity: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return self.name or self.arn


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which option, and what to write instead."""
    arn, name, present = params["arn"], params["name"], params["state"] == "present"
    if bool(arn) == bool(name):
        raise InvalidInput("name, arn: give one of them, the name (its tag Name) or the ARN of the certificate")
    if arn and ":acm:" not in arn:
        raise InvalidInput(f"arn: {arn} is no ARN of a certificate in ACM (arn:aws:acm:<region>:<account>:certificate/<id>)")
    if arn and f":{params['region']}:" not in arn:
        raise InvalidInput(f"arn: {arn} is not in {params['region']}, which this task is for")
    missing = [option for option in ("certificate_file", "key_file") if not params[option]]
    if missing and present:
        raise InvalidInput(f"{', '.join(missing)}: name the file, in PEM; a certificate that ACM issues has a domain instead")
    own = texts(params["tags"])
    if own.get(NAME, name) != name and name:
        raise InvalidInput(f"tags: Name is {own[NAME]}, and name is {name}; leave it out of tags")
    return Request(
        arn=arn,
        name=name,
        certificate_file=Path(params["certificate_file"] or ""),
        key_file=Path(params["key_file"] or ""),
        present=present,
        tags={**own, **({NAME: name} if name else {})} if own or params["purge_tags"] else None,
        purge_tags=params["purge_tags"],
        identity={key: own[key] for key in IDENTITY if key in own},
    )
