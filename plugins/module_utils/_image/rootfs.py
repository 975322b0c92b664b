# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A root file system from Debian packages, by mmdebstrap(1), as one tar with the list of its packages.

Two kinds:
    distroless   packages are unpacked and not configured; no shell, no package manager, no maintainer scripts
    minbase      a small Debian in which packages are configured, to build in
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._image import apt, dpkg

_DEADLINE = 1800.0
_HOOKS = "/usr/share/mmdebstrap/hooks/merged-usr"


@dataclass(frozen=True)
class Root:
    """The tar of a root file system, its packages, and the time (seconds since the epoch) of the newest of them."""

    tar: Path
    packages: list[dpkg.Package]
    epoch: int


@dataclass(frozen=True)
class Recipe:
    """What to install: ``run`` are commands started inside (distroless included), for what only the system itself can make."""

    suite: str
    variant: str
    packages: Sequence[str]
    without: Sequence[str]
    run: Sequence[Sequence[str]]
    epoch: int | None = None


def assemble(recipe: Recipe, folder: Path, archives: Path, log: Path, on_line: Callable[[str], None] | None = None) -> Root:
    """Make the root file system in ``folder``. ``archives`` keeps downloaded packages for the next image."""
    archives.mkdir(parents=True, exist_ok=True)
    sources, settings = apt.write_configuration(recipe.suite, folder)
    tar, listing, status = folder / "root.tar", folder / "archives.txt", folder / "status"
    argv = [_command.find("mmdebstrap", "mmdebstrap"), "--format=tar", f"--aptopt={settings}", "--skip=download/empty", "--skip=essential/unlink"]
    argv += [f"--include={','.join(recipe.packages)}", f"--setup-hook={_take_archives(archives)}"]
    if recipe.variant == "minbase":
        argv += ["--variant=minbase", f"--hook-dir={_HOOKS}"]
        hook, note = "customize", f'cp "$1/var/lib/dpkg/status" {shlex.quote(str(status))}; ls "$1"/var/cache/apt/archives/*.deb >{shlex.quote(str(listing))}'
    else:
        # Unpacked packages have one hook only, which is told what was unpacked.
        status.write_text(dpkg.stand_ins([*dpkg.WITHOUT, *recipe.without], apt.architecture()))
        argv += ["--variant=extract", f"--setup-hook={_merge_usr(status)}"]
        hook, note = "extract", f"printf '%s\\n' $MMDEBSTRAP_ESSENTIAL >{shlex.quote(str(listing))}"
    inside = [f'chroot "$1" {shlex.join(command)}' for command in recipe.run]
    argv += [f"--{hook}-hook={command}" for command in (*inside, _keep_archives(archives), note)]
    environment = {"TMPDIR": str(folder), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    if recipe.epoch is not None:
        environment["SOURCE_DATE_EPOCH"] = str(recipe.epoch)
    _command.run([*argv, recipe.suite, str(tar), str(sources)], deadline=_DEADLINE, env=environment, log=log, on_line=on_line)
    return _describe(recipe, tar, listing, status, archives)


def _describe(recipe: Recipe, tar: Path, listing: Path, status: Path, archives: Path) -> Root:
    debs = sorted(archives / Path(line).name for line in listing.read_text().split())
    if recipe.variant == "minbase":
        packages = dpkg.installed(status.read_text())
        used = {f"{p.name}_{p.version.replace(':', '%3a')}_{p.architecture}.deb" for p in packages}
        debs = [deb for deb in debs if deb.name in used]
    else:
        packages = sorted(dpkg.read_archive(deb) for deb in debs)
    epoch = max((dpkg.archive_time(deb) for deb in debs), default=0) if recipe.epoch is None else recipe.epoch
    return Root(tar, packages, epoch)


def _take_archives(archives: Path) -> str:
    """Hard links instead of copies: they cost nothing, and another build may add to the folder at the same time."""
    return f'mkdir -p "$1/var/cache/apt/archives"; find {shlex.quote(str(archives))} -name "*.deb" -exec ln -t "$1/var/cache/apt/archives" {{}} +'


def _keep_archives(archives: Path) -> str:
    return f'for deb in "$1"/var/cache/apt/archives/*.deb; do ln "$deb" {shlex.quote(str(archives))}/ 2>/dev/null || :; done'


def _merge_usr(status: Path) -> str:
    """Merged /usr, and a status file that names the packages to do without."""
    links = 'for d in bin sbin lib lib32 lib64 libx32; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done'
    return f'{links}; mkdir -p "$1/var/lib/dpkg" "$1/proc" "$1/sys"; cp {shlex.quote(str(status))} "$1/var/lib/dpkg/status"'
