# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of AWS means in our own tree, and what to do about it.

Codes are those of the services' API references; botocore makes its classes at run time and is imported only when AWS is asked, so classes go by name.
"""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput, NotFound, SlipwayError, Unreachable

_CREDENTIALS = {
    "AuthFailure": "are not accepted",
    "ExpiredToken": "have expired",
    "ExpiredTokenException": "have expired",
    "RequestExpired": "have expired, or this machine's clock is wrong",
    "IncompleteSignature": "are not whole",
    "InvalidClientTokenId": "are not known to AWS",
    "InvalidSignatureException": "do not belong together, or this machine's clock is wrong",
    "SignatureDoesNotMatch": "do not belong together, or this machine's clock is wrong",
    "UnrecognizedClientException": "are not known to AWS",
}
_NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
    "SSOTokenLoadError",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedFault",
    "NotAuthorized",
    "UnauthorizedOperation",
    "KMSAccessDeniedException",
    "UnauthorizedException",
}
_ABSENT = re.compile(r"NoSuch\w+|\w*(\.|^|\w)NotFound(Exception|Fault|Error)?")
_CONFLICT = re.compile(
    r"[\w.]*(AlreadyExists|AlreadyOwned|InUse|Conflict|Violation|Duplicate)\w*|Invalid\w*State\w*|IncorrectState|OperationNotPermittedException"
)
_LIMIT = re.compile(r"\w*(LimitExceeded|QuotaExceeded|TooMany[A-Z]\w+)\w*")
_THROTTLED = re.compile(r"\w*(Throttl|RequestLimitExceeded|TooManyRequests|SlowDown|BandwidthLimit)\w*")
_BUSY = re.compile(r"Internal\w*|Service(Unavailable|Failure)\w*|Server(Exception|Error|Unavailable)|Unavailable|RequestTimeout\w*")
NEVER_SENT = ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError")  # botocore's: what was asked did not reach AWS
_NO_ANSWER = (*NEVER_SENT, "ConnectionClosedError", "ConnectionError", "ReadTimeoutError")
_QUOTED = re.compile(r"value: .*?, (?=type:|valid)", re.DOTALL)


class AnswerLost(Exception):
    """The connection ended after something was asked for, so that nobody knows whether it was done. Its text is botocore's name for that."""


def code_of(error: BaseException) -> str:
    """AWS's code; "" for what never came from AWS."""
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))


def meaning(error: Exception, what: str, permission: str) -> SlipwayError:
    """``what``: service, operation and region as a person reads them; ``permission``: the IAM action that it needs.

    A text of botocore's own can quote what a credential provider printed, or a value of the request, and is not shown; the text of AWS is.
    """
    response = getattr(error, "response", None) or {}
    code, kind = code_of(error), type(error).__name__
    if isinstance(error, AnswerLost):
        return Unreachable(f"{what}: the answer was lost ({error}), so it may be done or not; repeat the run, which looks first and goes on from there")
    if not code:
        return _of_this_side(error, what, kind)
    text = str(response.get("Error", {}).get("Message", ""))
    facts = {"code": code, "request_id": str(response.get("ResponseMetadata", {}).get("RequestId", ""))}
    if code in _CREDENTIALS:
        return Denied(
            f"{what}: the credentials {_CREDENTIALS[code]} ({code}); renew them, or choose others with profile or AWS's environment variables", **facts
        )
    if code in _DENIED:
        return Denied(f"{what}: {code}: {text}; allow {permission} to who asks", **facts)
    if _THROTTLED.fullmatch(code) or _BUSY.fullmatch(code):
        return Unreachable(f"{what}: {code}, each time it was tried: {text}; try again later, what is done stays done", **facts)
    if _LIMIT.fullmatch(code):
        return Conflict(f"{what}: {code}: {text}; delete what is not needed, or have the quota raised", **facts)
    if _ABSENT.fullmatch(code):
        return NotFound(f"{what}: {code}: {text}", **facts)
    if _CONFLICT.fullmatch(code):
        return Conflict(f"{what}: {code}: {text}", **facts)
    return (InvalidInput if _is_of_client(response) else Unreachable)(f"{what}: {code}: {text}", **facts)


def _is_of_client(response: dict[str, Any]) -> bool:
    return 400 <= int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)) < 500


def _of_this_side(error: Exception, what: str, kind: str) -> SlipwayError:
    if kind in _NO_CREDENTIALS:
        return Denied(f"{what}: there are no credentials for AWS here ({kind}); give a profile, or AWS's environment variables")
    if kind == "ProfileNotFound":
        return InvalidInput(f"{what}: the profile is not in the configuration of AWS; correct its name")
    if kind in ("NoRegionError", "InvalidRegionError"):
        return InvalidInput(f"{what}: no region, or none that can be; give region")
    if kind in ("ParamValidationError", "UnknownParameterError", "MissingParametersError"):
        return InvalidInput(f"{what}: {_QUOTED.sub('', str(error)).strip()}")
    if kind in _NO_ANSWER:
        return Unreachable(f"{what}: no answer ({kind}); check the region's name, the network and the proxy")
    return Unreachable(f"{what}: no usable answer ({kind})")
