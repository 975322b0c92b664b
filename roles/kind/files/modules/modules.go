// Package modules pins what is taken from Go modules without being compiled into anything of ours: programs that are built
// as they are (go.mod's tool lines), and modules of which only files are read.
package modules

import (
	_ "sigs.k8s.io/gateway-api/apis/v1" // config/crd/standard: the custom resources of the Gateway API
)
