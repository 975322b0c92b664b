# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What messages of the kubelet and the controllers mean, as tables: the first row whose words occur wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """``words``: any of them in a message (lower case) makes the row match; none: it matches always.

    ``grace``: seconds for which the cause must stand to be definite; None: it explains a wait and no more.
    """

    words: tuple[str, ...]
    reason: str
    message: str
    next_step: str
    grace: float | None = 0.0

    def text(self, detail: str) -> str:
        detail = " ".join(detail.split())
        return f"{self.message}: {detail}" if detail else self.message


@dataclass(frozen=True)
class Finding:
    """A cause found on one object (for a pod: on one container); ``grace`` as in ``Cause``."""

    object: str
    reason: str
    message: str
    next_step: str
    grace: float | None
    namespace: str = ""
    pod: str = ""
    container: str = ""
    event: str = ""
    previous: bool = False

    @property
    def id(self) -> tuple[str, ...]:
        return (self.object, self.container, self.reason)


def first_match(causes: Sequence[Cause], message: str) -> Cause | None:
    """The first row that matches a message."""
    lower = message.lower()
    return next((c for c in causes if not c.words or any(word in lower for word in c.words)), None)


IMAGE_CAUSES: Sequence[Cause] = (
    Cause(
        ("invalidimagename", "couldn't parse image", "invalid reference format"),
        "InvalidImageName",
        "the reference is malformed",
        "correct the image reference",
    ),
    Cause(
        ("errimageneverpull",), "ErrImageNeverPull", "it is not on the node and imagePullPolicy is Never", "load it into the node, or change imagePullPolicy"
    ),
    Cause(
        ("x509", "certificate signed by unknown authority", "tls: failed to verify"),
        "ImageRegistryNotTrusted",
        "the node does not trust the registry's certificate (x509)",
        "give the nodes the registry's CA, or correct the registry's certificate",
    ),
    Cause(
        ("unauthorized", "authentication required", "forbidden", "authorization failed", "no basic auth credentials", "access denied", "pull access denied"),
        "ImageUnauthorized",
        "the registry refused the credentials (unauthorized)",
        "check imagePullSecrets: that the Secret exists in this namespace, and holds a credential for this registry",
    ),
    Cause(
        ("not found", "manifest unknown", "name unknown", "no such image", "404"),
        "ImageNotFound",
        "the registry does not have it (not found)",
        "build and push the image first, or correct repository and digest",
    ),
    Cause(
        ("no such host", "connection refused", "i/o timeout", "network is unreachable", "no route to host", "context deadline exceeded"),
        "ImageRegistryUnreachable",
        "the node cannot reach the registry",
        "check that the registry runs and that the nodes can resolve and reach it",
        8.0,
    ),
    Cause((), "ImagePullFailed", "the pull failed", "see the event's text", 8.0),
)

# A node may not know yet of a Secret made at the same time, above all in a namespace that was just made anew; it tries again after 10 to 15 s.
UNREAD_PULL_SECRET = Cause(
    (),
    "PullSecretNotRead",
    "the node could not read its pull secret, so the registry refused it",
    "check imagePullSecrets: that the Secret exists in this namespace",
    30.0,  # with the time for that pull
)

WAITING_CAUSES: Mapping[str, Cause] = {
    "CreateContainerConfigError": Cause(
        (),
        "CreateContainerConfigError",
        "cannot be configured",
        "create the Secret or ConfigMap (or the key in it) that it refers to, or correct the reference",
        4.0,
    ),
    "CreateContainerError": Cause((), "CreateContainerError", "cannot be created", "correct command, mounts or security context", 4.0),
    "RunContainerError": Cause(
        (), "ContainerCannotRun", "cannot be started", "correct command and arguments: the program must exist in the image and be executable", 2.0
    ),
    "PreStartHookError": Cause((), "PreStartHookError", "its start hook failed", "see the event's text", 4.0),
    "PostStartHookError": Cause((), "PostStartHookError", "its postStart hook failed", "see the event's text", 4.0),
}

MOUNT_CAUSES: Sequence[Cause] = (
    Cause(
        ("not found", "references non-existent"),
        "MountNotFound",
        "a volume cannot be mounted",
        "create the Secret or ConfigMap (or the key in it) that the volume names",
        6.0,
    ),
    Cause((), "MountFailed", "a volume cannot be mounted", "see the event's text; check the storage class and the node", None),
)

CREATE_CAUSES: Sequence[Cause] = (
    Cause(
        ("violates podsecurity",),
        "PodSecurityViolation",
        "the namespace's Pod Security level forbids them",
        "correct the security context of the pod template",
        1.0,
    ),
    Cause(("exceeded quota",), "QuotaExceeded", "the namespace's quota is used up", "lower replicas or requests, or raise the ResourceQuota", 6.0),
    Cause(
        ("must specify limits", "must specify requests", "failed quota"),
        "QuotaNeedsResources",
        "the quota demands requests and limits",
        "set resources on every container, or a LimitRange",
        4.0,
    ),
    Cause(("maximum", "minimum"), "LimitRangeViolation", "the namespace's LimitRange forbids them", "correct the resources of the containers", 4.0),
    Cause(
        ("serviceaccount", "service account"),
        "ServiceAccountMissing",
        "their ServiceAccount does not exist",
        "create the ServiceAccount, or correct its name",
        6.0,
    ),
    Cause((), "CreationRefused", "the API server refuses them", "see the message; an admission webhook or policy may be the reason", 6.0),
)
