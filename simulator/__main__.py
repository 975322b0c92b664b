# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m simulator: AWS on a port of this machine, until it is interrupted."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator import faults
from simulator.application import ACCOUNT_ID, Simulator
from simulator.clock import ScaledClock
from simulator.server import serving


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="AWS, simulated. See simulator/README.md.")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; any free one if it is not given")
    parser.add_argument("--log", type=Path, help="a file that gets every call as a line of JSON")
    parser.add_argument("--faults", type=Path, help="a file with a JSON list of faults")
    parser.add_argument("--account", default=ACCOUNT_ID, help="the id of the account")
    parser.add_argument("--region", action="append", default=[], help="a region that exists, more than once for more; all if it is not given")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as real time AWS gets done what needs time")
    parser.add_argument(
        "--world", type=Path, help="a folder: with what is real behind AWS, see simulator/world/README.md; the port is then in its settings.json"
    )
    return parser.parse_args(given)


@contextmanager
def started(simulator: Simulator, options: argparse.Namespace) -> Iterator[str]:
    """Gives the URL. Raises ValueError for what can't be a world."""
    if not options.world:
        with serving(simulator, options.port) as url:
            yield url
        return
    from simulator.world import run, settings  # only a world has need of the collection

    try:
        with run.running(simulator, options.world.absolute(), settings.read(options.world / "settings.json")) as state:
            yield state.url
    except settings.SettingsError as error:
        raise ValueError(str(error)) from None


def main(given: list[str]) -> int:
    """Prints the URL as its first line; SIGINT and SIGTERM end it. Status 1 if something went against the service models."""
    options = arguments(given)
    simulator = Simulator(clock=ScaledClock(options.speed), account_id=options.account, regions=options.region, log=options.log)
    if options.faults:
        try:
            simulator.faults += faults.read(json.loads(options.faults.read_text()))
        except (OSError, ValueError, TypeError) as error:
            sys.stderr.write(f"simulator: {options.faults}: {error}\n")
            return 2
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with started(simulator, options) as url:
            sys.stdout.write(f"{url}\n")
            sys.stdout.flush()
            ended.wait()
    except ValueError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    for violation in simulator.violations:
        sys.stderr.write(f"simulator: {violation}\n")
    return 1 if simulator.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
