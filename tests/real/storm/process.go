package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func self(args ...string) *exec.Cmd {
	return exec.Command(os.Args[0], append([]string{"-child"}, args...)...)
}

func child(args []string) {
	switch args[0] {
	case "exit":
		n, _ := strconv.Atoi(args[1])
		os.Exit(n)
	case "upper":
		b, _ := io.ReadAll(os.Stdin)
		os.Stdout.Write(bytes.ToUpper(b))
		fmt.Fprint(os.Stderr, "done")
	case "env":
		fmt.Print(os.Getenv("STORM_VALUE"), " ", len(os.Environ()))
	case "sleep":
		fmt.Println("ready")
		time.Sleep(time.Minute)
	case "kill":
		n, _ := strconv.Atoi(args[1])
		syscall.Kill(os.Getpid(), syscall.Signal(n))
		time.Sleep(time.Minute)
	}
	os.Exit(0)
}

// processes: the program starts itself, with pipes, environment, exit statuses and signals.
func processes() error {
	cmd := self("upper")
	cmd.Stdin = strings.NewReader(strings.Repeat("storm ", 20000))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return err
	}
	fmt.Println(out.Len(), out.String()[:6], errs.String())

	cmd = self("env")
	cmd.Env = []string{"STORM_VALUE=given"}
	b, err := cmd.Output()
	fmt.Println(string(b), err)

	for _, status := range []int{0, 1, 42, 255} {
		err := self("exit", fmt.Sprint(status)).Run()
		var e *exec.ExitError
		if errors.As(err, &e) {
			fmt.Println("exit", e.ExitCode())
		} else {
			fmt.Println("exit 0", err)
		}
	}
	err = self("kill", fmt.Sprint(int(syscall.SIGTERM))).Run()
	fmt.Println(err)
	err = self("kill", fmt.Sprint(int(syscall.SIGHUP))).Run()
	var e *exec.ExitError
	if errors.As(err, &e) {
		fmt.Println("by", e.Sys().(syscall.WaitStatus).Signal() == syscall.SIGHUP)
	}

	cmd = self("sleep")
	ready, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	io.ReadFull(ready, make([]byte, 6))
	if err := cmd.Process.Kill(); err != nil {
		return err
	}
	fmt.Println(cmd.Wait())

	_, err = exec.Command("./no-such-program").Output()
	fmt.Println("missing:", errors.Is(err, os.ErrNotExist))

	var wg sync.WaitGroup
	codes := make([]int, 12)
	for i := range codes {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			var e *exec.ExitError
			if errors.As(self("exit", fmt.Sprint(i)).Run(), &e) {
				codes[i] = e.ExitCode()
			}
		}(i)
	}
	wg.Wait()
	fmt.Println(codes)
	return nil
}

func against(url string, command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe() // a server may take its end for a wish to end
	if err != nil {
		return err
	}
	defer hold.Close()
	if err := cmd.Start(); err != nil {
		return err
	}
	err = get(url)
	cmd.Process.Kill()
	cmd.Wait()
	return err
}

// signals: each arrives, by its right name, while goroutines keep the threads busy.
func signals() error {
	stop := make(chan bool)
	for i := 0; i < 4; i++ {
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	defer close(stop)
	c := make(chan os.Signal, 10)
	list := []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGWINCH, syscall.SIGURG}
	signal.Notify(c, list...)
	defer signal.Stop(c)
	for round := 0; round < 20; round++ {
		want := list[round%4].(syscall.Signal)
		if err := syscall.Kill(os.Getpid(), want); err != nil {
			return err
		}
		for got := range c {
			if got == syscall.SIGURG {
				continue // the runtime's own
			}
			if got != want {
				return fmt.Errorf("sent %v, got %v", want, got)
			}
			break
		}
	}
	signal.Ignore(syscall.SIGHUP)
	syscall.Kill(os.Getpid(), syscall.SIGHUP)
	signal.Reset(syscall.SIGHUP)
	fmt.Println("signals", 20)
	return nil
}

func timers() error {
	start := time.Now()
	time.Sleep(20 * time.Millisecond)
	if d := time.Since(start); d < 20*time.Millisecond {
		return fmt.Errorf("slept %v", d)
	}
	t := time.NewTicker(2 * time.Millisecond)
	for i := 0; i < 10; i++ {
		<-t.C
	}
	t.Stop()
	order := make(chan int, 3)
	for i := 3; i > 0; i-- {
		i := i
		time.AfterFunc(time.Duration(i*30)*time.Millisecond, func() { order <- i })
	}
	fmt.Println(<-order, <-order, <-order)
	select {
	case <-make(chan int):
	case <-time.After(10 * time.Millisecond):
		fmt.Println("timeout")
	}
	return nil
}
