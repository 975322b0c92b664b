// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The server that is probed, the prober that Go's crypto/tls makes, and whoever asks blackbox_exporter to probe.
//
//	tls serve -names 1000 -root root.pem
//	tls probe -workers 64 [-root root.pem] [-classical] < targets
//	tls scrape -workers 64 -url 'http://127.0.0.1:9115/probe?module=tls&target=' < targets
//
// serve has a certificate of its own for each of h0.bench.test, h1.bench.test, ... (EC P-256, all of one intermediate), prints one line of JSON
// with its port, answers each line on its standard input with what it counted since the one before, and ends when its standard input does.
// probe reads "address:port server_name" lines, and prints one line of JSON: seconds, answered, last (seconds until the last that answered did),
// failed. The chain is read whatever it is; with
// -root it is verified too. -classical leaves out the post-quantum key exchange, which OpenSSL 3.0 does not have. scrape reads and prints the same;
// an answer counts if it has the expiry of a certificate.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	connectTimeout = 5 * time.Second
	probeTimeout   = 15 * time.Second
	patience       = time.Minute
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: tls serve|probe|scrape")
	}
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2:])
	case "probe":
		probe(os.Args[2:])
	case "scrape":
		scrape(os.Args[2:])
	default:
		log.Fatalf("%s: neither serve nor probe nor scrape", os.Args[1])
	}
}

func serve(arguments []string) {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	names := flags.Int("names", 1000, "how many server names")
	root := flags.String("root", "", "file for the root's certificate")
	check(flags.Parse(arguments))
	leaves := issueAll(*names, *root)
	var connections, handshakes atomic.Int64
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		number, _ := strconv.Atoi(strings.TrimPrefix(strings.SplitN(hello.ServerName, ".", 2)[0], "h"))
		return leaves[number%len(leaves)], nil
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() {
		for {
			connection, err := listener.Accept()
			check(err)
			connections.Add(1)
			go func() {
				defer connection.Close()
				connection.SetDeadline(time.Now().Add(patience))
				secured := tls.Server(connection, config)
				if secured.Handshake() == nil {
					handshakes.Add(1)
					io.Copy(io.Discard, secured)
				}
			}()
		}
	}()
	print(map[string]any{"port": listener.Addr().(*net.TCPAddr).Port})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		print(map[string]any{"connections": connections.Swap(0), "handshakes": handshakes.Swap(0)})
	}
}

// issueAll makes a root, an intermediate, and a leaf for each name; the root is written to a file, and not sent.
func issueAll(count int, file string) []*tls.Certificate {
	rootKey, root := issue("Bench Root", nil, nil, true)
	interKey, inter := issue("Bench Intermediate", root, rootKey, true)
	if file != "" {
		check(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}), 0o644))
	}
	leaves := make([]*tls.Certificate, count)
	for number := range leaves {
		key, leaf := issue(fmt.Sprintf("h%d.bench.test", number), inter, interKey, false)
		leaves[number] = &tls.Certificate{Certificate: [][]byte{leaf.Raw, inter.Raw}, PrivateKey: key, Leaf: leaf}
	}
	return leaves
}

func issue(name string, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey, authority bool) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	check(err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true, IsCA: authority,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(80 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if authority {
		template.KeyUsage = x509.KeyUsageCertSign
		template.NotAfter = time.Now().Add(3650 * 24 * time.Hour)
	} else {
		template.DNSNames = []string{name, "www." + name}
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	check(err)
	certificate, err := x509.ParseCertificate(der)
	check(err)
	return key, certificate
}

func probe(arguments []string) {
	flags := flag.NewFlagSet("probe", flag.ExitOnError)
	workers := flags.Int("workers", 64, "how many at the same time")
	root := flags.String("root", "", "file with the roots; without, nothing is verified")
	classical := flags.Bool("classical", false, "without post-quantum key exchange")
	check(flags.Parse(arguments))
	var roots *x509.CertPool
	if *root != "" {
		content, err := os.ReadFile(*root)
		check(err)
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(content)
	}
	all(*workers, func(address, name string) bool { return look(address, name, roots, *classical) })
}

func scrape(arguments []string) {
	flags := flag.NewFlagSet("scrape", flag.ExitOnError)
	workers := flags.Int("workers", 64, "how many at the same time")
	url := flags.String("url", "", "what to ask, up to the address")
	check(flags.Parse(arguments))
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: *workers}}
	all(*workers, func(address, _ string) bool {
		answer, err := client.Get(*url + address)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		return err == nil && strings.Contains(string(content), "\nprobe_ssl_earliest_cert_expiry ")
	})
}

// all looks at every target of the standard input, and prints how it went.
func all(workers int, look func(address, name string) bool) {
	var targets [][]string
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		targets = append(targets, strings.Fields(lines.Text()))
	}
	var answered, failed, last atomic.Int64
	var group sync.WaitGroup
	queue := make(chan []string)
	started := time.Now()
	for range workers {
		group.Go(func() {
			for target := range queue {
				if look(target[0], target[1]) {
					answered.Add(1)
					last.Store(int64(time.Since(started)))
				} else {
					failed.Add(1)
				}
			}
		})
	}
	for _, target := range targets {
		queue <- target
	}
	close(queue)
	group.Wait()
	print(map[string]any{
		"seconds": time.Since(started).Seconds(), "last": time.Duration(last.Load()).Seconds(), "answered": answered.Load(), "failed": failed.Load(),
	})
}

// look reads the chain of one server; false if there is none, or if it does not verify.
func look(address, name string, roots *x509.CertPool, classical bool) bool {
	config := &tls.Config{ServerName: name, InsecureSkipVerify: true}
	if classical {
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
	}
	connection, err := net.DialTimeout("tcp", address, connectTimeout)
	if err != nil {
		return false
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(probeTimeout))
	secured := tls.Client(connection, config)
	if secured.Handshake() != nil {
		return false
	}
	chain := secured.ConnectionState().PeerCertificates
	if roots == nil {
		return len(chain) > 0
	}
	others := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		others.AddCert(certificate)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: others, DNSName: name})
	return err == nil
}

func print(value map[string]any) {
	line, err := json.Marshal(value)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
