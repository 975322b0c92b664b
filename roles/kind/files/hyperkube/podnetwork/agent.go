// Package podnetwork is the pod network of the embedded cluster: an agent on each node that writes the CNI configuration,
// keeps routes to the pods of the other nodes, and masquerades what leaves the cluster.
package podnetwork

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
	"sigs.k8s.io/knftables"
)

const (
	confDir = "/etc/cni/net.d"
	// everything is one piece of work: the state of the node is always computed from all that is known
	whole  = "whole"
	resync = 5 * time.Minute
)

type agent struct {
	node        string
	clusterCIDR string
	mtu         int
	nodes       listers.NodeLister
	nft         knftables.Interface
}

// Run keeps the pod network of this node until the context ends.
// Environment: NODE_NAME, POD_SUBNET (the pods of the whole cluster), CONTROL_PLANE_ENDPOINT (host:port; without it the service's address).
func Run(ctx context.Context) error {
	self, subnet := os.Getenv("NODE_NAME"), os.Getenv("POD_SUBNET")
	if self == "" || subnet == "" {
		return errors.New("NODE_NAME and POD_SUBNET must be set")
	}
	client, err := client()
	if err != nil {
		return err
	}
	mtu, err := linkMTU()
	if err != nil {
		return err
	}
	nft, err := knftables.New(knftables.InetFamily, tableName)
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	factory := informers.NewSharedInformerFactory(client, resync)
	nodes := factory.Core().V1().Nodes()
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 10*time.Second))
	if _, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { queue.Add(whole) },
		UpdateFunc: func(old, new any) { enqueueIfMoved(queue, old, new) },
		DeleteFunc: func(any) { queue.Add(whole) },
	}); err != nil {
		return err
	}
	work := &agent{node: self, clusterCIDR: subnet, mtu: mtu, nodes: nodes.Lister(), nft: nft}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	factory.WaitForCacheSync(ctx.Done())
	go func() { <-ctx.Done(); queue.ShutDown() }()
	for work.next(ctx, queue) {
	}
	return nil
}

func client() (kubernetes.Interface, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, err
	}
	// The address of the service needs kube-proxy, which may come up after us.
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		config.Host = "https://" + endpoint
	}
	return kubernetes.NewForConfig(config)
}

// enqueueIfMoved lets heartbeats of nodes pass without work. Informers send equal objects at each resync: those do count.
func enqueueIfMoved(queue workqueue.TypedRateLimitingInterface[string], old, new any) {
	before, after := old.(*v1.Node), new.(*v1.Node)
	if before.ResourceVersion == after.ResourceVersion || before.Spec.PodCIDR != after.Spec.PodCIDR || internalIPv4(before) != internalIPv4(after) {
		queue.Add(whole)
	}
}

func (a *agent) next(ctx context.Context, queue workqueue.TypedRateLimitingInterface[string]) bool {
	key, stop := queue.Get()
	if stop {
		return false
	}
	defer queue.Done(key)
	if err := a.reconcile(ctx); err != nil {
		klog.FromContext(ctx).Error(err, "the pod network could not be set up; trying again")
		queue.AddRateLimited(key)
		return true
	}
	queue.Forget(key)
	return true
}

func (a *agent) reconcile(ctx context.Context) error {
	self, err := a.nodes.Get(a.node)
	if err != nil {
		return err
	}
	if self.Spec.PodCIDR == "" {
		return errors.New("this node has no pod CIDR yet")
	}
	nodes, err := a.nodes.List(labels.Everything())
	if err != nil {
		return err
	}
	if err := applyRoutes(peersOf(a.node, nodes)); err != nil {
		return err
	}
	if err := (firewall{podCIDR: self.Spec.PodCIDR, clusterCIDR: a.clusterCIDR}).apply(ctx, a.nft); err != nil {
		return err
	}
	content, err := conflist(self.Spec.PodCIDR, a.mtu)
	if err != nil {
		return err
	}
	// Last, because with this file the node becomes ready.
	written, err := writeIfDifferent(filepath.Join(confDir, "10-pod-network.conflist"), content)
	if written {
		klog.FromContext(ctx).Info("pod network is ready", "podCIDR", self.Spec.PodCIDR, "nodes", len(nodes))
	}
	return err
}
