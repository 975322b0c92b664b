# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every code that AWS has means one thing of our tree."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.platform.plugins.module_utils._aws.errors import meaning
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, InvalidInput, NotFound, SlipwayError, Unreachable
from botocore.exceptions import ClientError, CredentialRetrievalError, EndpointConnectionError, NoCredentialsError, ParamValidationError, ProfileNotFound

WHAT, PERMISSION = "AWS eks DescribeCluster in eu-central-1", "eks:DescribeCluster"
CODES: list[tuple[type[SlipwayError], int, list[str]]] = [
    (
        NotFound,
        400,
        [
            "ResourceNotFoundException",
            "NoSuchEntity",
            "NoSuchHostedZone",
            "InvalidVpcID.NotFound",
            "InvalidSubnetID.NotFound",
            "InvalidGroup.NotFound",
            "NatGatewayNotFound",
            "DBInstanceNotFound",
            "DBInstanceNotFoundFault",
            "DBParameterGroupNotFound",
            "DBSubnetGroupNotFoundFault",
            "RepositoryNotFoundException",
            "LifecyclePolicyNotFoundException",
            "NotFoundException",
            "LoadBalancerNotFound",
        ],
    ),
    (Denied, 403, ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"]),
    (Denied, 403, ["SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure", "RequestExpired"]),
    (Conflict, 409, ["ResourceInUseException", "EntityAlreadyExists", "RepositoryAlreadyExistsException", "DBInstanceAlreadyExists", "DependencyViolation"]),
    (Conflict, 400, ["InvalidDBInstanceState", "InvalidVpc.InUse", "InvalidSubnet.Conflict", "ConflictException", "DeleteConflict", "IncorrectState"]),
    (Conflict, 400, ["ResourceLimitExceededException", "VpcLimitExceeded", "LimitExceededException", "ServiceQuotaExceededException"]),
    (Unreachable, 400, ["Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "ThrottledException", "SlowDown"]),
    (Unreachable, 503, ["ServiceUnavailableException", "InternalFailure", "InternalServerError", "ServerException", "Unavailable", "ServiceUnavailable"]),
    (InvalidInput, 400, ["InvalidParameterException", "ValidationException", "ValidationError", "InvalidParameterValue", "MalformedPolicyDocument"]),
    (Unreachable, 500, ["SomethingNew"]),
    (InvalidInput, 400, ["SomethingNew"]),
]


def of_aws(code: str, status: int, text: str = "the reason") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"}}, "DescribeCluster")


@pytest.mark.parametrize(("kind", "status", "code"), [(kind, status, code) for kind, status, codes in CODES for code in codes])
def test_codes(kind: type[SlipwayError], status: int, code: str) -> None:
    found = meaning(of_aws(code, status), WHAT, PERMISSION)
    assert type(found) is kind
    assert code in found.message
    assert found.message.startswith(WHAT)
    assert found.facts == {"code": code, "request_id": "r-1"}


def test_an_answer_that_aws_did_not_give_is_no_absence() -> None:
    """A proxy's page, a simulator's 404: botocore makes a code of the status."""
    assert type(meaning(of_aws("404", 404), WHAT, PERMISSION)) is InvalidInput


def test_who_is_refused_learns_what_to_allow() -> None:
    assert "allow eks:DescribeCluster" in meaning(of_aws("AccessDeniedException", 403), WHAT, PERMISSION).message


def test_the_text_about_a_signature_is_not_shown() -> None:
    """It quotes the request that was signed, the session's token included."""
    found = meaning(of_aws("SignatureDoesNotMatch", 403, "x-amz-security-token:PLANTED"), WHAT, PERMISSION)
    assert "PLANTED" not in found.message


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (NoCredentialsError(), Denied, "there are no credentials"),
        (CredentialRetrievalError(provider="process", error_msg="PLANTED"), Denied, "there are no credentials"),
        (ProfileNotFound(profile="PLANTED"), InvalidInput, "correct its name"),
        (EndpointConnectionError(endpoint_url="https://user:PLANTED@host/"), Unreachable, "no answer"),
        (
            ParamValidationError(report="Invalid type for parameter MasterUserPassword, value: PLANTED, type: <class 'int'>, valid types: str"),
            InvalidInput,
            "MasterUserPassword",
        ),
        (ValueError("PLANTED"), Unreachable, "no usable answer"),
    ],
)
def test_errors_of_this_side(error: Exception, kind: type[SlipwayError], says: str) -> None:
    found = meaning(error, WHAT, PERMISSION)
    assert type(found) is kind
    assert says in found.message
    assert "PLANTED" not in found.message
