/* posix_spawn and __clone: sys/kern/kern_exec.c (do_posix_spawn, spawn_return), kern_fork.c (sys___clone),
 * NetBSD 7.99; sys/spawn.h, sys/sched.h of 10.
 *
 * A spawned child does what the caller asked for before it executes the program: it opens and closes, takes a
 * group and a mask.  Here that is a list of calls, written beside a page of code that makes them one after the
 * other, and a child that shares its parent's memory (as after vfork) begins on that page instead of behind the
 * call.  So what a child may do and how it fails is what those calls say.  The page goes again when the child has
 * gone its way; where a call failed, it has left the error there. */
#include "syscalls/abi.h"

#include <linux/mman.h>
#include <linux/wait.h>
#include <string.h>

#include "personalities/netbsd/context.h"
#include "syscalls/board.h"
#include "syscalls/engine.h"

/* ---- What the child runs -------------------------------------------------------------------------------- */

/* One call of the child's. */
struct step {
	uint64_t nr; /* the guest's, or END */
	uint64_t a[5];
	int64_t target; /* what the call opens becomes this descriptor; -1: whatever it is */
	uint64_t may_fail;
};
#define END UINT64_MAX
_Static_assert(sizeof(struct step) == 64, "the code below");

/* rbx: the steps, of which the last one executes; r13: where an error goes.  No stack is used. */
extern const char netbsd_spawn_page[];
__asm__(".pushsection .rodata.netbsd_spawn, \"a\", @progbits\n"
	"	.balign 4096\n"
	"netbsd_spawn_page:\n"
	"1:	mov 0(%rbx), %rax\n"
	"	mov 8(%rbx), %rdi\n"
	"	mov 16(%rbx), %rsi\n"
	"	mov 24(%rbx), %rdx\n"
	"	mov 32(%rbx), %r10\n"
	"	mov 40(%rbx), %r8\n"
	"	syscall\n"
	"	jc 2f\n"
	"	mov 48(%rbx), %rsi\n"
	"	test %rsi, %rsi\n"
	"	js 4f\n"
	"	cmp %rax, %rsi\n"
	"	je 4f\n"
	"	mov %rax, %r12\n"
	"	mov %rax, %rdi\n"
	"	mov $90, %eax\n" /* dup2 */
	"	syscall\n"
	"	jc 3f\n"
	"	mov %r12, %rdi\n"
	"	mov $6, %eax\n" /* close */
	"	syscall\n"
	"	jmp 4f\n"
	"2:	cmpq $0, 56(%rbx)\n"
	"	jne 4f\n"
	"3:	mov %rax, 0(%r13)\n"
	"	mov $127, %edi\n"
	"	mov $1, %eax\n" /* exit */
	"	syscall\n"
	"	hlt\n"
	"4:	add $64, %rbx\n"
	"	jmp 1b\n"
	"	.balign 4096\n"
	".popsection\n");

/* The guest's own numbers: sys/syscall.h. */
enum {
	SYS_OPEN = 5,
	SYS_CLOSE = 6,
	SYS_CHDIR = 12,
	SYS_FCHDIR = 13,
	SYS_EXECVE = 59,
	SYS_SETPGID = 82,
	SYS_DUP2 = 90,
	SYS_SETEGID = 182,
	SYS_SETEUID = 183,
	SYS_SIGPROCMASK = 293,
	SYS_SIGACTION = 340,
	SYS_SCHED_SETPARAM = 346,
};

/* ---- What is asked for: sys/spawn.h ------------------------------------------------------------------------ */

enum { FAE_OPEN, FAE_DUP2, FAE_CLOSE, FAE_CHDIR, FAE_FCHDIR };
struct file_action {
	uint32_t action;
	int32_t fd;
	union {
		uint64_t path;
		int32_t new_fd;
	};
	uint32_t flags, mode;
};
_Static_assert(sizeof(struct file_action) == 24, "struct posix_spawn_file_actions_entry");
struct file_actions {
	uint32_t size, n;
	uint64_t at;
};

enum {
	RESETIDS = 0x01,
	SETPGROUP = 0x02,
	SETSCHEDPARAM = 0x04,
	SETSCHEDULER = 0x08,
	SETSIGDEF = 0x10,
	SETSIGMASK = 0x20,
	RETURNERROR = 0x40, /* as it is always here */
};
struct attributes {
	int16_t flags;
	int32_t group, priority, policy;
	uint32_t defaults[4], mask[4];
};
_Static_assert(sizeof(struct attributes) == 48, "struct posix_spawnattr");

#define ACTIONS_MOST 1024u
#define SIGNALS_MOST 63u

/* Behind the page of code, in the guest's memory. */
struct sheet {
	uint64_t error; /* the guest's number; 0: none */
	uint8_t default_action[32]; /* struct sigaction: all zero */
	struct attributes attributes;
	struct step steps[];
};
#define STEPS_MOST (2 * ACTIONS_MOST + SIGNALS_MOST + 6)
#define BYTES \
	(GUEST_PAGE + \
	 ((sizeof(struct sheet) + STEPS_MOST * sizeof(struct step) + GUEST_PAGE - 1) & \
	  ~(GUEST_PAGE - 1)))

struct writing {
	struct call *c;
	uint64_t sheet; /* guest address */
	uint32_t n; /* steps so far */
};
#define AT(w, member) ((w)->sheet + offsetof(struct sheet, member))

static int write_step(struct writing *w, const struct step *s)
{
	return put_guest(w->c, AT(w, steps) + w->n++ * sizeof *s, s, sizeof *s);
}

#define STEP(w, n, ...) \
	write_step(w, &(const struct step){.nr = (n), .a = {__VA_ARGS__}, .target = -1})
#define STEP_TRIED(w, n, ...) \
	write_step(w, &(const struct step){ \
			      .nr = (n), .a = {__VA_ARGS__}, .target = -1, .may_fail = 1})

static int write_open(struct writing *w, const struct file_action *f)
{
	const struct step open = {.nr = SYS_OPEN,
				  .a = {f->path, f->flags, f->mode},
				  .target = f->fd};
	int r = f->fd < 0 ? -EBADF : STEP_TRIED(w, SYS_CLOSE, (uint32_t)f->fd);

	return r < 0 ? r : write_step(w, &open);
}

static int write_action(struct writing *w, const struct file_action *f)
{
	switch (f->action) {
	case FAE_OPEN:
		return write_open(w, f);
	case FAE_DUP2:
		return STEP(w, SYS_DUP2, (uint32_t)f->fd, (uint32_t)f->new_fd);
	case FAE_CLOSE:
		return STEP(w, SYS_CLOSE, (uint32_t)f->fd);
	case FAE_CHDIR:
		return STEP(w, SYS_CHDIR, f->path);
	case FAE_FCHDIR:
		return STEP(w, SYS_FCHDIR, (uint32_t)f->fd);
	default:
		return -EINVAL;
	}
}

static int write_actions(struct writing *w, uint64_t at)
{
	struct file_actions all;
	struct file_action f;
	int r = at ? get_guest(w->c, &all, at, sizeof all) : 0;

	if (!at || r < 0)
		return r;
	if (all.n > all.size || all.n > ACTIONS_MOST)
		return -EINVAL;
	for (uint32_t i = 0; r == 0 && i < all.n; i++) {
		r = get_guest(w->c, &f, all.at + i * sizeof f, sizeof f);
		if (r == 0)
			r = write_action(w, &f);
	}
	return r;
}

static int write_defaults(struct writing *w, const struct attributes *a)
{
	int r = 0;

	for (uint32_t n = 1; r == 0 && n <= SIGNALS_MOST; n++)
		if (a->defaults[(n - 1) / 32] >> (n - 1) % 32 & 1)
			r = STEP_TRIED(w, SYS_SIGACTION, n, AT(w, default_action), 0, 0,
				       0); /* not those that cannot be caught */
	return r;
}

static int write_attributes(struct writing *w, uint64_t at)
{
	struct call *c = w->c;
	struct attributes a;
	int r = at ? get_guest(c, &a, at, sizeof a) : 0;

	if (!at || r < 0)
		return r;
	r = put_guest(c, AT(w, attributes), &a, sizeof a);
	if (r == 0 && (a.flags & SETPGROUP))
		r = STEP(w, SYS_SETPGID, 0, (uint32_t)a.group);
	if (r == 0 && (a.flags & (SETSCHEDULER | SETSCHEDPARAM)))
		r = STEP(w, SYS_SCHED_SETPARAM, 0, 0,
			 a.flags & SETSCHEDULER ? (uint32_t)a.policy : UINT32_MAX,
			 AT(w, attributes.priority));
	if (r == 0 && (a.flags & RESETIDS))
		r = STEP(w, SYS_SETEGID, (uint32_t)host(c, __NR_getgid));
	if (r == 0 && (a.flags & RESETIDS))
		r = STEP(w, SYS_SETEUID, (uint32_t)host(c, __NR_getuid));
	if (r == 0 && (a.flags & SETSIGMASK))
		r = STEP(w, SYS_SIGPROCMASK, 3 /* SIG_SETMASK */, AT(w, attributes.mask), 0);
	return r == 0 && (a.flags & SETSIGDEF) ? write_defaults(w, &a) : r;
}

/* ---- posix_spawn --------------------------------------------------------------------------------------------- */

/* Where the child began and what it came to: its number, or -errno or (positive in *error) the guest's. */
static long begin(struct call *c, uint64_t page, const struct writing *w, uint64_t *error)
{
	const struct regs regs = c->thread->regs;
	long pid;

	c->thread->regs.rip = page;
	c->thread->regs.rbx = AT(w, steps);
	c->thread->regs.r13 = AT(w, error);
	pid = engine_fork(c, FORK_SHARED | FORK_DROPS_HANDLERS, NULL);
	c->thread->regs = regs;
	if (pid > 0 && get_guest(c, error, AT(w, error), sizeof *error) < 0)
		*error = 0; /* the page is gone: the child's doing */
	return pid;
}

/* posix_spawn(pid *, path, actions, attributes, arguments, environment): failures are the result. */
TRANSLATOR(netbsd_posix_spawn)
{
	long page = host(c, __NR_mmap, 0, BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct writing w = {.c = c, .sheet = (uint64_t)page + GUEST_PAGE};
	uint64_t error = 0;
	int32_t pid = 0;
	long r;

	if (is_error(page))
		return page;
	r = engine_owns((uint64_t)page, BYTES) ? -ENOMEM : write_actions(&w, c->a[2]);
	if (r == 0)
		r = write_attributes(&w, c->a[3]);
	if (r == 0)
		r = STEP(&w, SYS_EXECVE, c->a[1], c->a[4], c->a[5]);
	if (r == 0)
		r = engine_show_page(c, (uint64_t)page, netbsd_spawn_page);
	if (r == 0)
		r = begin(c, (uint64_t)page, &w, &error);
	engine_code_changed(c, (uint64_t)page, GUEST_PAGE, false);
	(void)host(c, __NR_munmap, page, BYTES); /* our own */
	if (r < 0)
		return r;
	pid = (int32_t)r;
	if (error) {
		(void)host(c, __NR_waitid, P_PID, pid, 0, WEXITED | (unsigned)__WALL,
			   0); /* it has exited: nobody is told of it */
		board_forget_end(engine_board(), pid);
		return (long)error;
	}
	return c->a[0] ? put_guest(c, c->a[0], &pid, sizeof pid) : 0;
}

/* ---- __clone --------------------------------------------------------------------------------------------------- */

/* sys/sched.h */
enum { CSIGNAL_ = 0xff, CLONE_VM_ = 0x100, CLONE_VFORK_ = 0x4000, SIGCHLD_ = 20 };

/* __clone(flags, stack): a fork or a vfork, on another stack if there is one. */
TRANSLATOR(netbsd_clone)
{
	uint32_t flags = (uint32_t)c->a[0] & ~(uint32_t)CSIGNAL_;
	const struct regs regs = c->thread->regs;
	long pid;

	if (((uint32_t)c->a[0] & CSIGNAL_) != SIGCHLD_ ||
	    (flags && flags != (CLONE_VM_ | CLONE_VFORK_)))
		return -EINVAL;
	if (c->a[1])
		c->thread->regs.rsp = c->a[1];
	pid = process_fork(c, flags ? FORK_SHARED : 0);
	c->thread->regs = regs;
	return pid;
}
