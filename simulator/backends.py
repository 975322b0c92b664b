# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of what is ours: services by their name in botocore. Everything else is moto's."""

from __future__ import annotations

from simulator.backend import Backend
from simulator.corrections.acm_requests import AcmRequests
from simulator.corrections.ec2 import Ec2
from simulator.corrections.ecr_rules import EcrRules
from simulator.corrections.kms import Kms
from simulator.corrections.load_balancers import LoadBalancers
from simulator.corrections.logs import Logs
from simulator.corrections.rds import Rds
from simulator.corrections.route53 import Dns
from simulator.corrections.sts import Sts
from simulator.corrections.tagging import Tagging
from simulator.eks.backend import Eks

BACKENDS: dict[str, type[Backend]] = {
    "acm": AcmRequests,
    "ec2": Ec2,
    "ecr": EcrRules,
    "eks": Eks,
    "elbv2": LoadBalancers,
    "kms": Kms,
    "logs": Logs,
    "rds": Rds,
    "resourcegroupstaggingapi": Tagging,
    "route53": Dns,
    "sts": Sts,
}
