package podnetwork

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
)

// routeProtocol marks the routes that are ours (rtnetlink(7): above 4 is for the administrator), so that nobody else's is removed.
const routeProtocol = 0x51

// peersOf gives the routes a node needs: the pods of each other node (CIDR) by way of that node (IP). All nodes share one segment.
// Nodes that have no CIDR or address yet are left out; they come with a later event.
func peersOf(self string, nodes []*v1.Node) map[string]string {
	peers := map[string]string{}
	for _, node := range nodes {
		if node.Name == self {
			continue
		}
		if address := internalIPv4(node); address != "" && node.Spec.PodCIDR != "" {
			peers[node.Spec.PodCIDR] = address
		}
	}
	return peers
}

func internalIPv4(node *v1.Node) string {
	for _, address := range node.Status.Addresses {
		if ip := net.ParseIP(address.Address); address.Type == v1.NodeInternalIP && ip.To4() != nil {
			return address.Address
		}
	}
	return ""
}

// stale says which of our present routes (CIDR to gateway) are not wanted any more.
func stale(present, wanted map[string]string) []string {
	var gone []string
	for cidr := range present {
		if _, ok := wanted[cidr]; !ok {
			gone = append(gone, cidr)
		}
	}
	return gone
}

// applyRoutes makes the kernel's routes marked as ours equal to the wanted ones.
func applyRoutes(wanted map[string]string) error {
	listed, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Protocol: routeProtocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	present := map[string]string{}
	for _, route := range listed {
		if route.Dst != nil {
			present[route.Dst.String()] = route.Gw.String()
		}
	}
	var failed []error
	for cidr, gateway := range wanted {
		if present[cidr] == gateway {
			continue
		}
		_, subnet, err := net.ParseCIDR(cidr)
		if err == nil {
			err = netlink.RouteReplace(&netlink.Route{Dst: subnet, Gw: net.ParseIP(gateway), Protocol: routeProtocol})
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("route %s via %s: %w", cidr, gateway, err))
		}
	}
	for _, cidr := range stale(present, wanted) {
		_, subnet, _ := net.ParseCIDR(cidr) // the kernel gave it to us
		if err := netlink.RouteDel(&netlink.Route{Dst: subnet, Protocol: routeProtocol}); err != nil {
			failed = append(failed, fmt.Errorf("remove route %s: %w", cidr, err))
		}
	}
	return errors.Join(failed...)
}

// linkMTU is the MTU of the link that carries the default route: pods must not send larger packets than their node can.
func linkMTU() (int, error) {
	routes, err := netlink.RouteGet(net.IPv4(192, 0, 2, 1)) // RFC 5737: documentation, so never local
	if err != nil || len(routes) == 0 {
		return 0, fmt.Errorf("no default route: %w", err)
	}
	link, err := netlink.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return 0, err
	}
	return link.Attrs().MTU, nil
}
