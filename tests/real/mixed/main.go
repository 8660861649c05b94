// Starts programs of another system and says what came of them: output, statuses, signals.
// Run with arguments it prints them and ends with status 23.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func ending(err error) string {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	s := e.Sys().(syscall.WaitStatus)
	if s.Signaled() {
		return "signal: " + s.Signal().String()
	}
	return fmt.Sprint("status ", s.ExitStatus())
}

// An inherited pipe each way, and a signal in between.
func converse() {
	c := exec.Command("/bin/sh", "-c", `trap 'echo trapped; exit 9' TERM; read x; echo "got $x"; while :; do sleep 0.02; done`)
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		fmt.Println(err)
		return
	}
	lines := bufio.NewScanner(out)
	fmt.Fprintln(in, "hello")
	lines.Scan()
	fmt.Println(lines.Text())
	c.Process.Signal(syscall.SIGTERM)
	lines.Scan()
	fmt.Println(lines.Text())
	fmt.Println(ending(c.Wait()))
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println(strings.Join(os.Args[1:], " "))
		os.Exit(23)
	}
	out, err := exec.Command("/bin/sh", "-c", "ls /bin/sh /nonexistent 2>/dev/null | wc -l").Output()
	fmt.Printf("%s %v\n", strings.TrimSpace(string(out)), err)
	fmt.Println(ending(exec.Command("/bin/sh", "-c", "exit 42").Run()))
	fmt.Println(ending(exec.Command("/bin/sh", "-c", "kill -KILL $$").Run()))
	fmt.Println(ending(exec.Command("/bin/sh", "-c", "kill -USR1 $$").Run()))
	converse()
	out, err = exec.Command("/bin/sh", "-c", `"$0" one two; echo $?`, os.Args[0]).CombinedOutput()
	fmt.Printf("%s %v\n", strings.Join(strings.Fields(string(out)), " "), err)
}
