// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The registry of go-containerregistry with its referrers API, which `crane registry serve` leaves off: in memory, without TLS, on a free port of
// 127.0.0.1. It prints the port and ends when its standard input does.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	handler := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	go func() { log.Fatal(http.Serve(listener, handler)) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
