module slipway.platform/benchmarks/certificates/tls

go 1.25.0
