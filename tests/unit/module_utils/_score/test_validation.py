# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every mistake in a score.yaml: the exact line, column and key, and what to write instead.

Each case is the file below with one line replaced; ``{n}`` numbers are the lines of that file.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.slipway.platform.plugins.module_utils._score.validate import check_text

GOOD = """\
apiVersion: score.dev/v1b1
metadata:
  name: hello
  annotations: {example.org/team: greeters}
  slipway:
    build: {containerfile: Containerfile, target: runtime, args: {LEVEL: "1"}}
    migrate: {command: [hello-migrate]}
    startupProbe: {httpGet: {port: 8080, path: /startupz}, periodSeconds: 1, failureThreshold: 30}
    autoscaling: {min: 2, max: 4, cpu: 70}
    objectives: {availability: 99.9, latency: {quantile: 0.99, milliseconds: 300}, window: 30d}
    drainSeconds: 10
containers:
  web:
    image: "."
    command: [hello]
    args: ["--port", "8080"]
    variables:
      PORT: "8080"
      HOST: ${resources.db.host}
      PASSWORD: ${resources.db.password}
    files:
      /etc/hello/a.toml: {content: "name = ${metadata.name}", mode: "0644"}
    volumes:
      /data: {source: "${resources.data}", path: sub, readOnly: true}
    resources:
      requests: {cpu: 50m, memory: 64Mi}
      limits: {cpu: "1", memory: 128Mi}
    livenessProbe: {httpGet: {port: 8080, path: /livez}}
    readinessProbe: {httpGet: {port: 8080, path: /readyz, scheme: HTTP}}
  setup:
    image: "."
    before: {web: {ready: complete}}
service:
  ports:
    http: {port: 80, targetPort: 8080, protocol: TCP}
    admin: {port: 9090}
resources:
  db: {type: postgres, class: small, id: shared.db}
  data: {type: volume, class: ephemeral, params: {size: 1Gi}}
  dns: {type: dns}
  public: {type: route, params: {host: "${resources.dns.host}", path: /, port: http}}
"""


def problems(text: str, folder: Path = Path("/nowhere")) -> list[str]:
    return [str(problem).removeprefix("score.yaml:") for problem in check_text(text, "score.yaml", folder)[1]]


def edited(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, f"{old!r} is there {GOOD.count(old)} times"
    return GOOD.replace(old, new)


def test_the_good_one_is_good() -> None:
    assert problems(GOOD) == []


FORM = [
    # the top
    ("apiVersion: score.dev/v1b1\n", "apiVersion: score.dev/v1\n", "1:13: apiVersion: `score.dev/v1` is not known here; write `score.dev/v1b1`"),
    ("apiVersion: score.dev/v1b1\n", "", "1:1: `apiVersion` is missing; it takes score.dev/v1b1"),
    ("apiVersion: ", "apiversion: ", "1:1: apiversion: unknown key; did you mean `apiVersion`?"),
    ("containers:\n", "container:\n", "12:1: container: unknown key; did you mean `containers`?"),
    ("resources:\n  db", "resource:\n  db", "37:1: resource: unknown key; did you mean `resources`?"),
    ("service:\n", "services:\n", "33:1: services: unknown key; did you mean `service`?"),
    # metadata
    ("  name: hello\n", "", "2:1: metadata: `name` is missing; it takes 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    ("name: hello\n", "name: Hello\n", "3:9: metadata.name: `Hello` is not 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    ("name: hello\n", "name: h\n", "3:9: metadata.name: `h` is not 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    ("name: hello\n", "name: hello-\n", "3:9: metadata.name: `hello-` is not 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    ("name: hello\n", "name: 12\n", '3:9: metadata.name: is a number, not a text; write it in quotes: "12"'),
    ("name: hello\n", "name:\n", "3:8: metadata.name: is empty, not a text; it takes 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    ("name: hello\n", f"name: {'a' * 64}\n", f"3:9: metadata.name: `{'a' * 64}` is not 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    ("greeters}", "1}", '4:35: metadata.annotations["example.org/team"]: is a number, not a text; write it in quotes: "1"'),
    (
        "example.org/team",
        "bad key",
        '4:17: metadata.annotations["bad key"]: the key `bad key` is not an annotation key: letters, digits, `.`, `_` and `-`, after an optional `host.name/`',
    ),
    # what is ours
    ("    build:", "    biuld:", "6:5: metadata.slipway.biuld: unknown key; did you mean `build`?"),
    ("containerfile:", "dockerfile:", "6:13: metadata.slipway.build.dockerfile: unknown key; known here: args, containerfile, target"),
    ('LEVEL: "1"', "LEVEL: 1", '6:74: metadata.slipway.build.args.LEVEL: is a number, not a text; write it in quotes: "1"'),
    ("{command: [hello-migrate]}", "{}", "7:5: metadata.slipway.migrate: needs `command` or `args`"),
    (
        "[hello-migrate]",
        "hello-migrate",
        '7:24: metadata.slipway.migrate.command: is a text, not a list; it takes a list of texts, for example ["python", "-m", "hello"]',
    ),
    ("[hello-migrate]", "[]", "7:15: metadata.slipway.migrate.command: is empty; it needs at least one entry"),
    ("failureThreshold: 30", "failureTreshold: 30", "8:78: metadata.slipway.startupProbe.failureTreshold: unknown key; did you mean `failureThreshold`?"),
    ("periodSeconds: 1,", "periodSeconds: 0,", "8:75: metadata.slipway.startupProbe.periodSeconds: `0` is not a whole number from 1 to 60"),
    ("max: 4", 'max: "4"', "9:32: metadata.slipway.autoscaling.max: is a text, not a whole number; write it without quotes: 4"),
    ("{min: 2, max: 4, cpu: 70}", "{min: 2}", "9:5: metadata.slipway.autoscaling: `max` is missing; it takes a whole number from 1 to 1000"),
    ("cpu: 70", "cpu: 101", "9:40: metadata.slipway.autoscaling.cpu: `101` is not a whole number from 1 to 100"),
    ("availability: 99.9", "availability: 100", "10:32: metadata.slipway.objectives.availability: `100` is not per cent of requests, for example 99.9"),
    ("availability:", "avaliability:", "10:18: metadata.slipway.objectives.avaliability: unknown key; did you mean `availability`?"),
    ("window: 30d", "window: 30", '10:92: metadata.slipway.objectives.window: is a number, not a text; write it in quotes: "30"'),
    ("drainSeconds: 10", "drainSeconds: ten", "11:19: metadata.slipway.drainSeconds: is a text, not a whole number; it takes a whole number from 0 to 600"),
    # containers
    ("  web:\n", "  Web:\n", "13:3: containers.Web: the key `Web` is not 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    (
        '    image: "."\n    command',
        "    command",
        '13:3: containers.web: `image` is missing; it takes "." (the image built from this folder) or an image by digest',
    ),
    ('    image: "."\n    command', "    image:\n    command", "14:11: containers.web.image: is empty, not a text"),
    ("    variables:", "    variabels:", "17:5: containers.web.variabels: unknown key; did you mean `variables`?"),
    ("    variables:", "    env:", "17:5: containers.web.env: unknown key; known here: args, before, command, files, image, livenessProbe, readinessProbe, "),
    ("    livenessProbe:", "    liveness_probe:", "28:5: containers.web.liveness_probe: unknown key; did you mean `livenessProbe`?"),
    ("    livenessProbe:", "    startupProbe:", "28:5: containers.web.startupProbe: unknown key; known here: "),
    ('PORT: "8080"', "PORT: 8080", '18:13: containers.web.variables.PORT: is a number, not a text; write it in quotes: "8080"'),
    ('PORT: "8080"', "PORT: yes", '18:13: containers.web.variables.PORT: is true or false, not a text; write it in quotes: "yes"'),
    ('PORT: "8080"', "PORT: 1.50", '18:13: containers.web.variables.PORT: is a number, not a text; write it in quotes: "1.50"'),
    ('PORT: "8080"', "PORT:", '18:12: containers.web.variables.PORT: is empty, not a text; it takes a text (numbers and yes/no in quotes: "8080")'),
    ('PORT: "8080"', "PORT: {a: b}", "18:13: containers.web.variables.PORT: is a map of keys, not a text"),
    ("command: [hello]", "command: hello --fast", "15:14: containers.web.command: is a text, not a list; it takes a list of texts"),
    ('"8080"]', "8080]", '16:22: containers.web.args[1]: is a number, not a text; write it in quotes: "8080"'),
    ('mode: "0644"', "mode: 0644", '22:69: containers.web.files["/etc/hello/a.toml"].mode: is a number, not a text; write it in quotes: "0644"'),
    ('mode: "0644"', 'mode: "0888"', '22:69: containers.web.files["/etc/hello/a.toml"].mode: `0888` is not an octal mode in quotes, for example "0644"'),
    ('{content: "name = ${metadata.name}", ', "{", '22:7: containers.web.files["/etc/hello/a.toml"]: needs one of `content`, `binaryContent` or `source`'),
    ('mode: "0644"', "source: x", '22:63: containers.web.files["/etc/hello/a.toml"].source: only one of `content`, `binaryContent` or `source` may be given'),
    (
        'mode: "0644"',
        "target: /x",
        '22:63: containers.web.files["/etc/hello/a.toml"].target: unknown key; the key of the map is the target already: remove this line',
    ),
    ("      /etc/hello/a.toml: {content:", "      - {target: /a, contents:", "22:22: containers.web.files[0].contents: unknown key; did you mean `content`?"),
    (
        "      /etc/hello/a.toml: {content:",
        "      - {content:",
        "22:9: containers.web.files[0]: `target` is missing; it takes an absolute path in the container",
    ),
    ("readOnly: true", 'readOnly: "true"', '24:65: containers.web.volumes["/data"].readOnly: is a text, not true or false'),
    ('{source: "${resources.data}", ', "{", '24:7: containers.web.volumes["/data"]: `source` is missing; it takes a volume, for example ${resources.data}'),
    ("memory: 64Mi", "memory: 64MB", "26:36: containers.web.resources.requests.memory: `64MB` is not an amount of memory, for example 64Mi or 1.5G"),
    ("cpu: 50m", "cpu: 50%", "26:23: containers.web.resources.requests.cpu: `50%` is not an amount of CPU, for example 50m or 1.5"),
    ('cpu: "1"', "cpu: 1", '27:21: containers.web.resources.limits.cpu: is a number, not a text; write it in quotes: "1"'),
    ("      limits:", "      limit:", "27:7: containers.web.resources.limit: unknown key; did you mean `limits`?"),
    ("{httpGet: {port: 8080, path: /livez}}", "{}", "28:5: containers.web.livenessProbe: needs `httpGet` or `exec`"),
    (
        "{httpGet: {port: 8080, path: /livez}}",
        "{tcpSocket: {port: 1}}",
        "28:21: containers.web.livenessProbe.tcpSocket: unknown key; known here: exec, httpGet",
    ),
    ("{httpGet: {port: 8080, path: /livez}}", "{httpget: {port: 1}}", "28:21: containers.web.livenessProbe.httpget: unknown key; did you mean `httpGet`?"),
    ("{port: 8080, path: /livez}", "{path: /livez}", "28:21: containers.web.livenessProbe.httpGet: `port` is missing; it takes a whole number from 1 to 65535"),
    (
        "{port: 8080, path: /livez}",
        "{port: http, path: /livez}",
        "28:37: containers.web.livenessProbe.httpGet.port: is a text, not a whole number; it takes a whole",
    ),
    (
        "{port: 8080, path: /livez}",
        "{port: 70000, path: /livez}",
        "28:37: containers.web.livenessProbe.httpGet.port: `70000` is not a whole number from 1 to 65535",
    ),
    ("scheme: HTTP", "scheme: http", "29:67: containers.web.readinessProbe.httpGet.scheme: `http` is not one of HTTP, HTTPS; did you mean `HTTP`?"),
    (
        "ready: complete",
        "ready: completed",
        "32:27: containers.setup.before.web.ready: `completed` is not one of started, healthy, complete; did you mean `complete`?",
    ),
    # service
    ("    http: {port: 80,", "    http: {prot: 80,", "35:12: service.ports.http.prot: unknown key; did you mean `port`?"),
    ("    http: {port: 80,", "    http: {", "35:5: service.ports.http: `port` is missing; it takes a whole number from 1 to 65535"),
    ("protocol: TCP", "protocol: tcp", "35:50: service.ports.http.protocol: `tcp` is not one of TCP, UDP; did you mean `TCP`?"),
    ("    admin: {port: 9090}", "    admin: 9090", "36:12: service.ports.admin: is a number, not a map of keys"),
    ("    admin:", "    a:", "36:5: service.ports.a: the key `a` is not 2 to 63 of a-z, 0-9 and -, not beginning or ending with -"),
    # resources
    ("{type: postgres, ", "{", "38:3: resources.db: `type` is missing; it takes the type of a resource"),
    ("{type: postgres, ", "{kind: postgres, ", "38:8: resources.db.kind: unknown key; known here: class, id, metadata, params, type"),
    ("id: shared.db", "id: Shared", "38:42: resources.db.id: `Shared` is not lower-case labels separated by dots"),
]


@pytest.mark.parametrize(("old", "new", "expected"), FORM)
def test_form(old: str, new: str, expected: str) -> None:
    found = problems(edited(old, new))
    assert found, "nothing was found"
    assert any(line.startswith(expected) for line in found), "\n".join(found)


MEANING = [
    ("name: hello\n", "name: 1hello\n", "3:9: metadata.name: begins with a digit, and the name of a Kubernetes Service begins with a letter"),
    ("  slipway:\n", "  slipwya:\n", "5:3: metadata.slipwya: unknown key; did you mean `slipway`?"),
    ("  annotations:", "  anotations:", "4:3: metadata.anotations: unknown key; did you mean `annotations`?"),
    (
        "containerfile: Containerfile",
        "containerfile: ../Containerfile",
        "6:28: metadata.slipway.build.containerfile: `../Containerfile` leaves the folder of score.yaml; ",
    ),
    ("min: 2,", "min: 5,", "9:24: metadata.slipway.autoscaling.min: 5 is more than max, 4"),
    (
        "class: ephemeral, ",
        "",
        "9:5: metadata.slipway.autoscaling: the volume `data` can be held by one pod only; remove `autoscaling`, or make the volume `class: ephemeral`",
    ),
    # images
    (
        '    image: "."\n    command',
        "    image: nginx\n    command",
        '14:12: containers.web.image: `nginx` does not say which image it is; write "." for the image built',
    ),
    ('    image: "."\n    command', "    image: nginx:latest\n    command", "14:12: containers.web.image: `nginx:latest` does not say which image it is"),
    (
        '    image: "."\n    command',
        "    image: nginx@sha256:abc\n    command",
        "14:12: containers.web.image: `nginx@sha256:abc` does not say which image it is",
    ),
    # placeholders
    (
        "${resources.db.host}",
        "${resources.bd.host}",
        "19:13: containers.web.variables.HOST: `${resources.bd.host}` names no resource of this file; did you mean `db`?",
    ),
    (
        "${resources.db.host}",
        "${resources.db.hots}",
        "19:13: containers.web.variables.HOST: a resource of type postgres has no output `hots`; did you mean `host`?",
    ),
    (
        "${resources.db.host}",
        "${resources.db}",
        "19:13: containers.web.variables.HOST: `${resources.db}` names no output; known here: database, host, name, password, ",
    ),
    ("${resources.db.host}", "${resources.db.a.b}", "19:13: containers.web.variables.HOST: `${resources.db.a.b}` names no output; known here: database"),
    (
        "${resources.db.host}",
        "${resource.db.host}",
        "19:13: containers.web.variables.HOST: `${resource.db.host}` begins neither with `resources.` nor with `metadata.`; did you mean `resources`?",
    ),
    (
        "${resources.db.host}",
        "${HOME}",
        "19:13: containers.web.variables.HOST: `${HOME}` begins neither with `resources.` nor with `metadata.`; write `$${HOME}` for the characters themselves",
    ),
    (
        "${resources.db.host}",
        "${resources.db.host",
        "19:13: containers.web.variables.HOST: `${` is never closed; close it with `}`, or write `$${` for the characters themselves",
    ),
    (
        "${resources.db.host}",
        '"a ${} b"',
        "19:13: containers.web.variables.HOST: `${}` is not a placeholder; write `${resources.<name>.<output>}` or `${metadata.name}`",
    ),
    (
        "${resources.db.host}",
        "${resources.public.host}${metadata.nmae}",
        "19:13: containers.web.variables.HOST: `${metadata.nmae}` is not in the metadata; did you mean `name`?",
    ),
    ("${resources.db.host}", "${metadata.annotations}", "19:13: containers.web.variables.HOST: `${metadata.annotations}` is not a single value"),
    ("${resources.db.host}", "${resources.data.size}", "19:13: containers.web.variables.HOST: a resource of type volume has no output `size`"),
    (
        "name = ${metadata.name}",
        "x = ${metadata.nme}",
        '22:36: containers.web.files["/etc/hello/a.toml"].content: `${metadata.nme}` is not in the metadata; did you mean `name`?',
    ),
    (
        "name = ${metadata.name}",
        "x = ${resources.db.password}",
        '22:36: containers.web.files["/etc/hello/a.toml"].content: the secret `${resources.db.password}` cannot be a part of a file; '
        "read it from /bindings/db/password or ",
    ),
    (
        '"--port", "8080"',
        '"--host", "${resources.db.host}"',
        "16:22: containers.web.args[1]: placeholders are not expanded here; put it into `variables` and write `$(NAME)` in `args`",
    ),
    (
        "command: [hello]",
        'command: ["${metadata.name}"]',
        "15:15: containers.web.command[0]: placeholders are not expanded here; put it into `variables` and write `$(NAME)` in `command`",
    ),
    # variables
    (
        'PORT: "8080"',
        'my-port: "8080"',
        "18:7: containers.web.variables.my-port: `my-port` is not the name of a variable (letters, digits and _, not beginning with a digit); "
        "for example MY_PORT",
    ),
    ('PORT: "8080"', '1PORT: "8080"', "18:7: containers.web.variables.1PORT: `1PORT` is not the name of a variable"),
    ('PORT: "8080"', "SERVICE_BINDING_ROOT: /x", "18:7: containers.web.variables.SERVICE_BINDING_ROOT: is set by the platform, to /bindings; remove it"),
    # amounts
    (
        "requests: {cpu: 50m, memory: 64Mi}",
        "requests: {memory: 1Gi}",
        "26:26: containers.web.resources.requests.memory: requests 1Gi, more than its limit of 128Mi",
    ),
    ("requests: {cpu: 50m, memory: 64Mi}", 'requests: {cpu: "1.5"}', "26:23: containers.web.resources.requests.cpu: requests 1.5, more than its limit of 1"),
    # files and volumes
    (
        "/etc/hello/a.toml:",
        "etc/a.toml:",
        '22:7: containers.web.files["etc/a.toml"]: `etc/a.toml` is not an absolute path in the container; for example /etc/hello/settings.toml',
    ),
    ("/etc/hello/a.toml:", "/etc/../a:", '22:7: containers.web.files["/etc/../a"]: `/etc/../a` is not an absolute path in the container'),
    ("/etc/hello/a.toml:", "/bindings/db/host:", '22:7: containers.web.files["/bindings/db/host"]: /bindings belongs to the platform; choose another folder'),
    (
        'content: "name = ${metadata.name}"',
        "binaryContent: ä",
        '22:42: containers.web.files["/etc/hello/a.toml"].binaryContent: is not base64 (RFC 4648, section 4)',
    ),
    (
        'content: "name = ${metadata.name}"',
        "source: ../x",
        '22:35: containers.web.files["/etc/hello/a.toml"].source: `../x` leaves the folder of score.yaml; write a path below it',
    ),
    (
        'content: "name = ${metadata.name}"',
        "source: /etc/passwd",
        '22:35: containers.web.files["/etc/hello/a.toml"].source: `/etc/passwd` leaves the folder of score.yaml',
    ),
    ('content: "name = ${metadata.name}"', "source: x", '22:35: containers.web.files["/etc/hello/a.toml"].source: there is no file x in /nowhere'),
    (
        '"${resources.data}"',
        '"${resources.dta}"',
        '24:23: containers.web.volumes["/data"].source: `${resources.dta}` is not a volume of this file; did you mean `${resources.data}`?',
    ),
    ('"${resources.data}"', "data", '24:23: containers.web.volumes["/data"].source: `data` is not a volume of this file; did you mean `${resources.data}`?'),
    ('"${resources.data}"', '"${resources.db}"', '24:23: containers.web.volumes["/data"].source: `${resources.db}` is not a volume of this file'),
    ("path: sub", "path: ../sub", '24:50: containers.web.volumes["/data"].path: `../sub` leaves the volume; write a path inside it'),
    # order of containers
    ("before: {web:", "before: {wbe:", "32:14: containers.setup.before.wbe: `wbe` is not another container of this file; did you mean `web`?"),
    ("before: {web:", "before: {setup:", "32:14: containers.setup.before.setup: `setup` is not another container of this file; known here: web"),
    (
        "ready: complete",
        "ready: healthy",
        "32:27: containers.setup.before.web.ready: `setup` has no probe that could say it is healthy; add a `readinessProbe`, or wait for `started`",
    ),
    (
        "    command: [hello]\n",
        "    before: {setup: {ready: started}}\n",
        "15:14: containers.web.before.setup: `setup` comes before `web` already, so neither could start first",
    ),
    # service
    ("    admin: {port: 9090}", "    admin: {port: 80}", "36:19: service.ports.admin.port: port 80/TCP is taken by `http` already; choose another"),
    (
        "    readinessProbe: {httpGet: {port: 8080, path: /readyz, scheme: HTTP}}\n",
        "",
        "13:3: containers.web: a workload with ports needs a `readinessProbe`; without one, requests reach",
    ),
    # resources
    ("type: postgres,", "type: postgers,", "38:14: resources.db.type: `postgers` is not a type of resource here; did you mean `postgres`?"),
    (
        "type: postgres,",
        "type: mysql,",
        "38:14: resources.db.type: `mysql` is not a type of resource here; known here: dns, postgres, redis, route, secret, service, volume",
    ),
    ("class: ephemeral", "class: ephemral", "39:31: resources.data.class: a volume has no class `ephemral`; did you mean `ephemeral`?"),
    ("{size: 1Gi}", "{sise: 1Gi}", "39:51: resources.data.params.sise: unknown key; did you mean `size`?"),
    ("{size: 1Gi}", "{size: big}", "39:57: resources.data.params.size: `big` is not an amount of storage, for example 1Gi"),
    ("dns: {type: dns}", "dns: {type: dns, params: {host: x}}", "40:29: resources.dns.params.host: unknown key"),
    (", port: http}", "}", "41:25: resources.public.params: `port` is missing; it takes the number or the name of a port"),
    (
        'type: route, params: {host: "${resources.dns.host}", path: /, port: http}',
        "type: route",
        "41:3: resources.public: a route needs `host` and `port`; write them under `params`",
    ),
    (", port: http}", ", port: htpp}", "41:80: resources.public.params.port: `htpp` is not a port of this service; did you mean `http`?"),
    (", port: http}", ", port: 8080}", "41:80: resources.public.params.port: `8080` is not a port of this service; known here: admin, http"),
    (
        ", port: http}",
        ", port: [80]}",
        "41:80: resources.public.params.port: is a list, not a whole number or a text; it takes the number or the name of a port",
    ),
    ("path: /,", "path: hello,", "41:71: resources.public.params.path: `hello` is not a path that begins with /"),
    (
        '"${resources.dns.host}"',
        "https://hello.example.org/",
        "41:40: resources.public.params.host: `https://hello.example.org/` is not a host name; write it without scheme, port and path",
    ),
    (
        '"${resources.dns.host}"',
        '"${resources.dns.hots}"',
        "41:40: resources.public.params.host: a resource of type dns has no output `hots`; did you mean `host`?",
    ),
    (
        '"${resources.dns.host}"',
        '"${resources.db.host}"',
        "41:40: resources.public.params.host: `${resources.db.host}` cannot be used in a parameter; parameters take outputs of `dns`",
    ),
    ("protocol: TCP", "protocol: UDP", "41:80: resources.public.params.port: is a UDP port, and a route carries HTTP"),
    ("  dns: {type: dns}\n", "  dns: {type: dns}\n  hello: {type: service}\n", "41:3: resources.hello: is this service itself"),
]


@pytest.mark.parametrize(("old", "new", "expected"), MEANING)
def test_meaning(old: str, new: str, expected: str) -> None:
    found = problems(edited(old, new))
    assert found, "nothing was found"
    assert any(line.startswith(expected) for line in found), "\n".join(found)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("    variables:", "    variabels:").replace("name: hello", "name: Hello").replace("protocol: TCP", "protocol: tcp")
    assert [line.split(": ")[1] for line in problems(text)] == ["metadata.name", "containers.web.variabels", "service.ports.http.protocol"]


def test_form_and_meaning_are_told_together() -> None:
    text = GOOD.replace("    variables:", "    variabels:").replace(", port: http}", ", port: htpp}").replace("command: [hello]", "command: hello")
    assert [line.split(": ")[1] for line in problems(text)] == ["containers.web.command", "containers.web.variabels", "resources.public.params.port"]


def test_what_follows_from_a_mistake_is_not_told() -> None:
    """Without `resources`, every placeholder would be unknown; without the misspelt probe, there would be none."""
    assert len(problems(edited("resources:\n  db", "ressources:\n  db"))) == 1
    assert len(problems(edited("    readinessProbe:", "    readynessProbe:"))) == 1


def test_one_misspelt_key_is_one_problem() -> None:
    """Not also "name is missing"."""
    assert problems(edited("  name: hello\n", "  nmae: hello\n")) == ["3:3: metadata.nmae: unknown key; did you mean `name`?"]


def test_in_a_block_the_line_is_that_of_the_placeholder() -> None:
    block = "content: |\n          a\n          b = ${resources.bd.host}\n          c\n"
    text = edited('      /etc/hello/a.toml: {content: "name = ${metadata.name}", mode: "0644"}\n', f"      /etc/hello/a.toml:\n        {block}")
    assert problems(text)[0].startswith('25:1: containers.web.files["/etc/hello/a.toml"].content: `${resources.bd.host}` names no resource')


def test_a_secret_as_the_whole_file_is_fine() -> None:
    assert problems(edited("name = ${metadata.name}", "${resources.db.password}")) == []


def test_without_expansion_anything_goes() -> None:
    assert problems(edited('{content: "name = ${metadata.name}", mode: "0644"}', '{content: "${HOME} ${resources.db.password}", noExpand: true}')) == []


def test_escaped_placeholders_are_text() -> None:
    assert problems(edited("${resources.db.host}", "$${resources.bd.host}")) == []


def test_a_source_is_read_and_checked(tmp_path: Path) -> None:
    text = edited('content: "name = ${metadata.name}"', "source: a.toml")
    (tmp_path / "b.toml").write_text("x")
    assert problems(text, tmp_path) == [
        f'22:35: containers.web.files["/etc/hello/a.toml"].source: there is no file a.toml in {tmp_path}; did you mean `b.toml`?'
    ]
    (tmp_path / "a.toml").write_text("a ${metadata.name}\n")
    assert problems(text, tmp_path) == []
    (tmp_path / "a.toml").write_text("a ${HOME}\n")
    assert problems(text, tmp_path)[0].endswith("write `$${HOME}` for the characters themselves, or set `noExpand: true`")
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    assert problems(text, tmp_path)[0].endswith("a.toml is not UTF-8 text; use `binaryContent`, or put it into the image")


def test_a_link_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("secret")
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "a.toml").symlink_to(outside)
    assert "leaves the folder of score.yaml" in problems(edited('content: "name = ${metadata.name}"', "source: a.toml"), folder)[0]


def test_files_must_fit_a_config_map() -> None:
    assert "a ConfigMap holds 1 MiB" in problems(edited("name = ${metadata.name}", "x" * 950_000))[0]


@pytest.mark.parametrize("text", ["[]", "just text", "3", "null", "containers: []", "metadata: []\nservice: 1", "containers: {web: }", "resources: {a: [b]}"])
def test_anything_else_is_refused_and_never_crashes(text: str) -> None:
    assert problems(text)


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        found += paths(child, (*path, key))
    return found


JUNK: list[object] = [None, 1, -1.5, True, "", "x", "${", "${resources.db.host}", [], ["x"], {}, {"x": "y"}]


@pytest.mark.parametrize("turn", range(2))
def test_whatever_stands_anywhere_never_crashes(turn: int) -> None:
    """Every value of the good file replaced by junk, each time another kind: a problem in words, or fine."""
    good = yaml.safe_load(GOOD)
    for index, path in enumerate(paths(good)):
        data = copy.deepcopy(good)
        parent = functools.reduce(lambda node, key: node[key], path[:-1], data)
        parent[path[-1]] = JUNK[(5 * index + 6 * turn) % len(JUNK)]
        for line in problems(json.dumps(data)):
            assert re.match(r"\d+:\d+: \S", line)
