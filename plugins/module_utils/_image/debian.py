# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images from Debian packages, without a registry: what they are made of, as values, and how one is built.

The bytes of an image follow from the versions of its packages and from what the user wrote; nothing of the machine or the day goes in.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._image import apt, distroless, layer, rootfs
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Layout, canonical

# Part of every key: raise it when the same input would give other bytes.
RECIPE = "2"
_GO_ARCHITECTURES = {"amd64": "amd64", "arm64": "arm64", "armhf": "arm", "i386": "386", "ppc64el": "ppc64le", "riscv64": "riscv64", "s390x": "s390x"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DISK_NEEDED = 2 << 30


@dataclass(frozen=True)
class User:
    name: str
    uid: int
    gid: int
    home: str = "/"


@dataclass(frozen=True)
class Image:
    """An image to be: see the options of the module ``debian_image``, whose names these are."""

    name: str
    repository: str
    suite: str
    variant: str
    packages: tuple[str, ...]
    without: tuple[str, ...] = ()
    entries: tuple[layer.Entry, ...] = ()
    remove: tuple[str, ...] = ()
    run: tuple[tuple[str, ...], ...] = ()
    users: tuple[User, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    source_date_epoch: int | None = None
    generation: str = "1"

    def inputs(self, architecture: str) -> dict[str, str]:
        """Everything the image is made of, for the key of the cache. Contents of files go in by their digest."""
        value = asdict(self)
        for entry in value["entries"]:
            if entry["content"] is not None:
                entry["content"] = str(reference.Digest.of(entry["content"]))
        return {"image": canonical(value).decode(), "architecture": architecture, "recipe": RECIPE}

    @classmethod
    def from_params(cls, params: Mapping[str, Any], generation: str = "1") -> Image:
        """An image from the option values of the module; ``InvalidInput`` says which value cannot work."""
        reference.check_repository(params["repository"])
        if not params["packages"]:
            raise InvalidInput(f"the image {params['name']} has no packages: name at least one")
        entries = [_directory(value) for value in params.get("directories") or []]
        entries += [_file(value) for value in params.get("files") or []]
        entries += [layer.Entry(value["dest"], target=value["src"]) for value in params.get("links") or []]
        users = [User(u["name"], u["uid"], u["uid"] if u.get("gid") is None else u["gid"], u.get("home") or "/") for u in params.get("users") or []]
        return cls(
            name=params["name"],
            repository=params["repository"],
            suite=params.get("suite") or "bookworm",
            variant=params.get("variant") or "distroless",
            packages=tuple(sorted(params["packages"])),
            without=tuple(sorted(params.get("without") or ())),
            entries=tuple(entries),
            remove=tuple(params.get("remove") or ()),
            run=tuple(tuple(command) for command in params.get("run") or ()),
            users=tuple(users),
            config={key: value for key, value in (params.get("config") or {}).items() if value},
            source_date_epoch=params.get("source_date_epoch"),
            generation=generation,
        )


@dataclass(frozen=True)
class Built:
    """An image that is there: its layout, its digest and its packages as ``name=version``."""

    layout: Layout
    packages: tuple[str, ...]

    @classmethod
    def load(cls, folder: Path) -> Built:
        return cls(Layout(folder), tuple(json.loads((folder / "packages.json").read_bytes())))

    @property
    def digest(self) -> reference.Digest:
        return self.layout.root.digest


def build(image: Image, folder: Path, log: Path, archives: Path, architecture: str, on_line: Callable[[str], None] | None = None) -> None:
    """Build the image into ``folder`` as an OCI image layout with ``packages.json`` beside it."""
    _check_disk(folder)
    work = folder / "work"
    work.mkdir(mode=0o700)
    packages = image.packages if image.variant == "minbase" else (*image.packages, "base-files")
    recipe = rootfs.Recipe(image.suite, image.variant, packages, image.without, image.run, image.source_date_epoch)
    root = rootfs.assemble(recipe, work, archives, log, on_line)
    remove = [*layer.TRIM, *image.remove]
    entries = list(image.entries)
    if image.variant == "distroless":
        remove += layer.TRIM_DISTROLESS
        entries = [*distroless.entries(root, [asdict(user) for user in image.users]), *entries]
    entries = [layer.Entry("tmp", 0o1777), layer.Entry("dev", 0o755), layer.Entry("proc", 0o755), layer.Entry("sys", 0o755), *entries]
    packed = layer.compose(root.tar, work / "layer.tar.gz", remove=remove, entries=entries, epoch=root.epoch)
    layout = Layout.create(folder)
    descriptor = layout.add_file(packed.path, names.LAYER)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(root.epoch))
    config = _config(image, architecture, created, str(packed.diff_id))
    layout.add_image(config, [descriptor], {names.CREATED: created, names.TITLE: image.name})
    (folder / "packages.json").write_text(json.dumps([f"{p.name}={p.version}" for p in root.packages], indent=1))
    shutil.rmtree(work)


def _config(image: Image, architecture: str, created: str, diff_id: str) -> dict[str, Any]:
    """The image configuration (OCI image specification 1.1, "Image Configuration")."""
    given = image.config
    inner: dict[str, Any] = {"Env": [f"{k}={v}" for k, v in sorted(({"PATH": _PATH} | dict(given.get("env") or {})).items())]}
    names = {"user": "User", "entrypoint": "Entrypoint", "cmd": "Cmd", "workdir": "WorkingDir", "stop_signal": "StopSignal", "labels": "Labels"}
    inner |= {target: given[name] for name, target in names.items() if given.get(name)}
    sets = {"exposed_ports": "ExposedPorts", "volumes": "Volumes"}
    inner |= {target: {str(value): {} for value in given[name]} for name, target in sets.items() if given.get(name)}
    return {
        "architecture": _GO_ARCHITECTURES.get(architecture, architecture),
        "os": "linux",
        "created": created,
        "config": inner,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": created, "created_by": f"slipway debian_image {image.variant} {image.suite} {' '.join(image.packages)}"}],
    }


def _directory(value: Mapping[str, Any]) -> layer.Entry:
    return layer.Entry(value["path"], _mode(value.get("mode") or "0755"), int(value.get("uid") or 0), int(value.get("gid") or 0))


def _file(value: Mapping[str, Any]) -> layer.Entry:
    if value.get("content") is not None:
        content = str(value["content"]).encode()
    elif value.get("src"):
        try:
            content = Path(value["src"]).read_bytes()
        except OSError as error:
            raise InvalidInput(f"the file {value['src']} for {value['dest']} cannot be read: {error.strerror}") from error
    else:
        raise InvalidInput(f"the file {value['dest']} has neither src nor content")
    return layer.Entry(value["dest"], _mode(value.get("mode") or "0644"), *layer.owner(value.get("owner") or "0:0"), content)


def _mode(text: str) -> int:
    try:
        return int(str(text), 8)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is not a file mode: write it in octal and quoted, for example '0755'") from error


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _DISK_NEEDED:
        raise InvalidInput(f"{folder} has {free >> 20} MiB free and building an image needs {_DISK_NEEDED >> 20} MiB; make room and run again", free=free)


def check_names(images: Sequence[Image]) -> None:
    """Refuse two images of one name: the second would silently stand in for the first."""
    names = [image.name for image in images]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InvalidInput(f"these image names are used twice: {', '.join(double)}")


architecture = apt.architecture
