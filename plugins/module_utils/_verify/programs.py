# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small programs that run inside pods, with the Python that is there. Arguments are JSON, and so is what they print."""

from __future__ import annotations

CONNECT = """
import json, socket, sys, time
for probe in json.loads(sys.argv[1]):
    started, answer, error = time.monotonic(), b"", ""
    try:
        with socket.create_connection((probe["host"], probe["port"]), timeout=probe["timeout"]) as connection:
            connection.sendall(bytes.fromhex(probe["send"]))
            answer = connection.recv(64)
    except OSError as failure:
        error = type(failure).__name__ + ": " + str(failure)
    print(json.dumps({"name": probe["name"], "answer": answer.decode("ascii", "replace"), "error": error, "seconds": round(time.monotonic() - started, 3)}))
"""
"""Argument: [{name, host, port, send (hex), timeout (s)}]. Prints one JSON object a line: name, answer, error, seconds."""

DIGEST = """
import hashlib, hmac, json, os, sys
asked = json.loads(sys.argv[1])
def keyed(value):
    return hmac.new(bytes.fromhex(asked["salt"]), value, hashlib.sha256).hexdigest()
found = {}
for name, path in asked["files"].items():
    try:
        with open(path, "rb") as file:
            found[name] = keyed(file.read())
    except OSError as error:
        found[name] = None
for name, variable in asked["variables"].items():
    value = os.environ.get(variable)
    found[name] = None if value is None else keyed(value.encode())
print(json.dumps(found))
"""
"""Argument: {salt (hex), files: {name: path}, variables: {name: variable}}. Prints {name: HMAC-SHA256 (hex) or null}: never a value."""

IDLE = "import signal; signal.sigwait([signal.SIGTERM])"
"""Does nothing until it is told to end."""
