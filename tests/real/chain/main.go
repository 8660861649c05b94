// Starts the program its first argument names, with the rest of the arguments, and so on: each may be for
// another system.  Lines go down the chain and come back up with every system's name; the last one ends as it
// is told, and each above with one more.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
)

func ending(err error) int {
	var e *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &e) {
		fmt.Fprintln(os.Stderr, err)
		return 100
	}
	s := e.Sys().(syscall.WaitStatus)
	if s.Signaled() {
		fmt.Println(runtime.GOOS, "saw", s.Signal())
		return 0
	}
	return s.ExitStatus()
}

// The end of the chain: "status N", "kill" or "wait", for a signal from above.
func last(what []string) int {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(runtime.GOOS, in.Text())
	}
	switch what[0] {
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "wait":
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGUSR1)
		fmt.Println("waiting")
		fmt.Println(runtime.GOOS, "got", <-c)
		return 1
	}
	n, _ := strconv.Atoi(what[1])
	return n
}

func main() {
	args := os.Args[1:]
	if args[0][0] != '.' {
		os.Exit(last(args))
	}
	c := exec.Command(args[0], args[1:]...)
	down, _ := c.StdinPipe()
	up, _ := c.StdoutPipe()
	c.Stderr = os.Stderr
	c.Env = append(os.Environ(), "PASSED="+os.Getenv("PASSED")+runtime.GOOS+" ")
	if err := c.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(100)
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR1)
	go func() {
		for s := range told {
			c.Process.Signal(s)
		}
	}()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Fprintln(down, in.Text())
	}
	down.Close()
	out := bufio.NewScanner(up)
	for out.Scan() {
		if out.Text() == "waiting" && os.Getenv("PASSED") == "" {
			c.Process.Signal(syscall.SIGUSR1)
		} else if out.Text() == "waiting" {
			fmt.Println("waiting")
		} else {
			fmt.Println(runtime.GOOS, out.Text())
		}
	}
	os.Exit(ending(c.Wait()) + 1)
}
