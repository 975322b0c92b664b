// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A reverse proxy that counts and delays: what a client asks of a registry, and how long it takes when every request has a way to go.
//
//	proxy serve a=http://127.0.0.1:5001 b=http://127.0.0.1:5002
//	proxy load -url http://127.0.0.1:5001/v2/ -requests 5000 -clients 16
//
// serve prints one line of JSON with the ports it took, {"a": 41001, "b": 41002, "control": 41003}, and ends when its standard input does.
// On the control port, POST /begin?delay=40ms forgets what was counted, and GET /log returns it, oldest first.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const clients = 512

// Entry is one request; Connection tells connections apart, Start and Seconds include the delay.
type Entry struct {
	Front      string  `json:"front"`
	Method     string  `json:"method"`
	URL        string  `json:"url"`
	Status     int     `json:"status"`
	Connection int64   `json:"connection"`
	Start      float64 `json:"start"`
	Seconds    float64 `json:"seconds"`
}

// Record is what happened since it began.
type Record struct {
	mutex   sync.Mutex
	began   time.Time
	delay   time.Duration
	entries []*Entry
}

func (record *Record) begin(delay time.Duration) {
	record.mutex.Lock()
	defer record.mutex.Unlock()
	record.began, record.delay, record.entries = time.Now(), delay, []*Entry{}
}

func (record *Record) add(entry *Entry) (time.Time, time.Duration) {
	record.mutex.Lock()
	defer record.mutex.Unlock()
	now := time.Now()
	entry.Start = now.Sub(record.began).Seconds()
	record.entries = append(record.entries, entry)
	return now, record.delay
}

func (record *Record) end(entry *Entry, status int, since time.Time) {
	record.mutex.Lock()
	defer record.mutex.Unlock()
	entry.Status, entry.Seconds = status, time.Since(since).Seconds()
}

func (record *Record) write(output io.Writer) error {
	record.mutex.Lock()
	defer record.mutex.Unlock()
	return json.NewEncoder(output).Encode(record.entries)
}

// A response whose status is remembered; Unwrap keeps flushing and the copying of files possible.
type remembering struct {
	http.ResponseWriter
	status int
}

func (response *remembering) WriteHeader(status int) {
	response.status = status
	response.ResponseWriter.WriteHeader(status)
}

func (response *remembering) Unwrap() http.ResponseWriter { return response.ResponseWriter }

type connectionKey struct{}

// What copies bodies takes its memory from here instead of allocating it for each.
type buffers struct{ pool sync.Pool }

func (buffers *buffers) Get() []byte       { return *buffers.pool.Get().(*[]byte) }
func (buffers *buffers) Put(buffer []byte) { buffers.pool.Put(&buffer) }

func front(name string, backend *url.URL, record *Record) http.Handler {
	forward := &httputil.ReverseProxy{
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(backend)
			request.Out.Host = request.In.Host
		},
		Transport:  &http.Transport{MaxIdleConns: clients, MaxIdleConnsPerHost: clients, DisableCompression: true, WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10},
		BufferPool: &buffers{sync.Pool{New: func() any { buffer := make([]byte, 256<<10); return &buffer }}},
		ErrorLog:   log.New(io.Discard, "", 0),
	}
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		connection, _ := request.Context().Value(connectionKey{}).(int64)
		entry := &Entry{Front: name, Method: request.Method, URL: request.URL.RequestURI(), Connection: connection}
		since, delay := record.add(entry)
		if delay > 0 {
			time.Sleep(delay)
		}
		response := &remembering{writer, http.StatusOK}
		// A client that goes away ends the handler by a panic; its request is counted all the same.
		defer func() { record.end(entry, response.status, since) }()
		forward.ServeHTTP(response, request)
	})
}

func control(record *Record) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /begin", func(writer http.ResponseWriter, request *http.Request) {
		delay, err := time.ParseDuration(request.URL.Query().Get("delay"))
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		record.begin(delay)
	})
	mux.HandleFunc("GET /log", func(writer http.ResponseWriter, _ *http.Request) { _ = record.write(writer) })
	return mux
}

func listen(handler http.Handler, connections *atomic.Int64) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	number := func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, connectionKey{}, connections.Add(1))
	}
	server := &http.Server{Handler: handler, ConnContext: number, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { log.Fatal(server.Serve(listener)) }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func serve(fronts []string) error {
	var connections atomic.Int64
	record, ports := &Record{}, map[string]int{}
	record.begin(0)
	for _, text := range fronts {
		name, address, _ := strings.Cut(text, "=")
		backend, err := url.Parse(address)
		if err != nil || backend.Host == "" {
			return fmt.Errorf("%q is not name=http://host:port", text)
		}
		if ports[name], err = listen(front(name, backend, record), &connections); err != nil {
			return err
		}
	}
	var err error
	if ports["control"], err = listen(control(record), &connections); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(ports); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

// load asks one URL again and again over kept connections and prints requests per second.
func load(arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	address, requests, parallel := flags.String("url", "", "what to ask"), flags.Int64("requests", 5000, "how often"), flags.Int("clients", 16, "how many at once")
	_ = flags.Parse(arguments)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *parallel}}
	var left, failed atomic.Int64
	left.Store(*requests)
	var group sync.WaitGroup
	began := time.Now()
	for range *parallel {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				answer, err := client.Get(*address)
				if err != nil {
					failed.Add(1)
					continue
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	seconds := time.Since(began).Seconds()
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{"rate": float64(*requests) / seconds, "failed": float64(failed.Load())})
}

func main() {
	log.SetFlags(0)
	err := fmt.Errorf("usage: proxy serve name=url ... | proxy load -url url [-requests n] [-clients n]")
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "serve":
			err = serve(os.Args[2:])
		case "load":
			err = load(os.Args[2:])
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}
