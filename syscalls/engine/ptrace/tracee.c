/* One tracee: its registers, its stops, and Linux calls made through it. */
#include "syscalls/engine/ptrace/supervisor.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL_STOP (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

/* What Linux leaves in the register of a call that a signal cut short (linux/errno.h, which is
 * not for programs). */
enum {
	ERESTARTSYS_ = 512,
	ERESTARTNOINTR_ = 513,
	ERESTARTNOHAND_ = 514,
	ERESTART_RESTARTBLOCK_ = 516
};

/* It is dead, and its end will be told: nothing of this coroutine runs again. */
static _Noreturn void wait_for_end(struct tracee *t)
{
	t->waits = true;
	for (;;)
		coroutine_yield();
}

long tracee_request(struct tracee *t, int request, uint64_t address, uint64_t data)
{
	long r = syscall(SYS_ptrace, request, t->tid, address, data);

	if (r < 0 && errno == ESRCH)
		wait_for_end(t);
	return r < 0 ? -errno : r;
}

/* ---- Stops --------------------------------------------------------------------- */

static int next_stop(struct tracee *t)
{
	t->waits = true;
	while (!t->has_status)
		coroutine_yield();
	t->waits = false;
	t->has_status = false;
	return t->status;
}

static void resume(struct tracee *t, int request, int number)
{
	(void)tracee_request(t, request, 0,
			     (uint64_t)number); /* what it says is a signal's number */
}

static bool is_stop_signal(int n)
{
	return n == SIGSTOP || n == SIGTSTP || n == SIGTTIN || n == SIGTTOU;
}

/* A process that is stopped is listened to until it goes on (ptrace(2), "Group-stop").  A signal that
 * stops it is for Linux at once: it knows whether a SIGCONT has come since. */
static enum stop run(struct tracee *t, int request, int number, int *signal)
{
	resume(t, request, number);
	for (;;) {
		int status = next_stop(t), n = WSTOPSIG(status), event = status >> 16;

		*signal = n;
		if (event == PTRACE_EVENT_STOP && is_stop_signal(n))
			resume(t, PTRACE_LISTEN, 0);
		else if (event == PTRACE_EVENT_STOP)
			resume(t, request, 0);
		else if (event)
			return STOP_BIRTH;
		else if (is_stop_signal(n) && signal_stops(t, n))
			resume(t, request, n);
		else
			return n == CALL_STOP ? STOP_CALL : STOP_SIGNAL;
	}
}

void tracee_begin(struct tracee *t)
{
	(void)next_stop(t);
}

/* exec stops within the call, which then has a result yet to be stored: it is stopped once more
 * on its way out. */
void tracee_begin_program(struct tracee *t)
{
	int status;

	(void)next_stop(t);
	(void)tracee_request(t, PTRACE_INTERRUPT, 0, 0); /* it is traced: cannot fail */
	do {
		resume(t, PTRACE_CONT, 0);
		status = next_stop(t);
		if (!(status >> 16))
			signal_arrived(t, WSTOPSIG(status));
	} while (status >> 16 != PTRACE_EVENT_STOP);
}

/* ---- Registers -------------------------------------------------------------------- */

static void get_registers(struct tracee *t, struct user_regs_struct *to)
{
	(void)tracee_request(t, PTRACE_GETREGS, 0,
			     (uint64_t)to); /* stopped, or not to be heard of again */
}

static void to_guest_regs(const struct user_regs_struct *u, struct regs *r)
{
	*r = (struct regs){
		.rax = u->rax,
		.rdi = u->rdi,
		.rsi = u->rsi,
		.rdx = u->rdx,
		.r10 = u->r10,
		.r8 = u->r8,
		.r9 = u->r9,
		.rcx = u->rcx,
		.r11 = u->r11,
		.rbx = u->rbx,
		.rbp = u->rbp,
		.r12 = u->r12,
		.r13 = u->r13,
		.r14 = u->r14,
		.r15 = u->r15,
		.rsp = u->rsp,
		.rip = u->rip,
		.rflags = u->eflags,
	};
}

static void from_guest_regs(const struct regs *r, struct user_regs_struct *u)
{
	u->rax = r->rax, u->rdi = r->rdi, u->rsi = r->rsi, u->rdx = r->rdx, u->r10 = r->r10;
	u->r8 = r->r8, u->r9 = r->r9, u->rcx = r->rcx, u->r11 = r->r11, u->rbx = r->rbx;
	u->rbp = r->rbp, u->r12 = r->r12, u->r13 = r->r13, u->r14 = r->r14, u->r15 = r->r15;
	u->rsp = r->rsp, u->rip = r->rip, u->eflags = r->rflags;
	u->orig_rax = (uint64_t)-1; /* Linux has no call of it to restart */
}

void tracee_registers(struct tracee *t)
{
	get_registers(t, &t->user);
	to_guest_regs(&t->user, &t->thread.regs);
}

/* Bits of the flags a program may change. */
#define OWN_FLAGS 0x244dd5UL /* ID AC NT OF DF TF SF ZF AF PF CF */

enum stop tracee_run(struct tracee *t, int *number)
{
	enum stop stop;

	from_guest_regs(&t->thread.regs, &t->user);
	t->user.eflags = (t->user.eflags & OWN_FLAGS) | 0x202;
	(void)tracee_request(t, PTRACE_SETREGS, 0, (uint64_t)&t->user);
	stop = run(t, PTRACE_SYSEMU, 0, number);
	get_registers(t, &t->user);
	to_guest_regs(&t->user, &t->thread.regs);
	if (stop == STOP_CALL)
		t->thread.regs.rax = t->user.orig_rax;
	return stop;
}

/* ---- Linux calls ------------------------------------------------------------------------ */

static void set_call(const struct tracee *t, struct user_regs_struct *u, int nr,
		     const uint64_t a[6])
{
	*u = t->user;
	u->rax = (uint64_t)nr;
	u->orig_rax = (uint64_t)-1;
	u->rdi = a[0], u->rsi = a[1], u->rdx = a[2], u->r10 = a[3], u->r8 = a[4], u->r9 = a[5];
	u->rip = STUB_CALL;
	u->eflags = 0x202;
	u->cs = USER_CS;
	u->ss = USER_SS;
}

static bool was_cut_short(long result)
{
	return result == -ERESTARTSYS_ || result == -ERESTARTNOINTR_ ||
	       result == -ERESTARTNOHAND_ || result == -ERESTART_RESTARTBLOCK_;
}

/* A signal stopped the injected call, before it began (the instruction is still to come), or
 * with a result.  True if that is the end of the call. */
static bool signal_ends(struct tracee *t, bool waits, int number, const struct user_regs_struct *u,
			long *result)
{
	if (number == t->passes)
		return false; /* it is let through */
	signal_arrived(t, number);
	if (u->rip == STUB_CALL) {
		*result = CALL_AGAIN;
		return waits && signals_wanted(t);
	}
	if (was_cut_short(*result)) {
		*result = -EINTR;
		return waits; /* else Linux makes it again by itself */
	}
	return true;
}

static long finish_call(struct tracee *t, bool waits, enum stop stop, int number,
			void (*born)(struct tracee *, int))
{
	struct user_regs_struct u;
	long result;

	for (;;) {
		int passed = 0;

		if (stop == STOP_BIRTH) {
			unsigned long child = 0;

			(void)tracee_request(t, PTRACE_GETEVENTMSG, 0, (uint64_t)&child);
			if (born)
				born(t, (int)child);
		} else {
			get_registers(t, &u);
			result = (long)u.rax;
			if (number == SIGTRAP && u.rip == STUB_CALLED)
				return was_cut_short(result) ? -EINTR : result;
			if (signal_ends(t, waits, number, &u, &result))
				return result;
			passed = number == t->passes ? number : 0;
			t->passes = passed ? 0 : t->passes;
		}
		stop = run(t, PTRACE_CONT, passed, &number);
	}
}

static long make_call(struct tracee *t, bool waits, int nr, const uint64_t a[6],
		      void (*born)(struct tracee *, int))
{
	struct user_regs_struct u;
	enum stop stop;
	int number;

	set_call(t, &u, nr, a);
	(void)tracee_request(t, PTRACE_SETREGS, 0, (uint64_t)&u);
	stop = run(t, PTRACE_CONT, 0, &number);
	return finish_call(t, waits, stop, number, born);
}

long tracee_call(struct tracee *t, bool waits, int nr, const uint64_t a[6])
{
	return make_call(t, waits, nr, a, NULL);
}

long tracee_clone(struct tracee *t, const uint64_t a[6], void (*born)(struct tracee *, int))
{
	return make_call(t, false, SYS_clone, a, born);
}

void tracee_last_call(struct tracee *t, int nr, uint64_t a0)
{
	(void)tracee_call(t, false, nr, (const uint64_t[6]){a0}); /* it does not come back */
	wait_for_end(t);
}

/* The compare and exchange, by the guest itself: a fault there is the address's. */
int tracee_swap(struct tracee *t, uint64_t at, uint32_t *seen, uint32_t value)
{
	struct user_regs_struct u;
	int number;

	set_call(t, &u, (int)*seen, (const uint64_t[6]){at, 0, value});
	u.rip = STUB_SWAP;
	(void)tracee_request(t, PTRACE_SETREGS, 0, (uint64_t)&u);
	for (;;) {
		(void)run(t, PTRACE_CONT, 0, &number);
		get_registers(t, &u);
		if (number == SIGTRAP && u.rip == STUB_SWAPPED)
			break;
		if ((number == SIGSEGV || number == SIGBUS) && u.rip == STUB_SWAP) {
			siginfo_t si;

			(void)tracee_request(t, PTRACE_GETSIGINFO, 0, (uint64_t)&si);
			if (si.si_code > 0)
				return -EFAULT;
		}
		signal_arrived(t, number);
	}
	*seen = (uint32_t)u.rax;
	return u.eflags & 0x40 ? 0 : 1; /* ZF: it was so */
}

/* ---- Scratch ------------------------------------------------------------------------------ */

static bool take_slot(struct tracee *t)
{
	struct space *s = t->guest->space;

	for (uint32_t i = 0; i < SPACE_SLOTS; i++) {
		if (s->taken[i / 64] >> (i % 64) & 1)
			continue;
		s->taken[i / 64] |= 1UL << (i % 64);
		t->slot = i;
		t->has_slot = true;
		return true;
	}
	return false;
}

uint64_t tracee_area(struct tracee *t)
{
	struct space *s = t->guest->space;
	uint64_t at;

	if (!t->has_slot && !take_slot(t))
		return 0;
	at = STUB_SLOTS + t->slot * (uint64_t)STUB_SLOT_SIZE;
	if (s->mapped[t->slot / 64] >> (t->slot % 64) & 1)
		return at;
	if (is_error(LINUX(t, mmap, at, AREA_SCRATCH + SCRATCH_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0)))
		return 0;
	s->mapped[t->slot / 64] |= 1UL << (t->slot % 64);
	return at;
}

uint64_t scratch(struct call *c, size_t n)
{
	size_t at = (c->scratch_used + 15) & ~15UL;
	uint64_t area;

	if (n > SCRATCH_SIZE || at > SCRATCH_SIZE - n)
		return 0;
	area = tracee_area(of_thread(c->thread));
	if (!area)
		return 0;
	c->scratch_used = at + n;
	return area + AREA_SCRATCH + at;
}

void *scratch_seen(struct call *c, uint64_t at, size_t n, void *local)
{
	return get_guest(c, local, at, n) < 0 ? NULL : local;
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static int copy(const struct thread *t, void *local, uint64_t guest, size_t n, bool in)
{
	struct iovec here = {local, n}, there = {(void *)guest, n};
	ssize_t r;

	if (!n)
		return 0;
	r = in ? process_vm_readv(t->host_tid, &here, 1, &there, 1, 0)
	       : process_vm_writev(t->host_tid, &here, 1, &there, 1, 0);
	return r == (ssize_t)n ? 0 : -EFAULT;
}

int thread_get(struct thread *t, void *to, uint64_t from, size_t n)
{
	return copy(t, to, from, n, true);
}

int thread_put(struct thread *t, uint64_t to, const void *from, size_t n)
{
	return copy(t, (void *)from, to, n, false);
}

int get_guest(struct call *c, void *to, uint64_t from, size_t n)
{
	return copy(c->thread, to, from, n, true);
}

int put_guest(struct call *c, uint64_t to, const void *from, size_t n)
{
	return copy(c->thread, (void *)from, to, n, false);
}

int swap_guest(struct call *c, uint64_t at, uint32_t *seen, uint32_t value)
{
	return at & 3 ? -EINVAL : tracee_swap(of_thread(c->thread), at, seen, value);
}

bool engine_owns(uint64_t at, uint64_t n)
{
	uint64_t end;

	if (__builtin_add_overflow(at, n, &end))
		end = UINT64_MAX;
	return n && at < STUB_LIMIT && end > STUB_BASE;
}

int engine_show_page(struct call *c, uint64_t at, const void *page)
{
	struct tracee *t = of_thread(c->thread);
	long r = LINUX(t, mmap, at, GUEST_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (is_error(r))
		return (int)r;
	r = put_guest(c, at, page, GUEST_PAGE);
	if (r == 0)
		r = LINUX(t, mprotect, at, GUEST_PAGE, PROT_READ | PROT_EXEC);
	return (int)r;
}

/* ---- Segments and vectors ------------------------------------------------------------------------ */

uint64_t engine_get_base(struct thread *t, int which)
{
	const struct user_regs_struct *u = &of_thread(t)->user;

	return which ? u->gs_base : u->fs_base;
}

int engine_set_base(struct thread *t, int which, uint64_t value)
{
	struct user_regs_struct *u = &of_thread(t)->user;

	if (value >> 47)
		return -EINVAL;
	*(which ? &u->gs_base : &u->fs_base) = value;
	return 0;
}

#define MOST_VECTORS 16384
#define LEGACY 512
#define HEADER 64
#define MASK_AT 464 /* of the legacy part: the processor's components (asm/user.h) */
#define PROTECTION_KEYS (1UL << 9) /* not saved: the resident neither */

/* Bytes there are; asked of the first tracee. */
static size_t get_vectors(struct tracee *t, void *to)
{
	struct iovec v = {to, MOST_VECTORS};

	if (tracee_request(t, PTRACE_GETREGSET, NT_X86_XSTATE, (uint64_t)&v) < 0 ||
	    v.iov_len < LEGACY + HEADER || v.iov_len == MOST_VECTORS)
		die(EXIT_GUISE, "this processor's vector state is not supported");
	if (!supervisor.vector_size) {
		supervisor.vector_size = v.iov_len;
		memcpy(&supervisor.vector_mask, (char *)to + MASK_AT, 8);
		supervisor.vector_mask &= ~PROTECTION_KEYS;
	}
	return v.iov_len;
}

static int set_vectors(struct tracee *t, void *from)
{
	struct iovec v = {from, supervisor.vector_size};

	return (int)tracee_request(t, PTRACE_SETREGSET, NT_X86_XSTATE, (uint64_t)&v);
}

size_t engine_vector_size(void)
{
	char area[MOST_VECTORS];

	if (!supervisor.vector_size)
		(void)get_vectors(current_tracee(), area);
	return supervisor.vector_size;
}

uint64_t engine_vector_mask(void)
{
	(void)engine_vector_size();
	return supervisor.vector_mask;
}

/* Of a part that the processor has and Linux's frames have not, there is nothing to say. */
int engine_save_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	char area[MOST_VECTORS] = {0};
	uint64_t components;
	int r = 0;

	if (rest_size > sizeof area - LEGACY)
		return -EINVAL;
	(void)get_vectors(of_thread(t), area); /* zeros are behind what there is */
	memcpy(&components, area + LEGACY, 8);
	components &= supervisor.vector_mask;
	memcpy(area + LEGACY, &components, 8);
	memset(area + MASK_AT, 0, LEGACY - MASK_AT); /* the kernel's own words */
	if (legacy)
		r = thread_put(t, legacy, area, LEGACY);
	return r < 0 ? r : thread_put(t, rest, area + LEGACY, rest_size);
}

int engine_load_vectors(struct thread *t, uint64_t legacy, uint64_t rest, size_t rest_size)
{
	uint64_t header[HEADER / 8] = {3}; /* x87 and SSE are in the legacy part */
	char area[MOST_VECTORS] = {0};
	uint32_t mxcsr;
	int r;

	(void)engine_vector_size();
	if (rest_size > sizeof area - LEGACY || (rest && rest_size < HEADER))
		return -EINVAL;
	if (rest_size > supervisor.vector_size - LEGACY)
		rest_size = supervisor.vector_size - LEGACY; /* engine_save_vectors */
	r = thread_get(t, area, legacy, LEGACY);
	if (r == 0 && rest)
		r = thread_get(t, area + LEGACY, rest, rest_size);
	if (r < 0)
		return r;
	memcpy(&mxcsr, area + 24, sizeof mxcsr);
	if (mxcsr & ~0xffffu)
		return -EINVAL;
	if (rest)
		memcpy(header, area + LEGACY, 8);
	header[0] &= supervisor.vector_mask;
	memcpy(area + LEGACY, header, sizeof header);
	return set_vectors(of_thread(t), area) < 0 ? -EINVAL : 0;
}

void engine_reset_vectors(struct thread *t)
{
	const uint32_t mxcsr = 0x1f80;
	const uint16_t control = 0x37f;
	char area[MOST_VECTORS] = {0};

	(void)engine_vector_size();
	memcpy(area, &control, sizeof control);
	memcpy(area + 24, &mxcsr, sizeof mxcsr);
	area[LEGACY] = 3;
	(void)set_vectors(of_thread(t), area); /* valid, and its size the kernel's own */
}
