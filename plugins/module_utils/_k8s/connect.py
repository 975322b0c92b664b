# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a kubeconfig to a pooled, deadline-bound HTTP transport."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, Missing, Unreachable

try:
    import urllib3
    import yaml
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config
    from kubernetes.config.config_exception import ConfigException
except ImportError as error:  # reported when a cluster is needed: documentation and check mode work without the package
    _MISSING: ImportError | None = error
else:
    _MISSING = None

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, body, and seconds the server asks to wait (``Retry-After``), if it does."""

    status: int
    body: bytes
    retry_after: float | None = None


class Transport(Protocol):
    """One HTTP exchange with an API server within ``timeout`` seconds; raises ``Unreachable`` if there is no answer."""

    host: str

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Answer: ...


def connect(kubeconfig: Path, connections: int = 16) -> Transport:
    """The transport to the current context of a kubeconfig; credentials from files, tokens or exec plug-ins."""
    if _MISSING is not None:
        raise Missing(f"the Python package {_MISSING.name} is missing; install it with: pip install kubernetes", package="kubernetes")
    if not kubeconfig.is_file():
        raise InvalidInput(f"kubeconfig {kubeconfig} does not exist: create the cluster first, or name another file", kubeconfig=str(kubeconfig))
    configuration, package = Configuration(), cast(Any, kube_config)
    try:
        # The package writes keys into temporary files which it removes at exit; Ansible's workers never get there.
        # Everything needed is loaded into the TLS context at once, so the files can go at once.
        package.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration, persist_config=False)
        context = _tls(configuration)
    except (ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError, yaml.YAMLError) as error:  # the package does not check shapes
        raise InvalidInput(f"kubeconfig {kubeconfig} cannot be used: {error}", kubeconfig=str(kubeconfig)) from None
    finally:
        package._cleanup_temp_files()
    return _Pool(configuration, context, connections)


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


class _Pool:
    def __init__(self, configuration: Any, context: ssl.SSLContext | None, connections: int) -> None:
        self.host: str = configuration.host.rstrip("/")
        self._configuration = configuration
        options: dict[str, Any] = {"maxsize": connections, "retries": False, "num_pools": 2}
        if context is not None:
            options |= {"ssl_context": context, "server_hostname": configuration.tls_server_name or None}
        self._pool = urllib3.ProxyManager(configuration.proxy, **options) if configuration.proxy else urllib3.PoolManager(**options)

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Answer:
        limits = urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout)
        sent = dict(headers)
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if token:
            sent["Authorization"] = token
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # an unverified server is the kubeconfig's own choice
                answer = self._pool.request(method, self.host + path, headers=sent, body=body, timeout=limits)
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{method} {self.host}{path}: no answer ({_reason(error)})", host=self.host) from None
        wait = answer.headers.get("Retry-After", "")
        return Answer(answer.status, answer.data, float(wait) if wait.isdigit() else None)


def _reason(error: Exception) -> str:
    """The innermost cause in plain words: urllib3 wraps it in object representations."""
    text = str(error.__cause__ or error.__context__ or error)
    return text.rpartition(">: ")[2] or type(error).__name__
