# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings from the environment, checked once at start; every mistake is named in one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from . import __version__

Value = TypeVar("Value")


class SettingsError(Exception):
    """The environment can't be used; the message says which variable, and why."""


@dataclass(frozen=True)
class Settings:
    """What differs between two running copies of the same image. Times are in seconds."""

    greeting: str
    port: int
    metrics_port: int
    cache_seconds: int
    drain_seconds: float
    shutdown_seconds: int
    log_level: str
    version: str
    digest: str
    pod: str
    zone: str

    @property
    def release(self) -> str:
        """Which build answers: the version, and if the platform tells it the image."""
        return f"{self.version}@{self.digest.removeprefix('sha256:')[:12]}" if self.digest else self.version

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises SettingsError with one line per mistake."""
        mistakes: list[str] = []

        def read(name: str, default: Value, parse: Callable[[str], Value]) -> Value:
            text = environment.get(name, "")
            if not text:
                return default
            try:
                return parse(text)
            except ValueError as reason:
                mistakes.append(f"{name}={text!r}: {reason}")
                return default

        settings = cls(
            greeting=read("HELLO_GREETING", "Hello", _words),
            port=read("HELLO_PORT", 8080, _between(1, 65535)),
            metrics_port=read("HELLO_METRICS_PORT", 9090, _between(1, 65535)),
            cache_seconds=read("HELLO_CACHE_SECONDS", 5, _between(1, 3600)),
            drain_seconds=read("HELLO_DRAIN_SECONDS", 5, _between(0, 300)),
            shutdown_seconds=read("HELLO_SHUTDOWN_SECONDS", 15, _between(1, 300)),
            log_level=read("HELLO_LOG_LEVEL", "INFO", _level),
            version=environment.get("APP_VERSION") or __version__,
            digest=environment.get("IMAGE_DIGEST", ""),
            pod=environment.get("POD_NAME", ""),
            zone=environment.get("ZONE", ""),
        )
        if mistakes:
            raise SettingsError("\n".join(mistakes))
        return settings


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _words(text: str) -> str:
    if len(text) > 40 or not text.isprintable():
        raise ValueError("must be at most 40 printable characters")
    return text


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be debug, info, warning or error")
    return text.upper()
