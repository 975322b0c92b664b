package volumes

import (
	"os"
	"path/filepath"
	"testing"

	v1 "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func options(name string, change func(*v1.PersistentVolumeClaim)) controller.ProvisionOptions {
	claim := &v1.PersistentVolumeClaim{}
	if change != nil {
		change(claim)
	}
	return controller.ProvisionOptions{PVName: name, PVC: claim, StorageClass: &storage.StorageClass{}}
}

func TestAVolumeComesAndGoes(t *testing.T) {
	root := t.TempDir()
	p := &provisioner{root: root}
	pv, _, err := p.Provision(t.Context(), options("pvc-1", nil))
	if err != nil {
		t.Fatal(err)
	}
	if pv.Spec.Local.Path != filepath.Join(root, "pvc-1") || pv.Spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimDelete {
		t.Errorf("got %+v", pv.Spec)
	}
	term := pv.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0]
	if term.Key != "kubernetes.io/os" || term.Values[0] != "linux" {
		t.Errorf("the volume must fit on every node, not %+v", term)
	}
	if err := p.Delete(t.Context(), pv); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(pv.Spec.Local.Path); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestWhatCannotBeProvidedIsRefused(t *testing.T) {
	p := &provisioner{root: t.TempDir()}
	block := v1.PersistentVolumeBlock
	for name, change := range map[string]func(*v1.PersistentVolumeClaim){
		"block":    func(c *v1.PersistentVolumeClaim) { c.Spec.VolumeMode = &block },
		"selector": func(c *v1.PersistentVolumeClaim) { c.Spec.Selector = &metav1.LabelSelector{} },
	} {
		if _, state, err := p.Provision(t.Context(), options("pvc-1", change)); err == nil || state != controller.ProvisioningFinished {
			t.Errorf("%s: %v, %v", name, state, err)
		}
	}
}

func TestNothingOutsideTheFolderIsDeleted(t *testing.T) {
	p := &provisioner{root: "/volumes"}
	for _, name := range []string{"", ".", "..", "../etc", "a/b"} {
		if path, err := folder(p.root, name); err == nil {
			t.Errorf("%q gave %s", name, path)
		}
	}
	foreign := &v1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pvc-1"}}
	foreign.Spec.Local = &v1.LocalVolumeSource{Path: "/etc"}
	if err := p.Delete(t.Context(), foreign); err == nil {
		t.Error("a volume elsewhere must not be deleted")
	}
}
