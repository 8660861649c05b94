// A threaded, networked, forking program for the tests: it uses what the Go runtime and
// standard library use of a system, and prints lines that are the same on every system.
//
//	storm                 everything, one section after another
//	storm SECTION...      only these
//	storm -get URL        fetches a page and prints it
//	storm -against URL PROGRAM ARGS...  the same while PROGRAM runs, which is ended then
//	storm -child ...      the other end of the process section
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

var sections = []struct {
	name string
	run  func() error
}{
	{"goroutines", goroutines},
	{"memory", memory},
	{"files", files},
	{"tcp", tcp},
	{"unix", unixSockets},
	{"udp", udp},
	{"http", httpServer},
	{"processes", processes},
	{"signals", signals},
	{"timers", timers},
	{"deadlines", deadlines},
}

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "-child":
			child(os.Args[2:])
		case "-against":
			if err := against(os.Args[2], os.Args[3:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		case "-get":
			if err := get(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	repeat, _ := strconv.Atoi(os.Getenv("STORM_REPEAT"))
	if repeat < 1 {
		repeat = 1
	}
	// With STORM_SECONDS it goes on for so long, and each round has to end in its time.
	seconds, _ := strconv.Atoi(os.Getenv("STORM_SECONDS"))
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	watchdog := time.AfterFunc(100*time.Second, func() { panic("storm: hangs") })
	defer watchdog.Stop()
	for i := 0; i < repeat || time.Now().Before(end); i++ {
		watchdog.Reset(100 * time.Second)
		for _, s := range sections {
			if !wanted(s.name) {
				continue
			}
			if err := s.run(); err != nil {
				fmt.Printf("%s: %v\n", s.name, err)
				os.Exit(1)
			}
			fmt.Printf("%s: ok\n", s.name)
		}
	}
}

func wanted(name string) bool {
	if len(os.Args) < 2 {
		return true
	}
	for _, a := range os.Args[1:] {
		if a == name {
			return true
		}
	}
	return false
}
