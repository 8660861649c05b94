package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// goroutines: mutexes, channels and locked system threads.
func goroutines() error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	sum := 0
	for g := 0; g < 100; g++ {
		wg.Add(1)
		go func(g int) {
			defer wg.Done()
			if g%10 == 0 {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			for i := 0; i < 200; i++ {
				mu.Lock()
				sum += i
				mu.Unlock()
				if i%50 == 0 {
					runtime.Gosched()
				}
			}
		}(g)
	}
	wg.Wait()
	fmt.Println("sum", sum)

	in, out := make(chan int), make(chan int, 4)
	for w := 0; w < 8; w++ {
		go func() {
			for v := range in {
				out <- v * v
			}
		}()
	}
	go func() {
		for i := 0; i < 1000; i++ {
			in <- i
		}
		close(in)
	}()
	squares := 0
	for i := 0; i < 1000; i++ {
		squares += <-out
	}
	fmt.Println("squares", squares)
	return nil
}

// memory: garbage collections while threads run, and growing stacks.
func memory() error {
	var live [64][]byte
	var wg sync.WaitGroup
	var total int64
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func(g int) {
			defer wg.Done()
			for i := 0; i < 400; i++ {
				b := bytes.Repeat([]byte{byte(i)}, 1+i*97%40000)
				live[g*16+i%16] = b
				atomic.AddInt64(&total, int64(len(b)))
			}
		}(g)
	}
	runtime.GC()
	wg.Wait()
	runtime.GC()
	fmt.Println("allocated", total, "deep", deep(20000))

	recovered := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = r.(error)
			}
		}()
		var p *int
		return fmt.Errorf("read %d", *p)
	}()
	fmt.Println(recovered)
	return nil
}

func deep(n int) int {
	var pad [64]byte
	if n == 0 {
		return int(pad[0])
	}
	return deep(n-1) + 1
}

func files() error {
	dir, err := os.MkdirTemp(".", "storm")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for i := 0; i < 30; i++ {
		sub := filepath.Join(dir, fmt.Sprintf("d%d", i%5), fmt.Sprintf("e%d", i%3))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return err
		}
		name := filepath.Join(sub, fmt.Sprintf("f%02d", i))
		if err := os.WriteFile(name, bytes.Repeat([]byte("x"), i*100), 0o640); err != nil {
			return err
		}
	}
	var names []string
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			names = append(names, fmt.Sprintf("%s %d %v", filepath.Base(path), info.Size(), info.Mode()))
		}
		return err
	})
	if err != nil {
		return err
	}
	sort.Strings(names)
	fmt.Println(len(names), names[0], names[29])

	name := filepath.Join(dir, "f")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("tail"), 1000); err != nil {
		return err
	}
	if err := f.Truncate(1002); err != nil {
		return err
	}
	at, _ := f.Seek(-2, io.SeekEnd)
	rest, _ := io.ReadAll(f)
	fmt.Println("at", at, string(rest))
	_, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	fmt.Println("again:", errors.Is(err, os.ErrExist))
	_, err = os.Stat(filepath.Join(dir, "nothing"))
	fmt.Println("nothing:", errors.Is(err, os.ErrNotExist))
	when := time.Unix(1234567890, 123456000)
	if err := os.Chtimes(name, when, when); err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Println("time", st.ModTime().Equal(when))
	link := filepath.Join(dir, "link")
	if err := os.Symlink("f", link); err != nil {
		return err
	}
	target, err := os.Readlink(link)
	fmt.Println("link", target, err)
	if err := os.Link(name, filepath.Join(dir, "hard")); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, "hard"), filepath.Join(dir, "moved")); err != nil {
		return err
	}
	if err := os.Chmod(name, 0o400); err != nil {
		return err
	}
	st, _ = os.Lstat(name)
	fmt.Println("mode", st.Mode())
	return nil
}
