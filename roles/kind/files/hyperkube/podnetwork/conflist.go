package podnetwork

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// conflist is the CNI network configuration of a node (CNI specification 0.4.0, which containerd 1.6 speaks).
//
// The ptp plugin gives each pod a link of its own to the node, so that every packet, also between pods of one node,
// is routed and passes the node's netfilter: services answer and policies hold without br_netfilter.
// Masquerading is not the plugin's work: it would hide pods of one node from those of another.
func conflist(podCIDR string, mtu int) ([]byte, error) {
	type object = map[string]any
	return json.MarshalIndent(object{
		"cniVersion": "0.4.0",
		"name":       "pod-network",
		"plugins": []any{
			object{
				"type": "ptp",
				"mtu":  mtu,
				"ipam": object{
					"type":    "host-local",
					"dataDir": "/run/cni-ipam-state",
					"ranges":  []any{[]any{object{"subnet": podCIDR}}},
					"routes":  []any{object{"dst": "0.0.0.0/0"}},
				},
			},
			object{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
}

// writeIfDifferent replaces the file by one rename, since containerd watches the folder.
func writeIfDifferent(path string, content []byte) (bool, error) {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(content) {
		return false, nil
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), ".pod-network-*")
	if err != nil {
		return false, err
	}
	defer os.Remove(fresh.Name()) // fails once it is renamed, and need not work before
	if _, err := fresh.Write(content); err != nil {
		return false, err
	}
	if err := fresh.Chmod(0o644); err != nil {
		return false, err
	}
	if err := fresh.Close(); err != nil {
		return false, err
	}
	return true, os.Rename(fresh.Name(), path)
}
