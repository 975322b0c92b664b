# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a world as a whole is made of, for the registry of parts; what instances, add-ons and operators are, they say themselves."""

from __future__ import annotations

from collections.abc import Iterator

from moto.elbv2.models import elbv2_backends

from simulator.application import Simulator
from simulator.world.parts import NOT_RUN, REAL, STAND_IN, Part
from simulator.world.settings import Settings

_ALWAYS = (
    Part("AWS's APIs", STAND_IN, "answered by this machine; requests and answers are held against botocore's service models"),
    Part("Route 53", REAL, "a name server that answers from the records; it knows nothing of registrars and delegation"),
    Part("ACM", STAND_IN, "issued when its validation records are in Route 53; the certificate that is served is of the world's own authority"),
    Part("IAM policies", NOT_RUN, "kept, and asked only for what External Secrets reads; whoever runs this may do everything"),
    Part("KMS", STAND_IN, "keys exist and have policies; nothing is encrypted with them"),
    Part("CloudWatch Logs", NOT_RUN, "log groups exist; nobody writes to them"),
    Part("VPC", NOT_RUN, "subnets, NAT gateways and security groups exist; packets take this machine's networks"),
)


def parts(simulator: Simulator, settings: Settings) -> Iterator[Part]:
    yield from _ALWAYS
    if settings.registry:
        yield Part("ECR", REAL, "images lie in a registry of this machine, with ECR's tokens and rules in front; nothing is scanned, nothing expires")
    for name in settings.images:
        yield Part(name, STAND_IN, "an image that answers its probes and does nothing: what the program would do, the simulator does")
    if settings.kubeconfig:
        yield Part("EKS cluster", REAL, "the embedded cluster, on this machine's containers; access entries decide who may do what there")
        yield Part("EKS Auto Mode", NOT_RUN, "no machine is started or sized: the nodes are the embedded cluster's; its network policies are not enforced")
    with simulator.lock:
        balancers = [each for backend in elbv2_backends[simulator.world.account_id].values() for each in backend.load_balancers.values()]
    for each in balancers:
        yield Part(f"load balancer {each.name}", STAND_IN, "Traefik, with routes and order of an ALB; it leads to pods by NodePorts")
