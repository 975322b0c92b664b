# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a renewal on one node, each a shell script there: private keys are made on the node that uses them, and stay there.

The one that leaves is the administrator's, whose kubeconfig is on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._kind import static_pods
from ansible_collections.slipway.platform.plugins.module_utils._kind.certificates import KUBELET_CLIENT, KUBELET_SERVING, UNFINISHED, newest, read_all
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine
from ansible_collections.slipway.platform.plugins.module_utils._kind.static_pods import StaticPod

# kubeadm writes key and certificate one after the other, over the old ones: killed in between, nothing fits any more. So there is a copy.
_RENEW = """
copy=$1; shift
exec 9>run/slipway-certificates.lock
flock --wait 60 9
umask 077
if [ ! -e "$copy" ]; then
  rm -rf "$copy.new"; mkdir "$copy.new"
  cp -a etc/kubernetes/pki "$copy.new/"
  for file in admin super-admin controller-manager scheduler; do
    if [ -e "etc/kubernetes/$file.conf" ]; then cp -a "etc/kubernetes/$file.conf" "$copy.new/"; fi
  done
  sync; mv "$copy.new" "$copy"
fi
for name; do kubeadm certs renew "$name" --config kind/kubeadm.conf >&2; done
sync; mv "$copy" "$copy.old"; rm -rf "$copy.old"
"""
_RESTORE = """
exec 9>run/slipway-certificates.lock
flock --wait 60 9
if [ -e "$1" ]; then
  cp -a "$1/pki/." etc/kubernetes/pki/
  cp -a "$1"/*.conf etc/kubernetes/
  sync; mv "$1" "$1.old"
fi
rm -rf "$1.old" "$1.new"
"""
# What a kubelet would rotate to, if it could still ask: the authority is on this node.
_CLIENT = r"""
umask 077
fresh=var/lib/kubelet/pki/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
made=$(kubeadm kubeconfig user --config kind/kubeadm.conf --org system:nodes --client-name "system:node:$(hostname)" 2>/dev/null)
for key in client-certificate-data client-key-data; do
  printf '%s\n' "$made" | sed -n "s/^ *$key: *//p" | base64 -d
done > "$fresh"
grep -q 'END CERTIFICATE' "$fresh"
ln -sfn "$(basename "$fresh")" "$1.new"; mv "$1.new" "$1"
"""
_KUBELET = """
if [ "$1" = anew ]; then rm -f var/lib/kubelet/pki/kubelet.crt var/lib/kubelet/pki/kubelet.key; fi
systemctl reset-failed kubelet; systemctl restart kubelet
"""
_KUBELET_SAYS = "journalctl --unit=kubelet --lines=12 --output=cat | cut -c 1-400"
_KUBELET_HEALTH = "http://127.0.0.1:10248/healthz"
_TOKEN = "kubeadm token create --kubeconfig etc/kubernetes/admin.conf --ttl 10m --description 'joins a kubelet again whose certificate has ended' 2>/dev/null"
# The token takes the place of the certificate, by a builtin of the shell: it is no argument of any program.
_JOIN = r"""
umask 077
read -r token
while IFS= read -r line; do
  case "$line" in
    *client-certificate:*|*client-certificate-data:*) printf '    token: %s\n' "$token" ;;
    *client-key:*|*client-key-data:*) ;;
    *) printf '%s\n' "$line" ;;
  esac
done < etc/kubernetes/kubelet.conf > etc/kubernetes/bootstrap-kubelet.conf.new
mv etc/kubernetes/bootstrap-kubelet.conf.new etc/kubernetes/bootstrap-kubelet.conf
rm -f "$1"
systemctl reset-failed kubelet; systemctl restart kubelet
"""
_JOINED = "rm -f etc/kubernetes/bootstrap-kubelet.conf"
_POLL = 0.3

Value = TypeVar("Value")


@dataclass(frozen=True)
class Steps:
    """``timeout``: how long each restart may take, in seconds."""

    engine: Engine
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    timeout: float

    def renew(self, node: str, names: Sequence[str]) -> None:
        """Have kubeadm renew these (its own names), with the names and for the purposes that they were made for."""
        self.engine.shell(node, "kubeadm certs renew", _RENEW, UNFINISHED, *names, deadline=180)

    def restore(self, node: str) -> None:
        """Take back what kubeadm did not finish."""
        self.engine.shell(node, "taking back an interrupted renewal", _RESTORE, UNFINISHED, deadline=120)

    def renew_client(self, node: str) -> None:
        """A new client certificate for the kubelet of a control plane."""
        self.engine.shell(node, "renewing the kubelet's client certificate", _CLIENT, KUBELET_CLIENT, deadline=60)

    def restart_kubelet(self, node: str, anew: bool) -> None:
        """Restart a kubelet; ``anew``: it signs a new certificate for what it serves. Pods go on running."""
        self.engine.shell(node, "restarting the kubelet", _KUBELET, "anew" if anew else "", deadline=90)
        self._kubelet_is_well(node, KUBELET_SERVING if anew else "")

    def join_again(self, controller: str, node: str) -> None:
        """A new client certificate for the kubelet of a worker, which asks for it as when it first joined: with a token that is good for minutes."""
        token = self.engine.shell(controller, "making a token", _TOKEN, deadline=60, private=True)
        self.engine.shell(node, "joining the kubelet again", _JOIN, KUBELET_CLIENT, stdin=token.encode(), deadline=90, private=True)
        self._kubelet_is_well(node, KUBELET_CLIENT)
        self.engine.shell(node, "removing the token", _JOINED)

    def _kubelet_is_well(self, node: str, path: str) -> None:
        def look() -> tuple[None, list[str]]:
            wrong = static_pods.trouble(self.engine, node, _KUBELET_HEALTH)
            missing = not wrong and path and path not in read_all(self.engine, node)
            return None, [wrong] if wrong else [f"/{path} is not there yet"] if missing else []

        self.until(look, f"the kubelet of {node}", lambda: self.engine.shell(node, "reading what the kubelet wrote", _KUBELET_SAYS).splitlines())

    def restart(self, node: str, pod: StaticPod) -> None:
        """End a static pod's program, and wait until the kubelet has started it anew and it is well."""
        written = newest(read_all(self.engine, node), pod.keeps)
        if pod.container:
            static_pods.end(self.engine, node, pod)

        def look() -> tuple[None, list[str]]:
            now = next(each for each in static_pods.look(self.engine, node) if each.name == pod.name)
            if now.container in ("", pod.container) or now.older_than(written):
                return None, ["it has not been started anew yet"]
            wrong = static_pods.trouble(self.engine, node, pod.health)
            return None, [wrong] if wrong else []

        self.until(look, f"{pod.name} on {node}", lambda: static_pods.last_lines(self.engine, node, pod.name))

    def admin(self, node: str, path: str) -> str:
        """The administrator's kubeconfig, with its private key: not for any message."""
        return self.engine.shell(node, f"reading /{path}", 'cat "$1"', path, private=True)

    def administer(self, node: str, path: str) -> None:
        """Ask the API as the administrator; raises if it does not let us."""
        self.engine.shell(node, "asking the API with the renewed admin.conf", 'kubectl --kubeconfig "$1" --request-timeout=10s get --raw /readyz', path)

    def until(self, look: Callable[[], tuple[Value, list[str]]], what: str, cause: Callable[[], list[str]] = list) -> Value:
        """Look until nothing is wrong; raises ``NotReady`` with what is, and the last lines of whoever can say why."""
        started = self.clock()
        while True:
            value, wrong = look()
            if not wrong:
                return value
            if self.clock() - started > self.timeout:
                try:
                    last = cause()
                except CommandFailed:
                    last = []
                text = "\n".join(f"  {line}" for line in [*wrong, *last])
                raise NotReady(f"{what} is not as it should be after {self.timeout:.0f} s:\n{text}", missing=wrong, last_lines=last)
            self.sleep(_POLL)
