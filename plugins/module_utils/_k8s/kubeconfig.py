# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a kubeconfig: how its current context reaches an API server."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing

try:
    import yaml
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config
    from kubernetes.config.config_exception import ConfigException
except ImportError as error:  # reported when a cluster is needed: documentation and check mode work without the package
    _MISSING: ImportError | None = error
else:
    _MISSING = None

_ALONE = threading.Lock()  # the package's temporary files are those of all threads


@dataclass(frozen=True)
class Access:
    """An API server: its URL without a slash at the end, the TLS settings (None for http) and what to send as ``Authorization``."""

    host: str
    tls: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None
    authorization: Callable[[], str | None] = field(repr=False)  # asked anew each time: tokens of plug-ins expire

    def headers(self) -> dict[str, str]:
        value = self.authorization()
        return {"Authorization": value} if value else {}


def read(kubeconfig: Path, context: str = "") -> Access:
    """A context, by default the current one; credentials from files, tokens or exec plug-ins. ``InvalidInput`` if it is not there or cannot be used."""
    if _MISSING is not None:
        raise Missing(f"the Python package {_MISSING.name} is missing; install it with: pip install kubernetes", package="kubernetes")
    if not kubeconfig.is_file():
        raise InvalidInput(f"kubeconfig {kubeconfig} does not exist: create the cluster first, or name another file", kubeconfig=str(kubeconfig))
    configuration, package = Configuration(), cast(Any, kube_config)
    with _ALONE:
        try:
            # The package writes keys into temporary files which it removes at exit; Ansible's workers never get there.
            # Everything needed is loaded into the TLS context at once, so the files can go at once.
            package.load_kube_config(config_file=str(kubeconfig), context=context or None, client_configuration=configuration, persist_config=False)
            tls = _tls(configuration)
        except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:  # the package does not check shapes
            raise InvalidInput(f"kubeconfig {kubeconfig} cannot be used: {error}", kubeconfig=str(kubeconfig)) from None
        finally:
            package._cleanup_temp_files()

    def authorization() -> str | None:
        return configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or None

    return Access(configuration.host.rstrip("/"), tls, configuration.tls_server_name or None, configuration.proxy or None, authorization)


def _tls(configuration: Any) -> ssl.SSLContext | None:
    if urlsplit(configuration.host).scheme != "https":
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    return context
