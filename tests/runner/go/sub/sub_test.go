package sub

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("BE_CHILD") == "1" {
		fmt.Println("child", os.Args[1:])
		os.Exit(3)
	}
	os.Exit(m.Run())
}

func TestData(t *testing.T) {
	b, err := os.ReadFile("testdata/greeting")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(b)) != "hello" || Twice(1) != 2 {
		t.Fatal(string(b))
	}
	if err := os.WriteFile("testdata/out", []byte("x"), 0644); err != nil {
		t.Fatal(err)
	}
}

func TestItself(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{exe, os.Args[0]} {
		c := exec.Command(path, "a b")
		c.Env = append(os.Environ(), "BE_CHILD=1")
		out, err := c.Output()
		var status *exec.ExitError
		if !errors.As(err, &status) || status.ExitCode() != 3 || string(out) != "child [a b]\n" {
			t.Fatal(path, err, string(out))
		}
	}
}

func TestLoopback(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		if err == nil {
			io.Copy(c, c)
			c.Close()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "ping")
	c.(*net.TCPConn).CloseWrite()
	if b, err := io.ReadAll(c); err != nil || string(b) != "ping" {
		t.Fatal(string(b), err)
	}
}

func TestTemporary(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{t.TempDir(), home} {
		if err := os.WriteFile(filepath.Join(dir, "guise-test-file"), nil, 0600); err != nil {
			t.Fatal(err)
		}
	}
}

// What decides what runs outside later.
func TestProtected(t *testing.T) {
	for _, dir := range []string{"../.git/hooks", runtime.GOROOT(), os.Getenv("GOCACHE")} {
		if dir == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "guise-test-file"), nil, 0600); err == nil {
			t.Error("writable:", dir)
		}
	}
}

func TestSource(t *testing.T) {
	if _, err := os.Stat(filepath.Join(runtime.GOROOT(), "src/fmt/print.go")); err != nil {
		t.Fatal(err)
	}
}

func TestFailure(t *testing.T) {
	if os.Getenv("FAIL") != "" {
		t.Fatal("as asked")
	}
}
