# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account of AWS and its pods have before anybody runs a role, for the simulated AWS of the scenarios.

world.py <folder> <kubeconfig> <account> <region> <hosted zone> <ARN of a role for people>
"""

from __future__ import annotations

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from simulator.rehearsal import account, process, resolver  # noqa: E402  the path is set above
from simulator.rehearsal.facts import Facts  # noqa: E402


def main(folder: Path, kubeconfig: Path, owner: str, region: str, zone: str, team: str) -> None:
    state = process.state(folder)
    account.prepare(state["url"], Path(state["credentials_file"]).read_text(), Facts(account=owner, region=region, profile="", zone=zone, people=(team,)))
    resolver.ensure(kubeconfig, f"{state['address']}:{state['ports']['dns']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
