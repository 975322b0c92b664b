package podnetwork

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/knftables"
)

func node(name, cidr string, addresses ...string) *v1.Node {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.NodeSpec{PodCIDR: cidr}}
	for _, address := range addresses {
		n.Status.Addresses = append(n.Status.Addresses, v1.NodeAddress{Type: v1.NodeInternalIP, Address: address})
	}
	return n
}

func TestPeersAreTheOtherNodesThatAreKnownWell(t *testing.T) {
	nodes := []*v1.Node{
		node("self", "10.244.0.0/24", "10.89.0.2"),
		node("other", "10.244.1.0/24", "fc00::3", "10.89.0.3"),
		node("without-cidr", "", "10.89.0.4"),
		node("without-address", "10.244.3.0/24"),
	}
	want := map[string]string{"10.244.1.0/24": "10.89.0.3"}
	if got := peersOf("self", nodes); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestStaleRoutesAreThoseOfNodesThatWent(t *testing.T) {
	present := map[string]string{"10.244.1.0/24": "10.89.0.3", "10.244.2.0/24": "10.89.0.4"}
	wanted := map[string]string{"10.244.1.0/24": "10.89.0.9"}
	if got := stale(present, wanted); !reflect.DeepEqual(got, []string{"10.244.2.0/24"}) {
		t.Errorf("got %v", got)
	}
}

func TestConflistIsWhatContainerdReads(t *testing.T) {
	text, err := conflist("10.244.1.0/24", 1400)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		CNIVersion string
		Plugins    []struct {
			Type string
			MTU  int
			IPAM struct{ Ranges [][]struct{ Subnet string } }
		}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	first := read.Plugins[0]
	if read.CNIVersion != "0.4.0" || first.Type != "ptp" || first.MTU != 1400 || first.IPAM.Ranges[0][0].Subnet != "10.244.1.0/24" {
		t.Errorf("got %s", text)
	}
}

func TestTheConflistIsWrittenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "10-pod-network.conflist")
	for _, want := range []bool{true, false} {
		if written, err := writeIfDifferent(path, []byte("{}")); err != nil || written != want {
			t.Errorf("written %v, %v; want %v", written, err, want)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestPodsLeaveTheClusterAsTheirNode(t *testing.T) {
	nft := knftables.NewFake(knftables.InetFamily, tableName)
	wall := firewall{podCIDR: "10.244.1.0/24", clusterCIDR: "10.244.0.0/16"}
	// Twice: a second time must not add a second rule.
	for range 2 {
		if err := wall.apply(t.Context(), nft); err != nil {
			t.Fatal(err)
		}
	}
	rule := "ip saddr 10.244.1.0/24 ip daddr != 10.244.0.0/16 fib daddr type != local masquerade"
	if got := strings.Count(nft.Dump(), rule); got != 1 {
		t.Errorf("%d rules in\n%s", got, nft.Dump())
	}
}
