// Package volumes makes persistent volumes out of folders that every node of the embedded cluster shares with the host.
//
// A folder is the same on all nodes, so its volume has an affinity that every node satisfies: the data survives the deletion
// of the pod, a restart of the node, and the node itself.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// Name is the provisioner of the StorageClass.
const Name = "slipway.platform/shared-folder"

type provisioner struct {
	root string
}

// Run provisions and deletes volumes until the context ends. Environment: VOLUMES_DIR, the shared folder.
func Run(ctx context.Context) error {
	root := os.Getenv("VOLUMES_DIR")
	if !filepath.IsAbs(root) {
		return errors.New("VOLUMES_DIR must be an absolute path")
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	// One replica, recreated: two never run at once, so there is nothing to elect.
	controller.NewProvisionController(ctx, client, Name, &provisioner{root: root}, controller.LeaderElection(false)).Run(ctx)
	return nil
}

// Provision makes the folder and describes the volume.
func (p *provisioner) Provision(_ context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if err := supported(options.PVC); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	path, err := folder(p.root, options.PVName)
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	// Like a fresh disk it belongs to root; the kubelet gives it to the pod's fsGroup.
	if err := os.MkdirAll(path, 0o770); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return volume(path, options), controller.ProvisioningFinished, nil
}

// Delete removes the folder of a released volume.
func (p *provisioner) Delete(_ context.Context, pv *v1.PersistentVolume) error {
	path, err := folder(p.root, pv.Name)
	if err != nil {
		return err
	}
	if pv.Spec.Local == nil || pv.Spec.Local.Path != path {
		return fmt.Errorf("volume %s is not at %s: not deleted", pv.Name, path)
	}
	return os.RemoveAll(path)
}

func supported(claim *v1.PersistentVolumeClaim) error {
	if claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode == v1.PersistentVolumeBlock {
		return errors.New("block volumes are not supported: use volumeMode Filesystem")
	}
	if claim.Spec.Selector != nil {
		return errors.New("a selector is not supported")
	}
	return nil
}

// folder is where the volume of this name lies: directly below the root, and nowhere else.
func folder(root, name string) (string, error) {
	if name == "" || name != filepath.Base(name) || name == "." || name == ".." {
		return "", fmt.Errorf("%q is no name of a volume", name)
	}
	return filepath.Join(root, name), nil
}

func volume(path string, options controller.ProvisionOptions) *v1.PersistentVolume {
	reclaim := v1.PersistentVolumeReclaimDelete
	if options.StorageClass.ReclaimPolicy != nil {
		reclaim = *options.StorageClass.ReclaimPolicy
	}
	mode := v1.PersistentVolumeFilesystem
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: reclaim,
			AccessModes:                   options.PVC.Spec.AccessModes,
			VolumeMode:                    &mode,
			MountOptions:                  options.StorageClass.MountOptions,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: options.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{{Key: v1.LabelOSStable, Operator: v1.NodeSelectorOpIn, Values: []string{"linux"}}},
			}}}},
		},
	}
}
