# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON schema (draft 2020-12) of a workload: Score v1b1, and below ``metadata.slipway`` what Score does not say.

Written from the Score specification; ours are the bounds Kubernetes adds and the sentence in ``x-expected``, which
completes "is not ..." in an error. Lists and maps of files and volumes are told apart by ``if``, so that an error
inside one of them is reported as that error and not as "fits neither form".
"""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._document.schema import LABEL_TEXT, Schema, mapping, named, text, whole

_TYPE_NAME = r"^[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$"
_HOST_PART = r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
HOST = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"

PORT = whole(1, 65535)
COMMAND: Schema = {"type": "array", "items": text(), "x-expected": 'a list of texts, for example ["python", "-m", "hello"]'}
ANNOTATIONS = named(
    text(),
    rf"^({_HOST_PART}(\.{_HOST_PART})*/)?[A-Za-z0-9][A-Za-z0-9._-]{{0,61}}[A-Za-z0-9]$",
    "an annotation key: letters, digits, `.`, `_` and `-`, after an optional `host.name/`",
)

HTTP_PROBE = mapping(
    {
        "host": text(minLength=1),
        "scheme": {"enum": ["HTTP", "HTTPS"]},
        "path": text("a path, for example /readyz"),
        "port": PORT,
        "httpHeaders": {
            "type": "array",
            "items": mapping({"name": text("a header name", pattern=r"^[A-Za-z0-9_-]+$"), "value": text(minLength=1)}, ("name", "value")),
        },
    },
    ("port", "path"),
)
_HANDLERS: Schema = {"httpGet": HTTP_PROBE, "exec": mapping({"command": {**COMMAND, "minItems": 1}}, ("command",))}
_ONE_HANDLER: Schema = {"anyOf": [{"required": ["httpGet"]}, {"required": ["exec"]}], "x-one-of": ["httpGet", "exec"]}
PROBE = mapping(_HANDLERS, **_ONE_HANDLER)

AMOUNTS = mapping(
    {
        "memory": text("an amount of memory, for example 64Mi or 1.5G", pattern=r"^(0\.\d+|[1-9]\d*(\.\d+)?)(K|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"),
        "cpu": text("an amount of CPU, for example 50m or 1.5", pattern=r"^\d+(?:m|\.\d+)?$"),
    }
)

_FILE: Schema = {
    "mode": text('an octal mode in quotes, for example "0644"', pattern=r"^0?[0-7]{3}$"),
    "source": text("a path below the folder of score.yaml", minLength=1),
    "content": text(),
    "binaryContent": text("base64"),
    "noExpand": {"type": "boolean"},
}
_ONE_CONTENT: Schema = {
    "oneOf": [{"required": ["content"]}, {"required": ["binaryContent"]}, {"required": ["source"]}],
    "x-one-of": ["content", "binaryContent", "source"],
}
_TARGET = text("an absolute path in the container", minLength=1)
_VOLUME: Schema = {"source": text("a volume, for example ${resources.data}"), "path": text("a path inside the volume"), "readOnly": {"type": "boolean"}}


_KEY_IS_TARGET: Schema = {"x-unknown": {"target": "the key of the map is the target already: remove this line"}}


def _mounts(properties: Schema, required: tuple[str, ...], **more: Any) -> Schema:
    """The current form (a map of target paths) and the deprecated one (a list of items with ``target``)."""
    return {
        "if": {"type": "array"},
        "then": {"items": mapping({**properties, "target": _TARGET}, (*required, "target"), **more)},
        "else": {"type": "object", "additionalProperties": mapping(properties, required, **more, **_KEY_IS_TARGET), "x-expected": "a map of target paths"},
    }


CONTAINER = mapping(
    {
        "image": text('"." (the image built from this folder) or an image by digest', minLength=1),
        "command": COMMAND,
        "args": COMMAND,
        "variables": named(text('a text (numbers and yes/no in quotes: "8080")'), r"^[^=]+$", "the name of a variable"),
        "files": _mounts(_FILE, (), **_ONE_CONTENT),
        "volumes": _mounts(_VOLUME, ("source",)),
        "before": named(mapping({"ready": {"enum": ["started", "healthy", "complete"]}}, ("ready",))),
        "resources": mapping({"limits": AMOUNTS, "requests": AMOUNTS}),
        "livenessProbe": PROBE,
        "readinessProbe": PROBE,
    },
    ("image",),
)

RESOURCE = mapping(
    {
        "type": text("the type of a resource", pattern=_TYPE_NAME),
        "class": text("the class of a resource", pattern=_TYPE_NAME),
        "id": text("lower-case labels separated by dots", minLength=2, maxLength=63, pattern=r"^[a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)*$"),
        "metadata": {"type": "object", "properties": {"annotations": ANNOTATIONS}},
        "params": {"type": "object"},
    },
    ("type",),
)

_ONE_COMMAND: Schema = {"anyOf": [{"required": ["command"]}, {"required": ["args"]}], "x-one-of": ["command", "args"]}

SLIPWAY = mapping(
    {
        "build": mapping(
            {
                "containerfile": text("a path below the folder of score.yaml", minLength=1),
                "target": text("the name of a build stage", minLength=1),
                "tests": text("the name of the tests that run in every build, which a failing one stops", minLength=1),
                "args": named(text('a text (numbers in quotes: "3")'), r"^[A-Za-z_][A-Za-z0-9_]*$", "the name of a build argument"),
            }
        ),
        "migrate": mapping(
            {"command": {**COMMAND, "minItems": 1}, "args": {**COMMAND, "minItems": 1}, "timeoutSeconds": whole(1, 3600)},
            **_ONE_COMMAND,
        ),
        "startupProbe": mapping({**_HANDLERS, "periodSeconds": whole(1, 60), "failureThreshold": whole(1, 600)}, **_ONE_HANDLER),
        "autoscaling": mapping({"min": whole(1, 1000), "max": whole(1, 1000), "cpu": whole(1, 100)}, ("max",)),
        "objectives": mapping(
            {
                "availability": {"type": "number", "minimum": 50, "exclusiveMaximum": 100, "x-expected": "per cent of requests, for example 99.9"},
                "latency": mapping(
                    {
                        "quantile": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "x-expected": "a share, for example 0.99"},
                        "milliseconds": whole(1, 600_000),
                    },
                    ("quantile", "milliseconds"),
                ),
                "window": text("a number of days, for example 30d", pattern=r"^[1-9]\d*d$"),
            }
        ),
        "drainSeconds": whole(0, 600),
        "user": whole(1, 2_147_483_647),
    }
)

WORKLOAD: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "score.yaml for Slipway: Score v1b1 with metadata.slipway",
    **mapping(
        {
            "apiVersion": {"const": "score.dev/v1b1", "x-expected": "score.dev/v1b1"},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": LABEL_TEXT, "annotations": ANNOTATIONS, "slipway": SLIPWAY},
            },
            "service": mapping({"ports": named(mapping({"port": PORT, "protocol": {"enum": ["TCP", "UDP"]}, "targetPort": PORT}, ("port",)))}),
            "containers": named(CONTAINER, minProperties=1),
            "resources": named(RESOURCE),
        },
        ("apiVersion", "metadata", "containers"),
    ),
}
