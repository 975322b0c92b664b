# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate is as wanted: the one call behind the module ``acm_certificate``, whoever issues it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm import spec
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.imported import ensure as imported
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.imported import options as of_imported
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued import ensure as issued
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.issued import options as of_issued
from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.result import Result
from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

Request = of_issued.Request | of_imported.Request


def request(params: Mapping[str, Any]) -> Request:
    """Which of the two is meant follows from the options. Raises ``InvalidInput``."""
    issued_by, given_by = ([name for name in options if params[name] not in (None, "", [])] for options in (spec.ISSUED, spec.IMPORTED))
    if not issued_by and not given_by:
        raise InvalidInput("say which certificate: domain, for one that ACM issues; or name (or arn), certificate_file and key_file, for one that you import")
    if issued_by and given_by:
        raise InvalidInput(
            f"{', '.join(issued_by)}: for a certificate that ACM issues; {', '.join(given_by)}: for one that you import. Leave out one or the other"
        )
    return of_issued.request(params) if issued_by else of_imported.request(params)


def ensure(aws: Aws, request: Request, check_mode: bool) -> Result:
    if isinstance(request, of_issued.Request):
        return issued.ensure(aws, request, check_mode)
    return imported.ensure(aws, request, check_mode)
