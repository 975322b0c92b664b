# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m simulator.rehearsal: see scripts/rehearse."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError

from simulator.rehearsal.facts import RehearsalError
from simulator.rehearsal.process import CHECKOUT, ProcessError
from simulator.rehearsal.run import Rehearsal, Wanted


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/rehearse", description="An environment on AWS, on this machine: docs/rehearsal.md.")
    parser.add_argument("environment", nargs="?", default="", help="the name of its inventory, such as prod")
    parser.add_argument("--playbook", default="site.yml", help="what is run; site.yml if it is not given")
    parser.add_argument("--faults", type=Path, help="a file with a JSON list of what shall go wrong in AWS: simulator/README.md")
    parser.add_argument("--down", action="store_true", help="remove everything that stands for AWS, and what was made in it")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    """What follows "--" goes to ansible-playbook."""
    own, more = (given[: given.index("--")], given[given.index("--") + 1 :]) if "--" in given else (given, [])
    options = arguments(own)
    try:
        rehearsal = Rehearsal(CHECKOUT, options.environment)
        if options.down:
            rehearsal.down()
            return 0
        return rehearsal.run(Wanted(options.playbook, tuple(more), options.faults))
    except (RehearsalError, ProcessError) as error:
        sys.stderr.write(f"rehearse: {error}\n")
    except SlipwayError as error:
        sys.stderr.write(f"rehearse: {error.message}\n")
    except KeyboardInterrupt:
        sys.stderr.write("rehearse: interrupted; the next run goes on from here, make rehearse-down removes everything\n")
        return 130
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
