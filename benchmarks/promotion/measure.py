# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare image_promote with crane, regctl and skopeo: requests, connections, seconds, memory, and what arrives at the destination.

benchmarks/promotion/run            all cases, about ten minutes
benchmarks/promotion/run --quick    a smoke of two minutes: no lists, a small layer, no repetition

Every image is compared by digest at the destination. Ends with status 1 if something of ours got lost or a goal was missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "collections")]

import machine  # noqa: E402  the path is set above
from promotion import images, report, servers, tools, watch  # noqa: E402
from promotion.images import Image  # noqa: E402
from promotion.servers import Servers  # noqa: E402
from promotion.store import free_space  # noqa: E402
from promotion.tools import Pair, Tool  # noqa: E402

OURS = ("image_promote", "image_promote -16", "ansible-playbook")
TAG, RELEASED = "v1.4.0-rc.2", "v1.4.0"
DELAYS = (0, 40)  # milliseconds that each request waits in the proxy
REQUESTS = {"one image, cold": 25, "one image, nothing to do": 2, "one image, 1 of 18 blobs missing": 10}
SECONDS = {"one image, cold": 0.35, "100 images, cold": 5.0, "100 images, nothing to do": 1.0}


@dataclasses.dataclass(frozen=True)
class Case:
    """``there``: what the destination has before: nothing, all but one blob (and no manifest), or everything."""

    name: str
    count: int = 1
    there: str = "nothing"
    signed: bool = False
    attached: str = "ignore"
    cross: bool = False
    repeat: int = 3

    def suits(self, tool: Tool) -> bool:
        """Whether a tool has anything to show here. What is lost on the way is shown once, by the cases that begin with nothing."""
        if isinstance(tool, tools.Playbook):
            return self.name in SECONDS  # a second more in each case says nothing new
        return tool.carries or self.attached == "ignore" or (self.signed and self.there == "nothing")


CASES = (
    Case("one image, cold"),
    Case("one image, nothing to do", there="everything"),
    Case("one image, 1 of 18 blobs missing", there="all but one"),
    Case("one image, other registry", cross=True),
    Case("one image, asked for signatures it does not have", attached="carry"),
    Case("signed image, cold", signed=True, attached="carry"),
    Case("signed image, nothing to do", there="everything", signed=True, attached="carry"),
    Case("signed image, nothing to do, signatures looked at", there="everything", signed=True, attached="require"),
    Case("signed image, other registry", signed=True, attached="carry", cross=True),
    Case("20 images, cold", count=20),
    Case("20 images, nothing to do", count=20, there="everything"),
    Case("100 images, cold", count=100, repeat=1),
    Case("100 images, nothing to do", count=100, there="everything", repeat=1),
)


class Bench:
    """The images at the source, and what measures one case with one tool."""

    def __init__(self, running: Servers, folder: Path, count: int) -> None:
        self._servers, self._folder = running, folder
        self._numbers = itertools.count()
        self.last: list[dict[str, Any]] = []
        self._prepared: dict[str, list[str]] = {}
        self._plain = [images.make(f"service {number}") for number in range(count)]
        self._signed = images.signed(self._plain[0])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: running.stores["dev"].put(f"dev/service-{number}", TAG, self._plain[number]), range(count)))
        running.stores["dev"].put("dev/signed", TAG, self._signed)

    def _sources(self, case: Case) -> list[tuple[str, Image]]:
        if case.signed:
            return [("dev/signed", self._signed)]
        return [(f"dev/service-{number}", self._plain[number]) for number in range(case.count)]

    def _destinations(self, case: Case) -> list[str]:
        """Repositories that hold what the case says. A long list that is there already is made once: tools leave it as it is."""
        if case.name in self._prepared:
            return self._prepared[case.name]
        sources, run = self._sources(case), next(self._numbers)
        found = [f"prod-{run}/service-{number}" for number in range(case.count)]
        if case.there != "nothing":
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda pair: self._fill(case, *pair), zip(sources, found, strict=True)))
        if case.there == "everything" and case.count > 1:
            self._prepared[case.name] = found
        return found

    def _fill(self, case: Case, source: tuple[str, Image], destination: str) -> None:
        origin, image = source
        missing = next(reversed(image.blobs))
        self._servers.stores["dev"].put(destination, RELEASED, image, origin, image.blobs.keys() - {missing} if case.there == "all but one" else None)

    def once(self, tool: Tool, case: Case, delay_ms: int) -> tuple[report.Account, float, Counter[str]]:
        destinations, run = self._destinations(case), next(self._numbers)
        host = self._servers.prod if case.cross else self._servers.dev
        sources = self._sources(case)
        pairs = [Pair(f"{self._servers.dev}/{source}:{TAG}", f"{host}/{there}:{RELEASED}") for (source, _), there in zip(sources, destinations, strict=True)]
        own = self._folder / f"run-{run}"
        own.mkdir()
        self._servers.begin(delay_ms)
        seconds = tool.promote(pairs, case.attached, own)
        self.last = self._servers.log()
        account = report.Account.of(self.last)
        store = self._servers.stores["prod" if case.cross else "dev"]
        lost: Counter[str] = Counter()
        for (_, image), there in zip(sources, destinations, strict=True):
            lost += store.lost(there, RELEASED, image)
        return account, seconds, lost

    def measure(self, tool: Tool, case: Case, repeat: int) -> Iterator[report.Run]:
        for delay_ms in DELAYS:
            results = [self.once(tool, case, delay_ms) for _ in range(repeat)]
            lost: Counter[str] = max((lost for _, _, lost in results), key=Counter.total)
            yield report.Run(tool.name, case.name, delay_ms, tuple(r[0] for r in results), tuple(r[1] for r in results), lost)


def memory(found: Sequence[Tool], running: Servers, folder: Path, mebibytes: Sequence[int]) -> str:
    """The largest resident set while a layer goes to the other registry; flat means: the same for each size."""
    rows: dict[str, list[str]] = {tool.name: [tool.name] for tool in found}
    for size in mebibytes:
        work = folder / f"layer-{size}"
        work.mkdir()
        image = images.large(work, size << 20)
        running.stores["dev"].put(f"dev/large-{size}", TAG, image)
        (work / "layer").unlink()
        for number, tool in enumerate(found):
            there = f"prod/large-{size}-{number}"
            own = work / str(number)
            own.mkdir()
            running.begin(0)
            with watch.largest(own) as largest:
                seconds = tool.promote([Pair(f"{running.dev}/dev/large-{size}:{TAG}", f"{running.prod}/{there}:{RELEASED}")], "ignore", own)
            lost = running.stores["prod"].lost(there, RELEASED, image)
            rows[tool.name].append(f"{largest.memory / 2**20:.0f} MiB, {seconds:.1f} s{' (incomplete)' if lost else ''}")
    return report.table(["largest resident set", *(f"layer of {size} MiB" for size in mebibytes)], rows.values())


def baseline(proxy: Path, running: Servers) -> str:
    """What the proxy itself can do, beside the registry without it: it must not be what is measured."""
    rows = []
    for words, address, delay_ms in (
        ("the registry, without the proxy", running.stores["dev"].address, 0),
        ("through the proxy", f"http://{running.dev}", 0),
        ("through the proxy, each waits 40 ms (400 are possible)", f"http://{running.dev}", 40),
    ):
        argv = [str(proxy), "load", "-url", f"{address}/v2/", "-requests", "1000" if delay_ms else "5000", "-clients", "16"]
        running.begin(delay_ms)
        found = json.loads(subprocess.run(argv, capture_output=True, check=True, timeout=120).stdout)
        rows.append([words, f"{found['rate']:.0f}", f"{found['failed']:.0f}"])
    return report.table(["baseline: 16 clients", "requests a second", "failed"], rows)


def keep(folder: Path, run: report.Run, log: list[dict[str, Any]]) -> None:
    """What one run asked for, request by request, to be read by people."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{e['start']:8.3f} {e['seconds']:7.3f} {e['status']} {e['connection']:5d} {e['front']:4s} {e['method']:6s} {e['url']}\n" for e in log]
    (folder / f"{run.case}, {run.tool}.txt".replace(" ", "_")).write_text("".join(lines))


def chosen(names: str | None, binaries: dict[str, Path]) -> list[Tool]:
    every: list[Tool] = [
        tools.Ours(),
        tools.Ours(16),
        tools.Playbook(),
        tools.Crane(binaries["crane"]),
        tools.Regctl(binaries["regctl"], 3),
        tools.Regctl(binaries["regctl"], 16),
        tools.Skopeo(),
    ]
    return [tool for tool in every if names is None or any(tool.name.startswith(name) for name in names.split(","))]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/promotion/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="no lists, a small layer, no repetition")
    parser.add_argument("--tools", help="only these, separated by commas: image_promote, crane, regctl, skopeo")
    parser.add_argument("--cases", help="only cases whose name has this text")
    parser.add_argument("--log", type=Path, help="write every request of the last run of each case and tool to this folder")
    return parser.parse_args()


def measure(bench: Bench, found: Sequence[Tool], cases: Sequence[Case], options: argparse.Namespace) -> Iterator[report.Run]:
    for case in cases:
        for tool in filter(case.suits, found):
            runs = list(bench.measure(tool, case, 1 if options.quick else case.repeat))
            if options.log:
                keep(options.log, runs[-1], bench.last)
            print(f"{case.name}: {tool.name}: {report.cell(runs)}", file=sys.stderr, flush=True)
            yield from runs


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for name in ("docker-registry", "skopeo"):
        servers.program(name)
    binaries = tools.build()
    cases = [case for case in CASES if (options.cases or "") in case.name and not (options.quick and case.count > 1)]
    found = chosen(options.tools, binaries)
    with tempfile.TemporaryDirectory(prefix="slipway-promotion-") as scratch, servers.running(Path(scratch), binaries["proxy"]) as running:
        print(f"{machine.described()}\n\n{baseline(binaries['proxy'], running)}\n", flush=True)
        runs = list(measure(Bench(running, Path(scratch), max((case.count for case in cases), default=1)), found, cases, options))
        columns = [tool.name for tool in found]
        print(f"requests · seconds at 0 ms · seconds at 40 ms\n\n{report.matrix(runs, [case.name for case in cases], columns)}\n")
        print(report.details(runs) + "\n", flush=True)
        sizes = (16, 64) if options.quick else (64, 2048)
        if free_space(Path(scratch)) > 6 * max(sizes) << 20:
            print(memory([tool for tool in found if not isinstance(tool, tools.Playbook)], running, Path(scratch), sizes) + "\n", flush=True)
    wanted = report.goals(runs, OURS, REQUESTS, SECONDS)
    print(report.table(["goal", "measured", "bound", ""], [goal.row() for goal in wanted]) + f"\n\n{machine.described()}")
    return 0 if all(goal.met for goal in wanted) and not any(run.lost for run in runs if run.tool in OURS) else 1


if __name__ == "__main__":
    sys.exit(main())
