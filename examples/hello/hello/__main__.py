# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands: serve, migrate, and three for demonstrations from inside a pod that has no shell."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 done, 1 failed or not reachable, 2 wrong settings or arguments."""
    # The first process of a container ignores SIGTERM until it asks for it: also while it is still importing.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser(prog="python -m hello", description="A small service that greets.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer requests until SIGTERM")
    commands.add_parser("migrate", help="bring the database to the schema of this version")
    commands.add_parser("break-readiness", help="make this pod say that it isn't ready")
    commands.add_parser("restore-readiness", help="undo break-readiness")
    probe = commands.add_parser("probe", help="try to connect; prints JSON, exits 1 if it fails")
    probe.add_argument("target", help="tcp://host:port")
    probe.add_argument("--timeout", type=float, default=3.0, metavar="SECONDS")
    options = parser.parse_args(arguments)
    return _probe(options.target, options.timeout) if options.command == "probe" else _run(options.command)


def _run(command: str) -> int:
    # Imported here, because probe answers sooner without a web framework.
    from . import health, migrate, server, settings

    commands: dict[str, Callable[[], None]] = {
        "serve": server.serve,
        "migrate": migrate.migrate,
        "break-readiness": lambda: health.broken_marker().touch(),
        "restore-readiness": lambda: health.broken_marker().unlink(missing_ok=True),
    }
    try:
        commands[command]()
    except settings.SettingsError as error:
        print(f"hello {command}: wrong settings\n{error}", file=sys.stderr)
        return 2
    except migrate.MigrationError as error:
        print(f"hello {command}: {error}", file=sys.stderr)
        return 1
    return 0


def _probe(target: str, timeout: float) -> int:
    from .probe import probe

    try:
        outcome = probe(target, timeout)
    except ValueError as error:
        print(f"hello probe: {error}", file=sys.stderr)
        return 2
    print(json.dumps(asdict(outcome)))
    return 0 if outcome.outcome == "open" else 1


if __name__ == "__main__":
    sys.exit(main())
