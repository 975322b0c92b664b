// The version of External Secrets whose definitions are installed, and of its image: this line is the only place, go.sum holds its hash.
// It is the newest that Go's module proxy has: from 2.0 on the module's path lacks the /v2 that Go asks for.
module slipway/external-secrets

go 1.26

require github.com/external-secrets/external-secrets v1.3.2
