# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building an image from a Containerfile with buildah(1), so that its bytes follow from source and bases alone.

buildah's layers carry the times of when they were made, or of when a cached step was; they are packed anew here. Layers of the base
are taken over as the base has them, so that a registry and a node keep them once.
"""

from __future__ import annotations

import re
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._image import layer, machine
from ansible_collections.slipway.platform.plugins.module_utils._image.source import Source, copy
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Credential, config_json
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor, Layout

_DEADLINE = 1800.0
_STEP = re.compile(r"^(?:\[\d+/\d+\] )?STEP (\d+)/(\d+): (.*)$")
_DISK_NEEDED = 1 << 30
_SHOWN_LINES = 20


@dataclass(frozen=True)
class Access:
    """How buildah gets the bases: the registry's credentials and certificates. ``credential`` is asked where there is no ``auth_file``."""

    host: str
    ca_file: Path | None
    auth_file: Path | None
    credential: Callable[[], Credential | None] = lambda: None


@dataclass(frozen=True)
class Recipe:
    """What to build and from what. ``stage`` is the one that is the image, or empty for the last; ``bases`` become build arguments.

    ``base_layers`` are those of the bases, compressed already, by their ``diff_id``.
    """

    name: str
    source: Source
    containerfile: str
    stage: str
    bases: Mapping[str, str]
    arguments: Mapping[str, str]
    base_layers: Mapping[str, Descriptor]


def build(recipe: Recipe, folder: Path, access: Access, environment: Mapping[str, str], annotated: Mapping[str, str], on_step: Callable[[str], None]) -> Layout:
    """Build into ``folder`` and return the layout; layers of the base are named in it, but their bytes stay in the registry.

    ``folder/raw`` keeps the image as buildah made it, with all its layers, for a scan.
    """
    free = shutil.disk_usage(folder).free
    if free < _DISK_NEEDED:
        raise InvalidInput(f"{folder} has {free >> 20} MiB free and building {recipe.name} needs {_DISK_NEEDED >> 20} MiB; make room", free=free)
    context = folder / "context"
    context.mkdir()
    copy(recipe.source, context)
    image = _buildah_build(recipe, folder, context, access, environment, on_step)
    raw = folder / "raw"
    push = [_command.find("buildah", "buildah"), "push", "--quiet", "--disable-compression", "--format=oci", image, f"oci:{raw}"]
    _command.run(push, deadline=_DEADLINE, env=environment)
    return _repack(Layout(raw), Layout.create(folder / "layout"), recipe, annotated)


def _buildah_build(recipe: Recipe, folder: Path, context: Path, access: Access, environment: Mapping[str, str], on_step: Callable[[str], None]) -> str:
    settings = folder / "pip.conf"
    settings.touch(mode=0o600)
    settings.write_text(machine.pip_conf(machine.read_pip_settings()))
    identity = folder / "image-id"
    argv = [_command.find("buildah", "buildah"), "build", "--isolation=chroot", "--format=oci", "--layers", "--force-rm", "--identity-label=false"]
    argv += [f"--timestamp={recipe.source.epoch}", f"--iidfile={identity}", f"--file={context / recipe.containerfile}", f"--secret=id=pip,src={settings}"]
    # What is left out was left out of the context already.
    argv.append("--ignorefile=/dev/null")
    if recipe.stage:
        argv.append(f"--target={recipe.stage}")
    given = folder / "auth.json"
    if auth_file := access.auth_file or _kept(access, given):
        argv.append(f"--authfile={auth_file}")
    if access.ca_file:
        certificates = folder / "certificates"
        certificates.mkdir()
        shutil.copy(access.ca_file, certificates / "ca.crt")
        argv.append(f"--cert-dir={certificates}")
    bundle = machine.bundle()
    if bundle:
        argv.append(f"--volume={bundle}:{machine.BUNDLE_INSIDE}:ro")
    argv += [f"--build-arg={name}={value}" for name, value in sorted({**recipe.bases, **recipe.arguments}.items())]
    shown = _Output(recipe.name, on_step)
    try:
        # buildah tells its steps on standard output, what they print goes to both.
        merged = ["/bin/sh", "-c", 'exec "$0" "$@" 1>&2', *argv, str(context)]
        _command.run(merged, deadline=_DEADLINE, env=environment, on_line=shown.take, log=folder / "build.log")
    except CommandFailed as error:
        last = list(shown.lines)
        message = f"building {recipe.name} failed at {shown.step or 'its start'}\n" + "\n".join(last)
        raise CommandFailed(message, step=shown.step, last_lines=last, status=error.facts.get("status")) from None
    finally:
        given.unlink(missing_ok=True)
    return identity.read_text().strip()


def _kept(access: Access, path: Path) -> Path | None:
    """A file for buildah with the credential that the registry's own provider gives; None if it gives none."""
    credential = access.credential()
    if credential is None:
        return None
    path.touch(mode=0o600)
    path.write_text(config_json({access.host: credential}))
    return path


class _Output:
    """What a build prints: the current step and the last lines."""

    def __init__(self, name: str, on_step: Callable[[str], None]) -> None:
        self._name, self._on_step = name, on_step
        self.step = ""
        self.lines: deque[str] = deque(maxlen=_SHOWN_LINES)

    def take(self, line: str) -> None:
        self.lines.append(line)
        match = _STEP.match(line)
        if match:
            self.step = f"STEP {match[1]}/{match[2]}: {match[3]}"
            self._on_step(f"image {self._name}: {self.step[:120]}")


def _repack(raw: Layout, layout: Layout, recipe: Recipe, annotated: Mapping[str, str]) -> Layout:
    manifest = raw.manifest()
    config = raw.read_json(Descriptor.from_json(manifest["config"]).digest)
    layers: list[Descriptor] = []
    diff_ids: list[str] = []
    for old, diff_id in zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True):
        known = recipe.base_layers.get(diff_id)
        if known is not None:
            layers.append(known)
            diff_ids.append(diff_id)
            continue
        packed = layer.repack(raw.blob(Descriptor.from_json(old).digest), layout.path / "layer", recipe.source.epoch)
        layers.append(layout.add_file(packed.path, names.LAYER))
        diff_ids.append(str(packed.diff_id))
    layout.add_image(_config(config, diff_ids, recipe.source.epoch), layers, annotated)
    return layout


def _config(old: Mapping[str, Any], diff_ids: list[str], epoch: int) -> dict[str, Any]:
    """buildah's configuration with the layers as packed and every time as the commit's."""
    created = timestamp(epoch)
    steps = [{**{k: v for k, v in step.items() if k in ("created_by", "empty_layer")}, "created": created} for step in old.get("history", [])]
    kept = {key: old[key] for key in ("architecture", "os", "config") if key in old}
    return {**kept, "created": created, "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": steps}


def timestamp(epoch: int) -> str:
    """RFC 3339, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
