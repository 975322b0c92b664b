# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare certificate_expiry_info with what else looks at certificates: servers a second, and what many files and Secrets take.

benchmarks/certificates/run            all of it, about five minutes
benchmarks/certificates/run --quick    a smoke of one minute

The server runs on the same processors as each tool. Ends with status 1 if somebody was not seen by ours, or a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve()
sys.path[:0] = [str(_HERE.parents[1]), str(_HERE.parents[2] / "collections"), str(_HERE.parents[2] / "tests")]

import machine  # noqa: E402  the path is set above
from certificates import servers, tools  # noqa: E402
from certificates.servers import Servers  # noqa: E402
from certificates.tools import Run, Tool  # noqa: E402

DEAD_OF = 20  # one of so many is dead: 5 %
OURS, LOOP = "certificate_expiry_info", "get_certificate"


@dataclass(frozen=True)
class Goal:
    name: str
    measured: float
    bound: float
    most: bool = False  # the bound is the largest value that is good, and not the least

    @property
    def met(self) -> bool:
        return self.measured <= self.bound if self.most else self.measured >= self.bound

    def row(self) -> list[str]:
        return [self.name, f"{self.measured:.4g}", f"{'<=' if self.most else '>='} {self.bound:.4g}", "" if self.met else "MISSED"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rates(found: Sequence[Tool], running: Servers, folder: Path, count: int, repeat: int) -> Iterator[tuple[str, bool, list[Run]]]:
    """Each tool in turn, again and again, so that what else the machine does meets all of them."""
    runs: dict[tuple[str, bool], list[Run]] = {}
    for number in range(repeat):
        for tool in found:
            for dead in (False, True) if tool.counts_dead else (False,):
                own = folder / f"{tool.name.replace(' ', '-')}-{number}-{dead}"
                own.mkdir()
                targets = running.targets(min(count, tool.most), DEAD_OF if dead else 0)
                running.counted()
                done = tool.look(targets, running.root, own)
                living = sum(1 for target in targets if target.port == running.port)
                seen = running.counted()
                print(f"{tool.name}{', 5 % dead' if dead else ''}: {done.rate:.1f}/s, {done.answered} of {living}, {seen}", file=sys.stderr, flush=True)
                if tool.name == OURS and (done.answered != living or seen["handshakes"] != living):
                    sys.exit(f"{tool.name}: {done.answered} of {living} were seen, in {seen['handshakes']} handshakes")
                runs.setdefault((tool.name, dead), []).append(done)
    yield from ((name, dead, found) for (name, dead), found in runs.items())


def rate_table(measured: Sequence[tuple[str, bool, list[Run]]]) -> str:
    rows = []
    for name in dict.fromkeys(name for name, _, _ in measured):
        cells = {dead: runs for other, dead, runs in measured if other == name}
        cpu = [run.cpu / (run.answered or 1) * 1000 for run in cells[False] if run.cpu is not None]
        rows.append([name, *(_cell(cells.get(dead, [])) for dead in (False, True)), f"{statistics.median(cpu):.2f} ms" if cpu else "-"])
    return table(["servers a second, until the last living one was done", "all live", "5 % dead", "processor time each"], rows)


def _cell(runs: Sequence[Run]) -> str:
    return f"{statistics.median(run.rate for run in runs):.{0 if runs[0].rate > 100 else 1}f}" if runs else "-"


def files(folder: Path, count: int) -> dict[str, Any]:
    """A leaf with its intermediate in each of many PEM files."""
    from support import pki

    own = folder / "files"
    own.mkdir()
    ends = datetime.now(UTC) + 80 * pki.DAY
    middle = pki.authority("Bench Intermediate", pki.authority(), ends=ends + 100 * pki.DAY)
    for number in range(count):
        (own / f"{number}.pem").write_bytes(pki.issue(f"h{number}.test", middle, names=[f"h{number}.test"], ends=ends).pem + middle.pem)
    return tools.worker({"files": [f"{own}/*.pem"], "verify": False}, folder)


@contextmanager
def kubernetes(folder: Path, count: int) -> Iterator[Path]:
    """A kubeconfig for an API server, in a process of its own, that has so many Secrets of the type kubernetes.io/tls."""
    argv = machine.ending_with_us([sys.executable, str(_HERE.with_name("secrets_server.py")), str(folder), str(count)])
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Path(json.loads(process.stdout.readline())["kubeconfig"])
        finally:
            process.kill()


def many(folder: Path, quick: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    count = 500 if quick else 5000
    yield f"{count} PEM files", files(folder, count)
    count = 1000 if quick else 10000
    with kubernetes(folder, count) as kubeconfig:
        part = {"kubeconfig": str(kubeconfig), "config_maps": False, "ca_bundles": False, "signing_requests": False}
        for name, keep in ((f"{count} Secrets", False), (f"{count} Secrets, with the module's result", True)):
            yield name, tools.worker({"kubernetes": [part], "verify": False}, folder, keep)


def goals(measured: Sequence[tuple[str, bool, list[Run]]], others: dict[str, dict[str, Any]]) -> Iterator[Goal]:
    rate = {(name, dead): statistics.median(run.rate for run in runs) for name, dead, runs in measured}
    ours = rate.get((OURS, False))
    if ours is not None:
        yield Goal("servers a second", ours, 1300)
        for other in ("Go", "blackbox_exporter"):
            if (other, False) in rate:
                yield Goal(f"servers a second beside {other}", ours, rate[other, False])
        if (LOOP, False) in rate:
            yield Goal("times get_certificate", ours / rate[LOOP, False], 400)
        yield Goal("of that with 5 % dead, percent", 100 * rate[OURS, True] / ours, 80)
    for name, found in others.items():
        if name == "5000 PEM files":
            yield Goal(f"{name}, seconds", found["seconds"], 2, most=True)
        if name == "10000 Secrets":
            yield Goal(f"{name}, MiB", found["memory"] / 2**20, 64, most=True)


def chosen(names: str | None, binary: Path, blackbox: str | None) -> list[Tool]:
    every: list[Tool] = [tools.Ours(), tools.Go(binary, False), tools.Go(binary, True)]
    every += [tools.Blackbox(binary, blackbox)] if blackbox else []
    every += [tools.Playbook(), tools.SClient(), tools.GetCertificate()]
    return [tool for tool in every if names is None or tool.name in names.split(",")]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/certificates/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer of everything, and once")
    parser.add_argument("--tools", help="only these, by their names in the table, separated by commas")
    parser.add_argument("--blackbox", default=tools.blackbox(), help="the program of Debian's package prometheus-blackbox-exporter, if it is not installed")
    parser.add_argument("--no-others", action="store_true", help="no files and Secrets")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not options.blackbox:
        print("without blackbox_exporter: apt-get install --no-install-recommends prometheus-blackbox-exporter (it starts a service)", file=sys.stderr)
    if not shutil.which("openssl"):
        sys.exit("openssl is not on this machine; type: apt-get install openssl")
    binary, count = tools.build(), 500 if options.quick else 2000
    with tempfile.TemporaryDirectory(prefix="slipway-certificates-") as scratch, servers.running(Path(scratch), binary, count) as running:
        print(f"{machine.described()}\n", flush=True)
        found = chosen(options.tools, binary, options.blackbox)
        measured = list(rates(found, running, Path(scratch), count, 1 if options.quick else 5))
        print(rate_table(measured) + "\n", flush=True)
        others = {} if options.no_others else dict(many(Path(scratch), options.quick))
    rows = [[name, f"{each['seconds']:.2f} s", f"{each['memory'] / 2**20:.0f} MiB", str(each["verdicts"])] for name, each in others.items()]
    print(table(["many", "seconds", "grew by", "verdicts"], rows) + "\n" if rows else "")
    wanted = list(goals(measured, others))
    print(table(["goal", "measured", "bound", ""], [goal.row() for goal in wanted]) + f"\n\n{machine.described()}")
    return 0 if all(goal.met for goal in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
