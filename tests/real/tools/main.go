// The few programs that Go's tests start, one binary under their names: nobody ships those of
// FreeBSD alone.  Only what the tests use of each.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func fail(status int, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	os.Exit(status)
}

func cat(names []string) {
	if len(names) == 0 {
		names = []string{"/dev/stdin"}
	}
	for _, name := range names {
		file := os.Stdin
		if name != "/dev/stdin" && name != "-" {
			var err error
			if file, err = os.Open(name); err != nil {
				fail(1, err)
			}
		}
		if _, err := io.Copy(os.Stdout, file); err != nil {
			fail(1, err)
		}
	}
}

func pwd() {
	os.Unsetenv("PWD") // ask the kernel
	dir, err := os.Getwd()
	if err != nil {
		fail(1, err)
	}
	fmt.Println(dir)
}

func hostname() {
	name, err := os.Hostname()
	if err != nil {
		fail(1, err)
	}
	fmt.Println(name)
}

func sleep(args []string) {
	d, err := time.ParseDuration(strings.Join(args, "") + "s")
	if err != nil {
		fail(1, err)
	}
	time.Sleep(d)
}

func execute(args []string) {
	if len(args) == 0 {
		fail(127, fmt.Errorf("no program"))
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		fail(127, err)
	}
	fail(126, syscall.Exec(path, args, os.Environ()))
}

// A pipeline of plain words, as in sh -c "echo output | program -option".
func shell(args []string) {
	if len(args) < 2 || args[0] != "-c" || strings.ContainsAny(args[1], "\"'`$;&<>(){}*?\\\n") {
		fail(2, fmt.Errorf("only -c with a pipeline of plain words"))
	}
	var last *exec.Cmd
	var in io.Reader = os.Stdin
	for _, part := range strings.Split(args[1], "|") {
		words := strings.Fields(part)
		if len(words) == 0 {
			fail(2, fmt.Errorf("an empty command"))
		}
		if last != nil {
			r, w, err := os.Pipe()
			if err != nil {
				fail(2, err)
			}
			last.Stdout, in = w, r
			if err := last.Start(); err != nil {
				fail(127, err)
			}
			w.Close()
		}
		last = exec.Command(words[0], words[1:]...)
		last.Stdin, last.Stdout, last.Stderr = in, os.Stdout, os.Stderr
	}
	if err := last.Run(); err != nil {
		if status, ok := err.(*exec.ExitError); ok {
			os.Exit(status.ExitCode())
		}
		fail(127, err)
	}
}

func main() {
	args := os.Args[1:]
	switch name := filepath.Base(os.Args[0]); name {
	case "cat":
		cat(args)
	case "echo":
		fmt.Println(strings.Join(args, " "))
	case "false":
		os.Exit(1)
	case "hostname":
		hostname()
	case "nohup":
		signal.Ignore(syscall.SIGHUP)
		execute(args)
	case "pwd":
		pwd()
	case "sh":
		shell(args)
	case "sleep":
		sleep(args)
	case "true":
	default:
		fail(127, fmt.Errorf("%s: unknown", name))
	}
}
