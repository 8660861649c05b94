/* The loop engine: guest memory is this process's own, Linux calls are made right here.
 * For unit tests and fuzzing of the translators; nothing is loaded or trapped. */
#include "syscalls/engine.h"
#include "syscalls/engine/loop/loop.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The kernel copies, so a bad address is an error and not the end. */
static int copy(void *to, const void *from, size_t n, bool in)
{
	struct iovec local = {in ? to : (void *)from, n}, remote = {in ? (void *)from : to, n};
	ssize_t r;

	if (!n)
		return 0;
	r = in ? process_vm_readv(getpid(), &local, 1, &remote, 1, 0)
	       : process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
	return r == (ssize_t)n ? 0 : -EFAULT;
}

int get_guest(struct call *c, void *to, uint64_t from, size_t n)
{
	(void)c;
	return copy(to, (const void *)from, n, true);
}

int put_guest(struct call *c, uint64_t to, const void *from, size_t n)
{
	(void)c;
	return copy((void *)to, from, n, false);
}

int swap_guest(struct call *c, uint64_t at, uint32_t *seen, uint32_t value)
{
	uint32_t now;
	int r = at & 3 ? -EINVAL : get_guest(c, &now, at, sizeof now);

	if (r < 0)
		return r;
	return !__atomic_compare_exchange_n((uint32_t *)at, seen, value, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
}

int thread_get(struct thread *t, void *to, uint64_t from, size_t n)
{
	(void)t;
	return copy(to, (const void *)from, n, true);
}

int thread_put(struct thread *t, uint64_t to, const void *from, size_t n)
{
	(void)t;
	return copy((void *)to, from, n, false);
}

uint64_t scratch(struct call *c, size_t n)
{
	struct loop_thread *t = (struct loop_thread *)c->thread;
	size_t at = (c->scratch_used + 15) & ~15UL;

	if (n > SCRATCH_SIZE || at > SCRATCH_SIZE - n)
		return 0;
	c->scratch_used = at + n;
	return (uint64_t)(t->scratch + at);
}

void *scratch_seen(struct call *c, uint64_t at, size_t n, void *local)
{
	(void)c;
	(void)n;
	(void)local;
	return (void *)at;
}

/* A call its row does not declare ends the test. */
static void check_use(const struct call *c, int nr)
{
	const int16_t *use = c->row ? c->row->uses : NULL;

	if (!c->row)
		return;
	for (; use && *use != END_OF_USES; use++)
		if (*use == nr)
			return;
	abort();
}

long host_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	       uint64_t a4, uint64_t a5)
{
	long r;

	check_use(c, nr);
	r = syscall(nr, a0, a1, a2, a3, a4, a5);
	return r < 0 ? -errno : r;
}

long host_wait_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		    uint64_t a4, uint64_t a5)
{
	return host_call(c, nr, a0, a1, a2, a3, a4, a5);
}

/* ---- Words of the translators' own ------------------------------------------------- */

long engine_wait_word(struct call *c, uint32_t *word, uint32_t seen, uint64_t deadline)
{
	return host_wait(c, __NR_futex, word, FUTEX_WAIT_BITSET, seen, deadline, 0,
			 FUTEX_BITSET_MATCH_ANY);
}

void engine_wake_word(struct call *c, uint32_t *word)
{
	(void)host(c, __NR_futex, word, FUTEX_WAKE, INT32_MAX); /* who does not sleep needs none */
}

bool engine_owns(uint64_t at, uint64_t n)
{
	(void)at;
	(void)n;
	return false;
}

void engine_code_changed(struct call *c, uint64_t at, uint64_t n, bool is_code)
{
	(void)c;
	(void)at;
	(void)n;
	(void)is_code;
}

long engine_clock(struct call *c, int host_clock, struct __kernel_timespec *now)
{
	(void)c;
	return syscall(SYS_clock_gettime, host_clock, now) < 0 ? -errno : 0;
}

void *engine_pages(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int engine_show_page(struct call *c, uint64_t at, const void *page)
{
	int r;

	if (mmap((void *)at, GUEST_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	r = put_guest(c, at, page, GUEST_PAGE);
	if (r == 0 && mprotect((void *)at, GUEST_PAGE, PROT_READ | PROT_EXEC) < 0)
		r = -errno;
	return r;
}

void engine_free_pages(void *pages, size_t bytes)
{
	if (pages)
		(void)munmap(pages, bytes); /* what engine_pages() gave */
}

void lock_take(struct lock *l)
{
	while (__atomic_exchange_n(&l->word, 1, __ATOMIC_ACQUIRE))
		sched_yield();
}

void lock_release(struct lock *l)
{
	__atomic_store_n(&l->word, 0, __ATOMIC_RELEASE);
}

/* ---- What needs a guest that runs: not in this engine ------------------------------ */

long engine_fork(struct call *c, unsigned flags, const struct life *life)
{
	(void)life;
	(void)c;
	(void)flags;
	return -ENOSYS;
}

long engine_exec(struct call *c, const struct exec *e)
{
	(void)c;
	(void)close(e->fd);
	return -ENOSYS;
}

struct board *engine_board(void)
{
	return NULL;
}

void engine_ring_board(void)
{
}

void engine_reaped(struct call *c, int pid, int status)
{
	(void)c;
	(void)pid;
	(void)status;
}

void engine_exit_thread(struct call *c)
{
	(void)c;
	abort();
}

void engine_exit_process(struct call *c, int status)
{
	(void)c;
	_exit(status);
}

long engine_new_thread(struct call *c, const struct new_thread *n)
{
	(void)c;
	(void)n;
	return -ENOSYS;
}

struct thread *engine_find_thread(struct call *c, int host_tid)
{
	return c->thread->host_tid == host_tid ? c->thread : NULL;
}

uint64_t engine_get_base(struct thread *t, int which)
{
	return ((struct loop_thread *)t)->base[which];
}

int engine_set_base(struct thread *t, int which, uint64_t value)
{
	((struct loop_thread *)t)->base[which] = value;
	return 0;
}

long engine_send(struct call *c, int pid, int host_tid, int n, int code, uint64_t value)
{
	(void)c;
	(void)pid;
	(void)host_tid;
	(void)n;
	(void)code;
	(void)value;
	return -ENOSYS;
}

int engine_action_changed(struct call *c, int n)
{
	(void)c;
	(void)n;
	return 0;
}

int engine_counted_changed(struct call *c, int n)
{
	(void)c;
	(void)n;
	return 0;
}

void engine_let_counted_in(struct call *c)
{
	(void)c;
}

void engine_mask_changed(struct call *c)
{
	(void)c;
}

void engine_settle_masks(struct call *c)
{
	(void)c;
}

int engine_pending(struct call *c, struct sigset *set)
{
	(void)c;
	*set = (struct sigset){0};
	return 0;
}

long engine_wait_signal(struct call *c, const struct sigset *set, uint64_t timeout,
			struct signal_info *info)
{
	(void)c;
	(void)set;
	(void)timeout;
	(void)info;
	return -EAGAIN;
}

long engine_pause(struct call *c)
{
	(void)c;
	return -EINTR;
}

void engine_raise(struct thread *t, const struct signal_info *info)
{
	((struct loop_thread *)t)->raised = *info;
}

size_t engine_vector_size(void)
{
	return 512 + 64;
}

uint64_t engine_vector_mask(void)
{
	return 3; /* x87 and SSE */
}

int engine_save_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	static const char zeros[512];
	int r = legacy ? thread_put(t, legacy, zeros, 512) : 0;

	return r < 0 ? r : thread_put(t, rest, zeros, rest_size < 64 ? rest_size : 64);
}

int engine_load_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	(void)t;
	(void)legacy;
	return rest && rest_size < 64 ? -EINVAL : 0;
}

void engine_reset_vectors(struct thread *t)
{
	(void)t;
}

/* ---- For the tests -------------------------------------------------------------------- */

void loop_begin(struct loop_thread *t, struct process *p, const struct personality *personality)
{
	memset(t, 0, offsetof(struct loop_thread, scratch));
	memset(p, 0, sizeof *p);
	p->personality = personality;
	p->pid = getpid();
	p->n_threads = 1;
	t->thread.process = p;
	t->thread.tid = p->pid + (personality ? (int32_t)personality->tid_offset : 0);
	t->thread.host_tid = p->pid;
	t->thread.altstack_disabled = true;
}

long loop_call(struct loop_thread *t, uint32_t nr, const uint64_t *args, size_t n)
{
	struct call c = {.thread = &t->thread,
			 .personality = t->thread.process->personality,
			 .nr = nr};

	if (n > MAX_ARGS)
		n = MAX_ARGS;
	if (n)
		memcpy(c.a, args, n * sizeof *args);
	return dispatch(&c);
}
