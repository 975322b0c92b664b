# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaks to a Redis in the cluster through kubectl port-forward: what its binding may do, and what nobody may.

ask.py KUBECTL KUBECONFIG BINDING
"""

from __future__ import annotations

import base64
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable

Ask = Callable[..., str]


def connection(port: int) -> Ask:
    """A function that sends one command (RESP2) and returns the first line of the answer, or the value of a bulk string."""
    stream = socket.create_connection(("127.0.0.1", port), timeout=10).makefile("rwb")

    def ask(*words: str) -> str:
        stream.write(f"*{len(words)}\r\n".encode() + b"".join(f"${len(word.encode())}\r\n{word}\r\n".encode() for word in words))
        stream.flush()
        line = stream.readline().decode().strip()
        return stream.read(int(line[1:]) + 2).decode().strip() if line.startswith("$") and line != "$-1" else line

    return ask


def check(port: int, password: str) -> None:
    stranger, service, probe = connection(port), connection(port), connection(port)
    expect("a stranger is refused", stranger("GET", "x"), "-NOAUTH")
    expect("a wrong password is refused", stranger("AUTH", "default", "wrong"), "-WRONGPASS")
    expect("the binding is accepted", service("AUTH", "default", password), "+OK")
    expect("it can write", service("SET", "greeting", "hello", "EX", "60"), "+OK")
    expect("and read", service("GET", "greeting"), "hello")
    expect("it cannot configure", service("CONFIG", "GET", "*"), "-NOPERM")
    expect("nor stop the server", service("SHUTDOWN"), "-NOPERM")
    expect("nor list all keys", service("KEYS", "*"), "-NOPERM")
    expect("the probe needs no password", probe("AUTH", "probe", "any"), "+OK")
    expect("and sees no data", probe("GET", "greeting"), "-NOPERM")
    for number in range(400):  # 400 times 100 kB is more than the 16 MiB there are
        expect("what is there makes room for more", service("SET", f"filler:{number}", "x" * 100_000), "+OK")
    expect("what was not used for longest goes", re.sub(r".*maxmemory_policy:(\S+).*", r"\1", service("INFO", "memory"), flags=re.S), "allkeys-lru")


def expect(what: str, answer: str, beginning: str) -> None:
    if not answer.startswith(beginning):
        sys.exit(f"{what}: expected {beginning}, got {answer[:80]}")


def main(kubectl: str, kubeconfig: str, binding: str) -> None:
    base = [kubectl, f"--kubeconfig={kubeconfig}"]
    secret = json.loads(
        subprocess.run([*base, "get", "secret", "-n", "slipway-secrets", binding, "-o", "json"], check=True, capture_output=True, timeout=30).stdout
    )
    password = base64.b64decode(secret["data"]["password"]).decode()
    shown = subprocess.run([*base, "get", "configmap,deployment,pod", "-n", "redis", "-o", "json"], check=True, capture_output=True, timeout=30).stdout
    if password.encode() in shown:
        sys.exit("the password stands in a ConfigMap, a Deployment or a pod")
    forward = subprocess.Popen([*base, "port-forward", "-n", "redis", f"service/{binding}", ":6379"], stdout=subprocess.PIPE, text=True)
    try:
        assert forward.stdout is not None
        port = re.search(r"127\.0\.0\.1:(\d+)", forward.stdout.readline())
        if port is None:
            sys.exit("kubectl port-forward did not say which port it took")
        check(int(port[1]), password)
    finally:
        forward.terminate()
        forward.wait(10)


if __name__ == "__main__":
    main(*sys.argv[1:])
