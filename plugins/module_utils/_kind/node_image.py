# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node image of the embedded cluster: upstream's by digest where a registry answers, else built on this machine.

Four artifacts, each built once for its inputs and kept in the cache: the binary with all components, kind, the Debian root
file system (at the same time as the binary), and the node image made of them, which is then imported into our own podman.
"""

from __future__ import annotations

import fcntl
import inspect
import platform
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _command, _podman
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._kind import components, go, node_root
from ansible_collections.slipway.platform.plugins.module_utils._kind.ticker import Progress, Ticker

REPOSITORY = "localhost/slipway-node"


@dataclass(frozen=True)
class Request:
    """What is wanted. ``files`` is the role's folder files/ (hyperkube, modules, node); ``image`` is an image by digest, or empty: build.

    ``kubernetes_version`` is like v1.35.4, ``suite`` a Debian release, ``cache`` is ``_artifacts.cache_dir()``.
    """

    files: Path
    kubernetes_version: str
    suite: str
    image: str
    cache: Path


@dataclass(frozen=True)
class Step:
    """One piece of the work: whether it was done now, and in how many seconds."""

    name: str
    built: bool
    seconds: float


@dataclass(frozen=True)
class Result:
    """``image`` as podman knows it, absolute paths of the programs ``kind`` and ``kubectl``, and what was done."""

    image: str
    kind: str
    kubectl: str
    steps: list[Step]

    @property
    def changed(self) -> bool:
        return any(step.built for step in self.steps)


@dataclass(frozen=True)
class Plan:
    """The inputs of every artifact: their keys follow from these and from nothing else."""

    hyperkube: dict[str, str]
    kind: dict[str, str]
    rootfs: dict[str, str]

    @property
    def image(self) -> dict[str, str]:
        return {f"{name}.{key}": value for name, inputs in vars(self).items() for key, value in inputs.items()}


def plan(request: Request, toolchain: go.Toolchain) -> Plan:
    """What goes into each artifact."""
    machine = platform.machine()
    return Plan(
        hyperkube={
            "source": go.source_digest(request.files / "hyperkube"),
            "go": toolchain.version,
            "version": request.kubernetes_version,
            "machine": machine,
        },
        kind={"modules": go.source_digest(request.files / "modules"), "go": toolchain.version, "machine": machine},
        rootfs={"suite": request.suite, "recipe": inspect.getsource(node_root.bootstrap) + " ".join(node_root.PACKAGES), "machine": machine},
    )


def ensure(request: Request, progress: Progress) -> Result:
    """Make sure that the image and the programs are on this machine.

    Errors: ``Missing`` (no Go, no mmdebstrap, no podman), ``Unreachable`` (modules, packages or the image cannot be fetched),
    ``CommandFailed`` with the last lines of a build that failed.
    """
    env = _podman.environment(request.cache)
    toolchain = go.find(request.cache)
    wanted = plan(request, toolchain)
    ticker = Ticker(progress)
    builder = _Builder(request, toolchain, wanted, ticker)
    with ThreadPoolExecutor(max_workers=2) as pool:
        # Unpacking packages waits for the network and the disk most of the time: compiling fills the gaps.
        rootfs = pool.submit(builder.rootfs) if not request.image and not builder.image_exists(env) else None
        programs = pool.submit(lambda: (builder.kind(), builder.hyperkube()))
        kind, hyperkube = programs.result()
        root = rootfs.result() if rootfs else None
    steps = [Step("kind", kind.built, kind.seconds), Step("kubernetes", hyperkube.built, hyperkube.seconds)]
    if request.image:
        reference, step = _pull(request.image, env, ticker)
        steps.append(step)
    else:
        reference = builder.reference
        if root is not None:
            steps.append(Step("packages", root.built, root.seconds))
            steps += builder.image(root.path / "root.tar", hyperkube, env)
    return Result(reference, str(kind.path / "kind"), str(hyperkube.path / "kubectl"), steps)


def inspect_only(request: Request, progress: Progress) -> Result:
    """What ``ensure`` would do, without doing it; the paths are those that the programs would have."""
    toolchain = go.find(request.cache)
    wanted = plan(request, toolchain)
    builder = _Builder(request, toolchain, wanted, Ticker(progress))
    folders = {name: request.cache / folder / _artifacts.key_of(inputs) for name, folder, inputs in builder.artifacts}
    steps = [Step(name, not folder.is_dir(), 0.0) for name, folder in folders.items() if not request.image or name in ("kind", "kubernetes")]
    return Result(request.image or builder.reference, str(folders["kind"] / "kind"), str(folders["kubernetes"] / "kubectl"), steps)


class _Builder:
    def __init__(self, request: Request, toolchain: go.Toolchain, wanted: Plan, ticker: Ticker) -> None:
        self._request = request
        self._go = toolchain
        self._plan = wanted
        self._ticker = ticker
        inputs = wanted.image | {
            "files": _artifacts.tree_digest(request.files / "node"),
            "recipe": inspect.getsource(node_root) + inspect.getsource(components),
        }
        self._image_inputs = inputs
        self.reference = f"{REPOSITORY}:{request.kubernetes_version}-{_artifacts.key_of(inputs)}"

    @property
    def artifacts(self) -> list[tuple[str, str, dict[str, str]]]:
        """Step, folder in the cache, inputs."""
        return [
            ("kind", "kind", self._plan.kind),
            ("kubernetes", "hyperkube", self._plan.hyperkube),
            ("packages", "node-rootfs", self._plan.rootfs),
            ("image", "node-image", self._image_inputs),
        ]

    def image_exists(self, env: dict[str, str]) -> bool:
        try:
            _command.run([_command.find("podman", "podman"), "image", "exists", self.reference], deadline=60, env=env)
        except CommandFailed as error:
            if error.facts["status"] == 1:
                return False
            raise
        return True

    def _artifact(self, name: str, inputs: dict[str, str], text: str, build: _artifacts.Build) -> _artifacts.Artifact:
        def visible(folder: Path, log: Path) -> None:
            with self._ticker.during(f"node image: {text}"):
                build(folder, log)

        def waiting() -> None:
            notice.__enter__()
            entered.append(True)

        entered: list[bool] = []
        notice = self._ticker.during(f"node image: waiting for another run ({text})")
        try:
            return _artifacts.ensure(self._request.cache, name, inputs, visible, waiting)
        finally:
            if entered:
                notice.__exit__(None, None, None)

    def hyperkube(self) -> _artifacts.Artifact:
        version = self._request.kubernetes_version

        def build(folder: Path, log: Path) -> None:
            source = self._request.files / "hyperkube"
            go.download(self._go, source, log)
            major, minor = version.removeprefix("v").split(".")[:2]
            prefix = "k8s.io/component-base/version.git"
            symbols = {f"{prefix}Version": version, f"{prefix}Major": major, f"{prefix}Minor": minor}
            go.build(self._go, source, ".", folder / "hyperkube", log=log, symbols=symbols)
            go.build(self._go, source, "./pause", folder / "pause", log=log)
            (folder / "kubectl").symlink_to("hyperkube")

        return self._artifact("hyperkube", self._plan.hyperkube, f"compiling Kubernetes {version}", build)

    def kind(self) -> _artifacts.Artifact:
        def build(folder: Path, log: Path) -> None:
            go.build(self._go, self._request.files / "modules", "sigs.k8s.io/kind", folder / "kind", log=log)

        return self._artifact("kind", self._plan.kind, "compiling kind", build)

    def rootfs(self) -> _artifacts.Artifact:
        suite = self._request.suite
        return self._artifact(
            "node-rootfs", self._plan.rootfs, f"unpacking Debian {suite}", lambda folder, log: node_root.bootstrap(suite, folder / "root.tar", log)
        )

    def image(self, rootfs: Path, hyperkube: _artifacts.Artifact, env: dict[str, str]) -> list[Step]:
        files = go.module_folder(self._go, self._request.files / "modules", "sigs.k8s.io/kind") / "images/base/files"
        parts = node_root.Parts(hyperkube.path / "hyperkube", hyperkube.path / "pause", files, self._request.files / "node", self._request.kubernetes_version)

        def build(folder: Path, log: Path) -> None:
            root, work = folder / "root", folder / "work"
            root.mkdir()
            work.mkdir()
            _command.run(["tar", "-xf", str(rootfs), "--numeric-owner", "-C", str(root)], deadline=300, log=log)
            node_root.assemble(root, parts, work, log)
            _pack(root, folder / "node.tar", log)
            shutil.rmtree(root)
            shutil.rmtree(work)

        made = self._artifact("node-image", self._image_inputs, "putting the node together", build)
        return [Step("image", made.built, made.seconds), self._import(made.path / "node.tar", env)]

    def _import(self, archive: Path, env: dict[str, str]) -> Step:
        changes = ("ENV container=docker", "STOPSIGNAL SIGRTMIN+3", 'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]')
        podman = _command.find("podman", "podman")
        argv = [podman, "import", "--quiet", *(f"--change={change}" for change in changes), str(archive), self.reference]
        # One at a time: who waited finds it done.
        with (archive.parent.parent / "import.lock").open("a") as lock, self._ticker.during("node image: importing it into podman"):
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.image_exists(env):
                return Step("import", False, 0.0)
            seconds = _command.run(argv, deadline=600, env=env).seconds
            for key in outdated(archive.parent.parent, archive.parent.name):
                shutil.rmtree(archive.parent.parent / key, ignore_errors=True)
                with suppress(CommandFailed):  # a cluster still runs on it
                    _command.run([podman, "image", "rm", f"{REPOSITORY}:{self._request.kubernetes_version}-{key}"], deadline=120, env=env)
        return Step("import", True, seconds)


def outdated(home: Path, current: str) -> list[str]:
    """The keys of all node images but this one and the latest before it: each takes as much room as a small system."""
    others = sorted((path for path in home.iterdir() if path.is_dir() and path.name != current and not path.name.startswith(".")), key=_age)
    return [path.name for path in others[:-1]]


def _age(path: Path) -> float:
    return path.stat().st_mtime


def _pack(root: Path, target: Path, log: Path) -> None:
    kept_out = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev", "run", "tmp")]
    _command.run(["tar", "-cf", str(target), "--numeric-owner", "--sort=name", *kept_out, "-C", str(root), "."], deadline=600, log=log)


def _pull(image: str, env: dict[str, str], ticker: Ticker) -> tuple[str, Step]:
    """The image by digest, from the registry if podman does not have it."""
    if "@sha256:" not in image:
        raise InvalidInput(f"kind_node_image {image} is not by digest: write <name>@sha256:<64 hex digits>, so that everyone gets the same nodes")
    podman = _command.find("podman", "podman")
    try:
        _command.run([podman, "image", "exists", image], deadline=60, env=env)
    except CommandFailed as error:
        if error.facts["status"] != 1:
            raise
    else:
        return image, Step("pull", False, 0.0)
    with ticker.during(f"node image: pulling {image}"):
        try:
            seconds = _command.run([podman, "pull", "--quiet", image], deadline=900, env=env).seconds
        except CommandFailed as error:
            raise Unreachable(f"the node image could not be pulled; leave kind_node_image empty to build it here\n{error.message}", **error.facts) from error
    return image, Step("pull", True, seconds)
