package podnetwork

import (
	"context"
	"fmt"

	"sigs.k8s.io/knftables"
)

const tableName = "slipway-pod-network"

// firewall is everything the agent's nftables table is made from. NetworkPolicies will be a further field, rendered by render.
type firewall struct {
	podCIDR     string // the pods of this node
	clusterCIDR string // the pods of all nodes
}

// render writes the whole table into a transaction, which the kernel takes as one: there is no moment with half of the rules.
func (f firewall) render(tx *knftables.Transaction) {
	tx.Add(&knftables.Table{Comment: knftables.PtrTo("pod network of this node")})
	tx.Add(&knftables.Chain{
		Name:     "postrouting",
		Type:     knftables.PtrTo(knftables.NATType),
		Hook:     knftables.PtrTo(knftables.PostroutingHook),
		Priority: knftables.PtrTo(knftables.SNATPriority),
	})
	tx.Flush(&knftables.Chain{Name: "postrouting"})
	tx.Add(&knftables.Rule{
		Chain:   "postrouting",
		Rule:    knftables.Concat("ip saddr", f.podCIDR, "ip daddr !=", f.clusterCIDR, "fib daddr type != local", "masquerade"),
		Comment: knftables.PtrTo("pods leave the cluster as their node"),
	})
}

// apply puts the table into the kernel.
func (f firewall) apply(ctx context.Context, nft knftables.Interface) error {
	tx := nft.NewTransaction()
	f.render(tx)
	if err := nft.Run(ctx, tx); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	return nil
}
