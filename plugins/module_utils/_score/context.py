# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known while one service is rendered, and what its placeholders become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score.inputs import Binding, Gateway, Image, Service, Settings
from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import Reference, Template, parse
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import Container, Port, Resource, Workload

Manifest = dict[str, Any]

ANNOTATION = "slipway.platform"


@dataclass(frozen=True)
class SecretKey:
    """A value that only the pod will see: an entry of a Secret."""

    secret: str
    key: str


Part = str | SecretKey


@dataclass(frozen=True)
class Route:
    """An address from outside: ``path`` is a prefix, ``port`` the service's."""

    resource: str
    host: str
    path: str
    port: Port
    seconds: int


@dataclass(frozen=True)
class Context:
    """One service of an environment. ``others`` are all workloads of the set by name, this one included."""

    workload: Workload
    service: Service
    settings: Settings
    image: Image | None
    bindings: Mapping[tuple[str, str], Binding]
    gateway: Gateway | None
    others: Mapping[str, Workload]

    # -- names and labels ---------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.workload.name

    def selector(self, component: str = "service") -> dict[str, str]:
        """What selects the pods of this service: never changes, since a Deployment's selector cannot."""
        return selector(self.name, component)

    def labels(self, component: str = "service") -> dict[str, str]:
        """The recommended labels of Kubernetes, except the version."""
        return {**self.selector(component), "app.kubernetes.io/managed-by": "slipway", "app.kubernetes.io/part-of": self.settings.part_of}

    def metadata(self, name: str, component: str = "service", annotations: Mapping[str, str] | None = None) -> Manifest:
        base: Manifest = {"name": name, "namespace": self.settings.namespace, "labels": self.labels(component)}
        return base | ({"annotations": dict(annotations)} if annotations else {})

    # -- what placeholders become -------------------------------------------------------------------------------------

    def parts(self, template: Template) -> list[Part]:
        """The value with its references replaced: texts joined, secrets as references to their entries."""
        joined: list[Part] = []
        for part in template.resolve(str, self._value):
            if isinstance(part, str) and joined and isinstance(joined[-1], str):
                joined[-1] += part
            else:
                joined.append(part)
        return joined

    def text(self, value: Any) -> str:
        """A parameter as text: checked before to hold no secret."""
        return "".join(str(part) for part in self.parts(parse(str(value))))

    def _value(self, reference: Reference) -> Part:
        if reference.path[0] == "metadata":
            value: Any = {"name": self.name, "annotations": self.workload.annotations}
            for step in reference.path[1:]:
                value = value[step]
            return str(value)
        resource = self.workload.resources[reference.path[1]]
        output = reference.path[2]
        if TYPES[resource.type].binding:
            return self._bound(resource, output)
        resolve = {"dns": self._dns, "route": self._route_output, "service": self._service_output}[resource.type]
        return resolve(resource)[output]

    def _bound(self, resource: Resource, output: str) -> Part:
        binding = self.binding(resource)
        known = {"host": binding.backing.host, "port": binding.backing.port, "name": binding.database, "database": binding.database}
        value = known.get(output)
        if value is not None:
            return str(value)
        key = TYPES[resource.type].outputs[output].key
        assert key is not None
        return SecretKey(binding.secret, key)

    def _dns(self, resource: Resource) -> dict[str, str]:
        host = self.hosts[resource.name]
        return {"host": host, "url": f"https://{host}{self.gateway.suffix if self.gateway else ''}"}

    def _route_output(self, resource: Resource) -> dict[str, str]:
        route = next(route for route in self.routes if route.resource == resource.name)
        return {"host": route.host, "path": route.path, "url": self.url(route)}

    def _service_output(self, resource: Resource) -> dict[str, str]:
        name, port = self.dependency(resource)
        return {"name": name, "host": name, "hostname": name, "port": str(port.number), "url": f"http://{name}{'' if port.number == 80 else f':{port.number}'}"}

    # -- what the service has -----------------------------------------------------------------------------------------

    def binding(self, resource: Resource) -> Binding:
        """Raises ``InvalidInput`` if nobody has made the binding yet."""
        binding = self.bindings.get((self.name, resource.name))
        if binding is None:
            raise InvalidInput(
                f"service {self.name} asks for the {resource.type} resource `{resource.name}`, but no binding for it was given; "
                f"run the role that makes it first (--tags {resource.type if resource.type != 'secret' else 'secrets'})",
                service=self.name,
                resource=resource.name,
            )
        return binding

    @cached_property
    def bound(self) -> list[tuple[Resource, Binding]]:
        """The resources that come as a Secret, by name."""
        return [(item, self.binding(item)) for _, item in sorted(self.workload.resources.items()) if TYPES[item.type].binding]

    @cached_property
    def hosts(self) -> dict[str, str]:
        """The host name of each ``dns`` resource: the inventory's, else the service's name below the environment's domain."""
        host = self.service.host or f"{self.name}.{self.settings.domain}"
        found: dict[str, str] = {}
        for resource in self.workload.of_type("dns"):
            found[resource.name] = self.service.hosts.get(resource.name) or (f"{resource.name}-{host}" if found else host)
        return found

    @cached_property
    def routes(self) -> list[Route]:
        routes = []
        for resource in self.workload.of_type("route"):
            port = self.workload.port(resource.params["port"])
            assert port is not None  # checked before
            seconds = resource.params.get("timeoutSeconds", self.settings.route_seconds)
            routes.append(Route(resource.name, self.text(resource.params["host"]), self.text(resource.params.get("path", "/")), port, seconds))
        return routes

    def url(self, route: Route) -> str:
        return f"https://{route.host}{self.gateway.suffix if self.gateway else ''}{route.path}"

    def dependency(self, resource: Resource) -> tuple[str, Port]:
        """The service and port that a resource of type ``service`` means."""
        name = self.workload.dependency(resource)
        port = self.others[name].port(resource.params.get("port"))
        assert port is not None  # checked before
        return name, port

    @cached_property
    def dependencies(self) -> list[tuple[str, Port]]:
        return sorted({self.dependency(resource) for resource in self.workload.of_type("service")}, key=lambda item: (item[0], item[1].number))

    def image_of(self, container: Container) -> str:
        if not container.built:
            return container.image
        if self.image is None:
            raise InvalidInput(f"service {self.name} is built from source, but no image was given for it; run the image role first", service=self.name)
        return self.image.reference

    @property
    def replicas(self) -> int:
        """Pods at rest: the inventory's number, else the workload's own minimum, else the environment's."""
        scaling = self.workload.autoscaling
        chosen = self.service.replicas or (scaling.low if scaling and scaling.low else None)
        if chosen is None:
            return 1 if self.persistent else min(self.settings.replicas, scaling.high) if scaling else self.settings.replicas
        if scaling and chosen > scaling.high:
            raise InvalidInput(f"the inventory gives service {self.name} {chosen} replicas, more than autoscaling.max ({scaling.high}) in {self.workload.file}")
        if chosen > 1 and self.persistent:
            raise InvalidInput(f"service {self.name} keeps a persistent volume, which one pod can hold; the inventory gives it {chosen} replicas")
        return chosen

    @property
    def persistent(self) -> list[Resource]:
        return [resource for resource in self.workload.of_type("volume") if resource.resource_class != "ephemeral"]


def selector(name: str, component: str | None = "service") -> dict[str, str]:
    base = {"app.kubernetes.io/instance": name, "app.kubernetes.io/name": name}
    return base | ({"app.kubernetes.io/component": component} if component else {})


def digest(value: Any, length: int = 8) -> str:
    """Hex digits over a value's canonical JSON: the same contents have the same name."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:length]


def short_name(name: str, length: int = 63) -> str:
    """A name cut to a length, made unique again by a digest of what was cut."""
    return name if len(name) <= length else f"{name[: length - 9].rstrip('-.')}-{digest(name)}"
