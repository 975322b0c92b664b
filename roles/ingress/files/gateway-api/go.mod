// The version of the Gateway API whose CRDs are installed: this line is the only place, go.sum holds its hash.
// Traefik 3.7.15 is built against the same one (`go version -m traefik`).
module slipway/gateway-api

go 1.26

require sigs.k8s.io/gateway-api v1.6.3
