module slipway.platform/benchmarks/promotion/proxy

go 1.25.0
