// Watches files, a process and signals as Go programs for systems with kqueue do: by
// syscall.Kevent, which is the call's older form, with the runtime's own kqueue beside it.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type watcher struct{ queue int }

func (w watcher) add(ident int, filter int16, flags uint16, notes uint32) {
	change := syscall.Kevent_t{Ident: uint64(ident), Filter: filter, Flags: flags, Fflags: notes}
	_, err := syscall.Kevent(w.queue, []syscall.Kevent_t{change}, nil, nil)
	check(err)
}

// All events until nothing more comes for a while.
func (w watcher) events() []syscall.Kevent_t {
	var all []syscall.Kevent_t
	for {
		room := make([]syscall.Kevent_t, 16)
		wait := syscall.NsecToTimespec(int64(300 * time.Millisecond))
		n, err := syscall.Kevent(w.queue, nil, room, &wait)
		if err == syscall.EINTR {
			continue
		}
		check(err)
		if n == 0 {
			return all
		}
		all = append(all, room[:n]...)
	}
}

func names(notes uint32) string {
	var words []string
	for _, n := range []struct {
		bit  uint32
		name string
	}{
		{syscall.NOTE_DELETE, "delete"}, {syscall.NOTE_WRITE, "write"},
		{syscall.NOTE_EXTEND, "extend"}, {syscall.NOTE_ATTRIB, "attrib"},
		{syscall.NOTE_LINK, "link"}, {syscall.NOTE_RENAME, "rename"},
	} {
		if notes&n.bit != 0 {
			words = append(words, n.name)
		}
	}
	return strings.Join(words, "+")
}

// A directory and each file in it has a descriptor, as fsnotify does it.
func files(w watcher) {
	dir, err := os.MkdirTemp(".", "tree")
	check(err)
	of := map[uint64]string{}
	watch := func(path, name string) {
		fd, err := syscall.Open(path, syscall.O_NONBLOCK|syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		check(err)
		of[uint64(fd)] = name
		w.add(fd, syscall.EVFILT_VNODE, syscall.EV_ADD|syscall.EV_CLEAR,
			syscall.NOTE_DELETE|syscall.NOTE_WRITE|syscall.NOTE_ATTRIB|syscall.NOTE_RENAME)
	}
	tell := func(what string) {
		seen := map[string]uint32{}
		for _, e := range w.events() {
			seen[of[e.Ident]] |= e.Fflags
		}
		var lines []string
		for name, notes := range seen {
			lines = append(lines, name+" "+names(notes))
		}
		sort.Strings(lines)
		fmt.Println(what+":", strings.Join(lines, ", "))
	}
	first := filepath.Join(dir, "first")
	check(os.WriteFile(first, []byte("one"), 0600))
	watch(dir, "dir")
	watch(first, "first")
	check(os.WriteFile(filepath.Join(dir, "second"), nil, 0600))
	watch(filepath.Join(dir, "second"), "second")
	tell("create")
	f, err := os.OpenFile(first, os.O_APPEND|os.O_WRONLY, 0)
	check(err)
	_, err = f.WriteString("two")
	check(err)
	check(f.Close())
	tell("append")
	check(os.Chmod(first, 0640))
	tell("chmod")
	check(os.Rename(first, filepath.Join(dir, "second")))
	tell("rename over")
	check(os.RemoveAll(dir))
	tell("remove")
}

func process(w watcher) {
	c := exec.Command(os.Args[0], "child")
	in, err := c.StdinPipe()
	check(err)
	check(c.Start())
	// Not NOTE_EXEC: the word of the child's own exec may come before this or after it.
	w.add(c.Process.Pid, syscall.EVFILT_PROC, syscall.EV_ADD, syscall.NOTE_EXIT)
	check(in.Close())
	for _, e := range w.events() {
		fmt.Println("process ended:", e.Ident == uint64(c.Process.Pid),
			e.Fflags&syscall.NOTE_EXIT != 0, syscall.WaitStatus(e.Data).ExitStatus())
	}
	_ = c.Wait() // its status has been told
}

func signals(w watcher) {
	got := make(chan os.Signal, 4)
	signal.Notify(got, syscall.SIGUSR1)
	signal.Ignore(syscall.SIGUSR2)
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2} {
		w.add(int(s), syscall.EVFILT_SIGNAL, syscall.EV_ADD, 0)
		check(syscall.Kill(os.Getpid(), s))
	}
	fmt.Println("handled:", <-got)
	var lines []string
	for _, e := range w.events() {
		lines = append(lines, fmt.Sprint(syscall.Signal(e.Ident), " ", e.Data))
	}
	sort.Strings(lines)
	fmt.Println("counted:", strings.Join(lines, ", "))
}

func main() {
	if len(os.Args) > 1 {
		var b [1]byte
		_, _ = os.Stdin.Read(b[:]) // its end is all that is waited for
		os.Exit(9)
	}
	queue, err := syscall.Kqueue()
	check(err)
	w := watcher{queue}
	files(w)
	process(w)
	signals(w)
}
