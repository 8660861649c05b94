package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// echo answers every line on every connection until the listener is closed.
func echo(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.Copy(c, c)
		}()
	}
}

// talk sends lines on many connections at once and checks what comes back.
func talk(network, address string) error {
	var wg sync.WaitGroup
	errs := make(chan error, 20)
	for i := 0; i < 20; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			c, err := net.Dial(network, address)
			if err != nil {
				errs <- err
				return
			}
			defer c.Close()
			r := bufio.NewReader(c)
			for n := 0; n < 20; n++ {
				line := fmt.Sprintf("%d %s\n", i, bytes.Repeat([]byte{'a' + byte(n)}, n*n))
				if _, err := io.WriteString(c, line); err != nil {
					errs <- err
					return
				}
				back, err := r.ReadString('\n')
				if err != nil || back != line {
					errs <- fmt.Errorf("sent %q, got %q, %v", line, back, err)
					return
				}
			}
		}(i)
	}
	wg.Wait()
	close(errs)
	return <-errs
}

func tcp() error {
	for _, where := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", where)
		if err != nil {
			return err
		}
		go echo(l)
		err = talk("tcp", l.Addr().String())
		l.Close()
		if err != nil {
			return err
		}
		_, err = net.Dial("tcp", l.Addr().String())
		fmt.Println("closed:", errors.Is(err, syscall.ECONNREFUSED))
	}
	return nil
}

func unixSockets() error {
	dir, err := os.MkdirTemp(".", "sock")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		return err
	}
	defer l.Close()
	go echo(l)
	return talk("unix", l.Addr().String())
}

func udp() error {
	a, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := net.Dial("udp", a.LocalAddr().String())
	if err != nil {
		return err
	}
	defer b.Close()
	if _, err := b.Write([]byte("datagram")); err != nil {
		return err
	}
	buf := make([]byte, 100)
	n, from, err := a.ReadFrom(buf)
	if err != nil {
		return err
	}
	fmt.Println(string(buf[:n]), from.String() == b.LocalAddr().String())
	return nil
}

func httpServer() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Query().Get("q"), len(body))
	})
	server := &http.Server{Handler: mux}
	go server.Serve(l)
	defer server.Close()
	base := "http://" + l.Addr().String()
	var wg sync.WaitGroup
	errs := make(chan error, 32)
	for i := 0; i < 16; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			r, err := http.Post(fmt.Sprintf("%s/hello?q=%d", base, i), "text/plain",
				bytes.NewReader(make([]byte, i*10000)))
			if err != nil {
				errs <- err
				return
			}
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			if want := fmt.Sprintf("POST %d %d", i, i*10000); err != nil || string(body) != want {
				errs <- fmt.Errorf("%q, %v", body, err)
			}
		}(i)
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return err
	}
	r, err := http.Get(base + "/missing")
	if err != nil {
		return err
	}
	r.Body.Close()
	fmt.Println(r.StatusCode)
	return nil
}

func deadlines() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	_, err = c.Read(make([]byte, 1))
	fmt.Println("deadline:", errors.Is(err, os.ErrDeadlineExceeded))
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	go func() {
		time.Sleep(20 * time.Millisecond)
		r.Close()
	}()
	_, err = r.Read(make([]byte, 1))
	fmt.Println("closed:", errors.Is(err, os.ErrClosed))
	return nil
}

func get(url string) error {
	var err error
	for try := 0; try < 100; try++ {
		var r *http.Response
		if r, err = http.Get(url); err == nil {
			defer r.Body.Close()
			_, err = io.Copy(os.Stdout, r.Body)
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}
