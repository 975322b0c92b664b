# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that proves the project, stage after stage; the cheap ones first, and no cluster is made where they fail.

python scripts/test.py                 all
python scripts/test.py lint unit       those named
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
COLOURS = re.compile(r"\x1b\[[0-9;]*m")

Count = Callable[[str, int], tuple[int, list[str]]]


def count_pytest(output: str, status: int) -> tuple[int, list[str]]:
    """How many passed, from pytest's closing line, and which failed, from its summary."""
    passed = re.search(r"(\d+) passed", output.rstrip().rsplit("\n", 1)[-1])
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", output, re.MULTILINE)
    return int(passed[1]) if passed else 0, failed or [_without_a_name(status)] * bool(status)


def count_molecule(output: str, status: int) -> tuple[int, list[str]]:
    """Scenarios, from molecule's recap."""
    recap = output.rpartition("SCENARIO RECAP")[2]
    verdicts = {name: int(failed) for name, failed in re.findall(r"^(\w+)\s*: actions=.*failed=(\d+)", recap, re.MULTILINE)}
    failed = [name for name, number in verdicts.items() if number]
    return len(verdicts) - len(failed), failed or [_without_a_name(status)] * bool(status)


def count_lint(output: str, status: int) -> tuple[int, list[str]]:
    """Checks, from the last line of scripts/lint."""
    last = output.rstrip().rsplit("\n", 1)[-1]
    if status == 0:
        return int(re.findall(r"\d+", last)[0]), []
    return 0, last.partition("failed: ")[2].split() or [_without_a_name(status)]


def count_one(output: str, status: int) -> tuple[int, list[str]]:  # noqa: ARG001  # one signature for all
    return (0, [_without_a_name(status)]) if status else (1, [])


def _without_a_name(status: int) -> str:
    return f"ended with status {status}"


@dataclass(frozen=True)
class Stage:
    """A command, how its results are counted, and the variables it is given."""

    name: str
    argv: tuple[str, ...]
    count: Count
    env: tuple[tuple[str, str], ...] = ()


STAGES = (
    Stage("lint", ("scripts/lint",), count_lint),
    Stage("unit", ("pytest", "-q", "--numprocesses=auto"), count_pytest),
    Stage(
        "check mode on an empty machine",
        ("ansible-playbook", "-i", "molecule/inventory", "molecule/shared/check_mode.yml"),
        count_one,
        (("MOLECULE_SCENARIO_NAME", "site"),),
    ),
    # One test after the other, and none where one failed: they are the stations of one environment.
    Stage("rehearsal of production", ("pytest", "-q", "--numprocesses=0", "--exitfirst", "tests/rehearsal"), count_pytest),
    Stage("roles and the whole path", ("molecule", "test", "--all", "--continue-on-failure"), count_molecule),
)
CHEAP = ("lint", "unit")


def run(stage: Stage) -> tuple[int, list[str], float]:
    """Run a stage with its output going through as it comes: how many passed, what failed, and seconds."""
    print(f"\n=== {stage.name}: {' '.join(stage.argv)}", flush=True)
    started = time.monotonic()
    process = subprocess.Popen(
        stage.argv,
        cwd=CHECKOUT,
        env=os.environ | dict(stage.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines = []
    with process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(COLOURS.sub("", line))
    passed, failed = stage.count("".join(lines), process.returncode)
    return passed, failed, time.monotonic() - started


def main(names: list[str]) -> int:
    unknown = set(names) - {stage.name for stage in STAGES}
    if unknown:
        print(f"test: there is no stage {', '.join(sorted(unknown))}; there are: {', '.join(stage.name for stage in STAGES)}", file=sys.stderr)
        return 2
    results: dict[str, tuple[int, list[str], float]] = {}
    for stage in STAGES:
        if names and stage.name not in names:
            continue
        if stage.name not in CHEAP and any(results[name][1] for name in CHEAP if name in results):
            print(f"\n=== {stage.name}: not started, since a cheaper stage failed", flush=True)
            continue
        results[stage.name] = run(stage)
    print("\n=== summary")
    for name, (passed, failed, seconds) in results.items():
        print(f"{name:32} {passed:5} passed  {len(failed):3} failed  {seconds:6.0f} s")
        for each in failed:
            print(f"    {each}")
    total = [sum(passed for passed, _, _ in results.values()), sum(len(failed) for _, failed, _ in results.values())]
    print(f"{total[0]} passed, {total[1]} failed", flush=True)
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
