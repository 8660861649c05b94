/* Build-time: the seccomp filters as BPF, from the rows of the personalities.
 *
 * `mkfilter gate`, for processes with a resident:
 *
 *	another architecture's call, or one from outside the gate    SIGSYS (the engine's)
 *	a call the rows or the engine declare, arguments as guarded  allowed
 *	with other arguments                                         the guard's error
 *	anything else                                                ENOSYS
 *
 * The gate test comes first, by hand; then libseccomp finds the number in a binary tree; where
 * a call is guarded, that ends in a jump to its tests, which stand at the end.  One filter does
 * the interception and the confinement: two would cost more.
 * A guest can jump into the gate with any registers, so each allowed call has to be
 * harmless in hostile hands; guards.def narrows the few that would not be, and the requests
 * that rows list are all that ioctl may be asked.
 *
 * `mkfilter traced`, for processes with a supervisor: the same without the gate, for it alone
 * makes their calls.
 *
 * `mkfilter native`, for the host's own programs without one: what the rows of the host's
 * personality say, and nothing is said twice.
 *
 *	another architecture's call			SIGSYS
 *	a call whose row makes it, arguments as guarded	allowed
 *	a call whose row refuses it			the row's error
 *	anything else					ENOSYS
 *
 * `mkfilter settled`, for process 1 once the program has started: what either lets through,
 * wherever it comes from, for what is started later, and the calls of settled.def; no others.
 * Small, since it is installed at every start: a binary tree over the bounds of runs of
 * numbers.
 *
 * `mkfilter settled_traced`, the same where a supervisor traces: settled_traced.def, too.
 *
 * `mkfilter weaker` and `weaker_net`, under the program's other one where there are no
 * namespaces: everything but what weaker.def says.
 *
 * Written to standard output as C.
 */
#include "syscalls/engine/resident/layout.h"
#include "syscalls/memory.h"
#include "syscalls/personality.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fanotify.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_CALL 1024
#define MAX_PROGRAM 4096

struct program {
	struct sock_filter steps[MAX_PROGRAM];
	size_t n;
};

/* ---- Guards ------------------------------------------------------------------------- */

enum how { NO_TEST, TEST_IN, TEST_WITHOUT, TEST_KIND, TEST_HIGH, TEST_NIL };
struct test {
	enum how how;
	unsigned argument;
	uint32_t a, b;
};

#define MOST_TESTS 3
struct guard {
	int call;
	int error;
	bool native; /* for programs without a resident only */
	bool never; /* whatever the arguments */
	bool net, no_net; /* weaker.def: for one of the two only */
	struct test tests[MOST_TESTS];
};

#define EQUAL(n, v) \
	{ \
		TEST_IN, n, v, v \
	}
#define IN(n, from, to) \
	{ \
		TEST_IN, n, from, to \
	}
#define WITHOUT(n, bits) \
	{ \
		TEST_WITHOUT, n, bits, 0 \
	}
#define KIND(n, mask, v) \
	{ \
		TEST_KIND, n, mask, v \
	}
#define HIGH(n) \
	{ \
		TEST_HIGH, n, 0, 0 \
	}
#define NIL(n) \
	{ \
		TEST_NIL, n, 0, 0 \
	}

#define NEW_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */)
#define SET_ID (S_ISUID | S_ISGID)
#define MAKING (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452 /* Linux 6.6 */
#endif
#define SOCKET_TYPE 0xf /* SOCK_TYPE_MASK of linux/net.h */
#define SHM_HUGETLB 04000
#define HANDLE_FID 0x200 /* AT_HANDLE_FID of linux/fcntl.h, Linux 6.6 */
#define HANDLE_EMPTY_PATH 0x1000
#define MEMFD_CLOEXEC 1U
#define MEMFD_SEALING 2U
#define MEMFD_NOEXEC 8U
#define MEMFD_EXEC 0x10U

static const struct guard guards[] = {
#define GUARD(name, e, ...) {.call = __NR_##name, .error = e, .tests = {__VA_ARGS__}},
#define GUARD_NATIVE(name, e, ...) \
	{.call = __NR_##name, .error = e, .native = true, .tests = {__VA_ARGS__}},
#include "sandbox/guards.def"
#undef GUARD_NATIVE
#undef GUARD
};

static const struct guard weaker[] = {
#define GUARD(name, e, ...) {.call = __NR_##name, .error = e, .tests = {__VA_ARGS__}},
#define GUARD_NET(name, e, ...) \
	{.call = __NR_##name, .error = e, .net = true, .tests = {__VA_ARGS__}},
#define DENY(name, e) {.call = __NR_##name, .error = e, .never = true},
#define DENY_NO_NET(name, e) {.call = __NR_##name, .error = e, .no_net = true, .never = true},
#include "sandbox/weaker.def"
#undef DENY_NO_NET
#undef DENY
#undef GUARD_NET
#undef GUARD
};

/* A filter in the making. */
struct filter {
	const char *name;
	bool native, weaker, net;
	int action[MAX_CALL]; /* ALLOWED, or the error */
	struct program program;
};
#define ALLOWED 0

#define FIELD_AT(m) ((uint32_t)offsetof(struct seccomp_data, m))

static void emit(struct program *p, struct sock_filter step)
{
	if (p->n < MAX_PROGRAM)
		p->steps[p->n++] = step;
}

/* Only ever compared with constants on this little-endian machine: low half first. */
static void load(struct program *p, unsigned argument, bool high)
{
	uint32_t at = FIELD_AT(args) + argument * 8 + (high ? 4 : 0);

	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at));
}

static void jump(struct program *p, uint16_t how, uint32_t value, uint8_t yes, uint8_t no)
{
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | how | BPF_K, value, yes, no));
}

static void end(struct program *p, uint32_t action)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

#define OUT 255 /* a jump out of the row, to be given its distance */

/* Goes on behind itself if the test holds. */
static void emit_test(struct program *p, const struct test *t)
{
	switch (t->how) {
	case TEST_IN:
		load(p, t->argument, false);
		if (t->a == t->b) {
			jump(p, BPF_JEQ, t->a, 0, OUT);
			break;
		}
		if (t->a)
			jump(p, BPF_JGE, t->a, 0, OUT);
		jump(p, BPF_JGT, t->b, OUT, 0);
		break;
	case TEST_WITHOUT:
		load(p, t->argument, false);
		jump(p, BPF_JSET, t->a, OUT, 0);
		break;
	case TEST_KIND:
		load(p, t->argument, false);
		emit(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, t->a));
		jump(p, BPF_JEQ, t->b, 0, OUT);
		break;
	case TEST_HIGH:
		load(p, t->argument, true);
		jump(p, BPF_JGT, 0, 2, 0);
		load(p, t->argument, false);
		jump(p, BPF_JGE, LOWEST_PLACE, 0, OUT);
		break;
	case TEST_NIL:
		load(p, t->argument, true);
		jump(p, BPF_JEQ, 0, 0, OUT);
		load(p, t->argument, false);
		jump(p, BPF_JEQ, 0, 0, OUT);
		break;
	case NO_TEST:
		break;
	}
}

/* A row: allowed if all its tests hold, or else on to what comes behind it. */
static void emit_row(struct program *p, const struct test *tests)
{
	size_t from = p->n;

	for (size_t i = 0; i < MOST_TESTS; i++)
		emit_test(p, &tests[i]);
	end(p, SECCOMP_RET_ALLOW);
	for (size_t i = from; i < p->n; i++) {
		struct sock_filter *s = &p->steps[i];
		uint8_t distance = (uint8_t)(p->n - i - 1);

		if (BPF_CLASS(s->code) != BPF_JMP)
			continue;
		s->jt = s->jt == OUT ? distance : s->jt;
		s->jf = s->jf == OUT ? distance : s->jf;
	}
}

/* The union over all systems: one program may start another's. */
static void collect_gate(struct filter *f)
{
#define OWN(name) f->action[__NR_##name] = ALLOWED;
#include "syscalls/engine/resident/own_calls.def"
#undef OWN
	for_each_personality(p) {
		for (uint32_t i = 0; i < p->n_rows; i++) {
			const int16_t *use = p->rows[i].uses;

			for (; use && *use != END_OF_USES; use++)
				f->action[*use] = ALLOWED;
		}
	}
}

/* A row that refuses because of the translator is no reason here; the guards are. */
static bool is_native_only(int call)
{
	for (size_t i = 0; i < COUNT(guards); i++)
		if (guards[i].native && guards[i].call == call)
			return true;
	return call == __NR_restart_syscall; /* the kernel makes it in the program's name */
}

static void collect_native(struct filter *f)
{
	for_each_personality(p) {
		for (uint32_t i = 0; p->is_host && i < p->n_rows; i++) {
			const struct row *row = &p->rows[i];

			if (row->name && (row->translate || is_native_only((int)i)))
				f->action[i] = ALLOWED;
			else if (row->name && f->action[i] != ALLOWED)
				f->action[i] = -row->error;
		}
	}
}

static void collect_settled(struct filter *f)
{
	collect_gate(f);
	collect_native(f);
#define OWN(name) f->action[__NR_##name] = ALLOWED;
#include "sandbox/settled.def"
#undef OWN
}

/* The requests a row's type lists are all that ioctl may be asked: compared one by one, each
 * with a jump to one end. */
static void emit_requests(struct program *p)
{
	size_t from;

	load(p, 1, false);
	from = p->n;
	for_each_personality(s) {
		for (uint32_t i = 0; i < s->n_rows; i++) {
			for (int a = 0; a < MAX_ARGS; a++) {
				const struct type *t = s->rows[i].args[a].type;

				for (int n = 0; t && t->is_request && n < t->count; n++)
					jump(p, BPF_JEQ, (uint32_t)t->names[n].host, 0, 0);
			}
		}
	}
	if (p->n - from > UINT8_MAX)
		p->n = MAX_PROGRAM; /* said by main() */
	for (size_t i = from; i < p->n; i++)
		p->steps[i].jt = (uint8_t)(p->n - i);
	end(p, SECCOMP_RET_ERRNO | ENOTTY);
	end(p, SECCOMP_RET_ALLOW);
}

static bool applies(const struct guard *g, const struct filter *f, int call)
{
	return g->call == call && (f->native || !g->native) && (f->net || !g->net) &&
	       (!f->net || !g->no_net);
}

/* The tests of one guarded call, and its error. */
static void emit_guard(struct filter *f, int call)
{
	int error = EPERM;

	const struct guard *list = f->weaker ? weaker : guards;
	size_t n = f->weaker ? COUNT(weaker) : COUNT(guards);

	if (call == __NR_ioctl) {
		emit_requests(&f->program);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!applies(&list[i], f, call))
			continue;
		if (!list[i].never)
			emit_row(&f->program, list[i].tests);
		error = list[i].error;
	}
	end(&f->program, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* ---- Programs' ---------------------------------------------------------------------------- */

static bool is_guarded(const struct filter *f, int call)
{
	for (size_t i = 0; i < COUNT(guards); i++)
		if (applies(&guards[i], f, call))
			return true;
	return call == __NR_ioctl;
}

/* A guarded call's action is a mark, made a jump by add_guards(): libseccomp's own way with
 * arguments is long, and has one error for all. */
static int add_call(scmp_filter_ctx c, const struct filter *f, int call)
{
	uint32_t action = f->action[call] != ALLOWED ? SCMP_ACT_ERRNO((uint32_t)f->action[call])
			  : is_guarded(f, call)	     ? SCMP_ACT_TRACE((uint32_t)call)
						     : SCMP_ACT_ALLOW;

	return f->action[call] == ENOSYS ? 0 : seccomp_rule_add(c, action, call, 0);
}

static int compile(const struct filter *f, int out)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = c ? 0 : -ENOMEM;

	if (r == 0)
		r = seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		r = seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (int i = 0; i < MAX_CALL && r == 0; i++)
		r = add_call(c, f, i);
	if (r == 0)
		r = seccomp_export_bpf(c, out);
	seccomp_release(c);
	return r;
}

static void add_guards(struct filter *f)
{
	static size_t at[MAX_CALL]; /* where a call's tests are; 0: nowhere yet */
	struct program *p = &f->program;
	size_t n = p->n;

	for (size_t i = 0; i < n; i++) {
		struct sock_filter *s = &p->steps[i];
		uint32_t call = s->k & SECCOMP_RET_DATA;

		if (s->code != (BPF_RET | BPF_K) ||
		    (s->k & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_TRACE)
			continue;
		if (!at[call]) {
			at[call] = p->n;
			emit_guard(f, (int)call);
		}
		*s = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(at[call] - i - 1));
	}
}

static int add_compiled(struct filter *f)
{
	struct program *p = &f->program;
	FILE *out = tmpfile();
	int r = out ? compile(f, fileno(out)) : -errno;

	if (r < 0)
		return r;
	rewind(out);
	p->n += fread(p->steps + p->n, sizeof p->steps[0], MAX_PROGRAM - p->n, out);
	r = ferror(out) ? -EIO : 0;
	if (fclose(out) == 0 && r == 0)
		add_guards(f);
	return r;
}

static int make_gate(struct filter *f)
{
	const uint64_t gate = RESIDENT_BASE;
	const struct sock_filter prologue[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(instruction_pointer) + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(gate >> 32), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(instruction_pointer)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)(RESIDENT_GATE_SIZE - 1)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)gate, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};

	collect_gate(f);
	for (size_t i = 0; i < COUNT(prologue); i++)
		emit(&f->program, prologue[i]);
	return add_compiled(f);
}

/* Lets only this machine's calls by. */
static void emit_architecture(struct program *p, uint32_t otherwise)
{
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(arch)));
	jump(p, BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
	end(p, otherwise);
}

static int make_traced(struct filter *f)
{
	collect_gate(f);
	emit_architecture(&f->program, SECCOMP_RET_TRAP);
	return add_compiled(f);
}

static int make_native(struct filter *f)
{
	f->native = true;
	collect_native(f);
	emit_architecture(&f->program, SECCOMP_RET_TRAP);
	return add_compiled(f);
}

/* ---- Process 1's ------------------------------------------------------------------------- */

/* Where allowed numbers begin or end: bounds[0] is the first allowed one, bounds[1] the first
 * that is not, and so on. */
static size_t find_bounds(const struct filter *f, uint32_t bounds[MAX_CALL])
{
	bool before = false;
	size_t n = 0;

	for (uint32_t i = 0; i < MAX_CALL; i++) {
		bool now = f->action[i] == ALLOWED;

		if (now != before)
			bounds[n++] = i;
		before = now;
	}
	return n;
}

/* Bounds `from` to `to` (not included) as a tree; what is below bound i is allowed if i is odd. */
static void emit_tree(struct program *p, const uint32_t *bounds, size_t from, size_t to)
{
	size_t middle = (from + to) / 2, at = p->n;

	if (from == to) {
		end(p, from % 2 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | EPERM);
		return;
	}
	jump(p, BPF_JGE, bounds[middle], 0, 0);
	emit_tree(p, bounds, from, middle);
	p->steps[at].jt = (uint8_t)(p->n - at - 1);
	if (p->n - at - 1 > UINT8_MAX)
		p->n = MAX_PROGRAM; /* said by main() */
	emit_tree(p, bounds, middle + 1, to);
}

static int compile_settled(struct filter *f)
{
	struct program *p = &f->program;
	uint32_t bounds[MAX_CALL];
	size_t at;

	emit_architecture(p, SECCOMP_RET_ERRNO | EPERM);
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(nr)));
	at = p->n;
	jump(p, BPF_JEQ, __NR_clone, 0, 0);
	emit_guard(f, __NR_clone);
	p->steps[at].jf = (uint8_t)(p->n - at - 1);
	emit_tree(p, bounds, 0, find_bounds(f, bounds));
	return 0;
}

static int make_settled(struct filter *f)
{
	collect_settled(f);
	return compile_settled(f);
}

static int make_settled_traced(struct filter *f)
{
	collect_settled(f);
#define OWN(name) f->action[__NR_##name] = ALLOWED;
#include "sandbox/settled_traced.def"
#undef OWN
	return compile_settled(f);
}

/* ---- Without namespaces ------------------------------------------------------------------- */

/* The first guard of a call; none is COUNT(weaker). */
static size_t first_of(const struct filter *f, int call)
{
	size_t i = 0;

	while (i < COUNT(weaker) && !applies(&weaker[i], f, call))
		i++;
	return i;
}

/* Call after call: there are few, and the other filter has a tree. */
static int make_weaker(struct filter *f)
{
	struct program *p = &f->program;

	f->weaker = true;
	emit_architecture(p, SECCOMP_RET_ALLOW); /* the other filter's to refuse */
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(nr)));
	for (size_t i = 0; i < COUNT(weaker); i++) {
		int call = weaker[i].call;
		size_t at = p->n;

		if (i != first_of(f, call))
			continue;
		jump(p, BPF_JEQ, (uint32_t)call, 0, 0);
		emit_guard(f, call);
		if (p->n - at - 1 > UINT8_MAX)
			return -E2BIG;
		p->steps[at].jf = (uint8_t)(p->n - at - 1);
	}
	end(p, SECCOMP_RET_ALLOW);
	return 0;
}

static int make_weaker_net(struct filter *f)
{
	f->net = true;
	return make_weaker(f);
}

/* ---- Out ---------------------------------------------------------------------------------- */

static void print(const struct filter *f)
{
	const struct program *p = &f->program;

	printf("/* Made by sandbox/mkfilter.c from the rows. */\n#include <linux/filter.h>\n"
	       "extern const struct sock_filter %s_filter[];\n"
	       "extern const unsigned short %s_filter_length;\n"
	       "const struct sock_filter %s_filter[] = {\n",
	       f->name, f->name, f->name);
	for (size_t i = 0; i < p->n; i++)
		printf("\t{0x%x, %u, %u, 0x%x},\n", p->steps[i].code, p->steps[i].jt,
		       p->steps[i].jf, p->steps[i].k);
	printf("};\nconst unsigned short %s_filter_length = %zu;\n", f->name, p->n);
}

static int make(struct filter *f)
{
	static const struct {
		const char *name;
		int (*make)(struct filter *);
	} kinds[] = {{"gate", make_gate},
		     {"traced", make_traced},
		     {"native", make_native},
		     {"settled", make_settled},
		     {"settled_traced", make_settled_traced},
		     {"weaker", make_weaker},
		     {"weaker_net", make_weaker_net}};

	for (int i = 0; i < MAX_CALL; i++)
		f->action[i] = ENOSYS;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(f->name, kinds[i].name) == 0)
			return kinds[i].make(f);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static struct filter f;

	f.name = argc == 2 ? argv[1] : "";
	int r = make(&f);
	if (r == 0 && f.program.n == MAX_PROGRAM)
		r = -E2BIG;
	if (r < 0) {
		fprintf(stderr, "mkfilter %s: %s\n", f.name, strerror(-r));
		return 1;
	}
	print(&f);
	return ferror(stdout) || fclose(stdout) ? 1 : 0;
}
