/* Build-time: the seccomp filters as BPF, from the rows of the personalities.
 *
 * `mkfilter gate`, for processes with a resident:
 *
 *	another architecture's call, or one from outside the gate    SIGSYS (the engine's)
 *	a call the rows or the engine declare, arguments as below    allowed
 *	anything else                                                ENOSYS
 *
 * The gate test comes first, by hand; what follows is compiled by libseccomp as a binary
 * tree.  One filter does the interception and the confinement: two would cost more.
 * A guest can jump into the gate with any registers, so each allowed call has to be
 * harmless in hostile hands; the guards below narrow the few that would not be.
 *
 * `mkfilter native`, for the host's own programs without one: what the rows of the host's
 * personality say, and nothing is said twice.
 *
 *	another architecture's call			SIGSYS
 *	a call whose row makes it, arguments as below	allowed
 *	a call whose row refuses it			the row's error
 *	anything else					ENOSYS
 *
 * Written to standard output as C.
 */
#include "syscalls/engine/resident/layout.h"
#include "syscalls/personality.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/fanotify.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_CALL 1024
#define MAX_PROGRAM 4096

/* Allowed only if (argument & mask) is one of the values: one line a value.  Numbers as in the
 * kernel's headers, which a build host's may lack. */
struct guard {
	int call;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
	bool has_also; /* and a second argument must be `also` */
	unsigned also_argument;
	uint64_t also;
};

#define NEW_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */)
#define ONLY(name, n, v) \
	{ \
		.call = __NR_##name, .argument = n, .mask = 0xffffffff, .value = v \
	}
#define ONLY_WITH(name, n, v, n2, v2) \
	{ \
		.call = __NR_##name, .argument = n, .mask = 0xffffffff, .value = v, \
		.has_also = true, .also_argument = n2, .also = v2 \
	}

static const struct guard guards[] = {
	{.call = __NR_clone, .mask = NEW_NAMESPACES | CLONE_PTRACE | CLONE_UNTRACED},
	ONLY(arch_prctl, 0, 0x1001), /* ARCH_SET_GS */
	ONLY(arch_prctl, 0, 0x1002), /* ARCH_SET_FS */
	ONLY(arch_prctl, 0, 0x1003), /* ARCH_GET_FS */
	ONLY(prctl, 0, 1), /* PR_SET_PDEATHSIG */
	ONLY(prctl, 0, 2), /* PR_GET_PDEATHSIG */
	ONLY(prctl, 0, 3), /* PR_GET_DUMPABLE */
	ONLY(prctl, 0, 4), /* PR_SET_DUMPABLE */
	ONLY(prctl, 0, 7), /* PR_GET_KEEPCAPS */
	ONLY(prctl, 0, 15), /* PR_SET_NAME */
	ONLY(prctl, 0, 16), /* PR_GET_NAME */
	ONLY(prctl, 0, 23), /* PR_CAPBSET_READ */
	ONLY(prctl, 0, 27), /* PR_GET_SECUREBITS */
	ONLY(prctl, 0, 29), /* PR_SET_TIMERSLACK */
	ONLY(prctl, 0, 30), /* PR_GET_TIMERSLACK */
	ONLY(prctl, 0, 36), /* PR_SET_CHILD_SUBREAPER */
	ONLY(prctl, 0, 37), /* PR_GET_CHILD_SUBREAPER */
	ONLY(prctl, 0, 38), /* PR_SET_NO_NEW_PRIVS */
	ONLY(prctl, 0, 39), /* PR_GET_NO_NEW_PRIVS */
	ONLY(prctl, 0, 41), /* PR_SET_THP_DISABLE */
	ONLY(prctl, 0, 42), /* PR_GET_THP_DISABLE */
	ONLY(prctl, 0, 0x53564d41), /* PR_SET_VMA */
	ONLY(socket, 0, 1), /* AF_UNIX */
	ONLY(socket, 0, 2), /* AF_INET */
	ONLY(socket, 0, 10), /* AF_INET6 */
	ONLY_WITH(socket, 0, 16, 2, 0), /* AF_NETLINK, NETLINK_ROUTE */
	ONLY(socketpair, 0, 1),
	/* Notes of files only as anybody may ask for them, and of one file at a time. */
	ONLY(fanotify_init, 0, FAN_CLOEXEC | FAN_NONBLOCK | FAN_CLASS_NOTIF | FAN_REPORT_FID),
	ONLY(fanotify_mark, 1, FAN_MARK_ADD),
	ONLY(fanotify_mark, 1, FAN_MARK_REMOVE),
	/* No leases or notes: they reach other users of a file. */
	ONLY(fcntl, 1, 0), /* F_DUPFD */
	ONLY(fcntl, 1, 1), /* F_GETFD */
	ONLY(fcntl, 1, 2), /* F_SETFD */
	ONLY(fcntl, 1, 3), /* F_GETFL */
	ONLY(fcntl, 1, 4), /* F_SETFL */
	ONLY(fcntl, 1, 5), /* F_GETLK */
	ONLY(fcntl, 1, 6), /* F_SETLK */
	ONLY(fcntl, 1, 7), /* F_SETLKW */
	ONLY(fcntl, 1, 8), /* F_SETOWN */
	ONLY(fcntl, 1, 9), /* F_GETOWN */
	ONLY(fcntl, 1, 10), /* F_SETSIG */
	ONLY(fcntl, 1, 11), /* F_GETSIG */
	ONLY(fcntl, 1, 15), /* F_SETOWN_EX */
	ONLY(fcntl, 1, 16), /* F_GETOWN_EX */
	ONLY(fcntl, 1, 36), /* F_OFD_GETLK */
	ONLY(fcntl, 1, 37), /* F_OFD_SETLK */
	ONLY(fcntl, 1, 38), /* F_OFD_SETLKW */
	ONLY(fcntl, 1, 1030), /* F_DUPFD_CLOEXEC */
	ONLY(fcntl, 1, 1031), /* F_SETPIPE_SZ */
	ONLY(fcntl, 1, 1032), /* F_GETPIPE_SZ */
	ONLY(fcntl, 1, 1033), /* F_ADD_SEALS */
	ONLY(fcntl, 1, 1034), /* F_GET_SEALS */
};

/* What only a process without a resident may ask: its filters can but narrow this one, and
 * without a listener (flag 8) they decide nothing by themselves. */
static const struct guard native_guards[] = {
	ONLY(prctl, 0, 21), /* PR_GET_SECCOMP */
	ONLY(prctl, 0, 22), /* PR_SET_SECCOMP */
	ONLY(seccomp, 0, 0), /* SECCOMP_SET_MODE_STRICT */
	ONLY(seccomp, 0, 2), /* SECCOMP_GET_ACTION_AVAIL */
	{.call = __NR_seccomp,
	 .argument = 1,
	 .mask = SECCOMP_FILTER_FLAG_NEW_LISTENER,
	 .has_also = true,
	 .also_argument = 0,
	 .also = SECCOMP_SET_MODE_FILTER},
};

static void collect(bool allowed[MAX_CALL])
{
#define OWN(name) allowed[__NR_##name] = true;
#include "syscalls/engine/resident/own_calls.def"
#undef OWN
	for_each_personality(p) {
		for (uint32_t i = 0; i < p->n_rows; i++) {
			const int16_t *use = p->rows[i].uses;

			for (; use && *use != END_OF_USES; use++)
				allowed[*use] = true;
		}
	}
}

/* The requests a row's type lists are all that ioctl may be asked. */
static int allow_requests(scmp_filter_ctx f, int call, bool *found)
{
	for_each_personality(p) {
		for (uint32_t i = 0; i < p->n_rows; i++) {
			const struct row *row = &p->rows[i];

			for (int a = 0; a < MAX_ARGS; a++) {
				const struct type *t = row->args[a].type;

				if (!t || !t->is_request)
					continue;
				for (int n = 0; n < t->count; n++) {
					int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1,
								 SCMP_CMP64(1, SCMP_CMP_MASKED_EQ,
									    0xffffffff,
									    t->names[n].host));

					if (r < 0 && r != -EEXIST)
						return r;
					*found = true;
				}
			}
		}
	}
	return 0;
}

static int allow_guarded(scmp_filter_ctx f, int call, const struct guard *list, size_t n,
			 bool *guarded)
{
	for (size_t i = 0; i < n; i++) {
		const struct guard *g = &list[i];
		int r;

		if (g->call != call)
			continue;
		*guarded = true;
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, g->has_also ? 2 : 1,
				     SCMP_CMP64(g->argument, SCMP_CMP_MASKED_EQ, g->mask, g->value),
				     SCMP_CMP64(g->also_argument, SCMP_CMP_MASKED_EQ, 0xffffffff,
						g->also));
		if (r < 0)
			return r;
	}
	return 0;
}

static int allow(scmp_filter_ctx f, int call, bool native)
{
	bool guarded = false;
	int r = 0;

	if (call == __NR_ioctl)
		r = allow_requests(f, call, &guarded);
	if (r == 0)
		r = allow_guarded(f, call, guards, COUNT(guards), &guarded);
	if (r == 0 && native)
		r = allow_guarded(f, call, native_guards, COUNT(native_guards), &guarded);
	if (r < 0 || guarded)
		return r;
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 0);
}

/* The union over all systems: one program may start another's. */
static int add_gate_rules(scmp_filter_ctx f)
{
	bool allowed[MAX_CALL] = {0};
	int r = 0;

	collect(allowed);
	for (int i = 0; i < MAX_CALL && r == 0; i++)
		if (allowed[i])
			r = allow(f, i, false);
	return r;
}

/* A row that refuses because of the translator is no reason here; the guards are. */
static bool is_native_only(int call)
{
	for (size_t i = 0; i < COUNT(native_guards); i++)
		if (native_guards[i].call == call)
			return true;
	return call == __NR_restart_syscall; /* the kernel makes it in the program's name */
}

static int add_native_rules(scmp_filter_ctx f)
{
	int r = 0;

	for_each_personality(p) {
		for (uint32_t i = 0; p->is_host && i < p->n_rows && r == 0; i++) {
			const struct row *row = &p->rows[i];

			if (row->name && (row->translate || is_native_only((int)i)))
				r = allow(f, (int)i, true);
			else if (row->name && row->error != -ENOSYS)
				r = seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)-row->error),
						     (int)i, 0);
		}
	}
	return r;
}

static int compile(int out, bool native)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = f ? 0 : -ENOMEM;

	if (r == 0)
		r = seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (r == 0)
		r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = native ? add_native_rules(f) : add_gate_rules(f);
	if (r == 0)
		r = seccomp_export_bpf(f, out);
	seccomp_release(f);
	return r;
}

#define FIELD_AT(m) ((uint32_t)offsetof(struct seccomp_data, m))

static void print_part(const struct sock_filter *program, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("\t{0x%x, %u, %u, 0x%x},\n", program[i].code, program[i].jt, program[i].jf,
		       program[i].k);
}

static void print(const char *name, const struct sock_filter *prologue, size_t before,
		  const struct sock_filter *program, size_t n)
{
	printf("/* Made by sandbox/mkfilter.c from the rows. */\n#include <linux/filter.h>\n"
	       "extern const struct sock_filter %s_filter[];\n"
	       "extern const unsigned short %s_filter_length;\n"
	       "const struct sock_filter %s_filter[] = {\n",
	       name, name, name);
	print_part(prologue, before);
	print_part(program, n);
	printf("};\nconst unsigned short %s_filter_length = %zu;\n", name, before + n);
}

static void print_gate(const struct sock_filter *program, size_t n)
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

	print("gate", prologue, COUNT(prologue), program, n);
}

static void print_native(const struct sock_filter *program, size_t n)
{
	const struct sock_filter prologue[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, FIELD_AT(arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
	};

	print("native", prologue, COUNT(prologue), program, n);
}

int main(int argc, char **argv)
{
	static struct sock_filter program[MAX_PROGRAM];
	bool native = argc == 2 && strcmp(argv[1], "native") == 0;
	FILE *f = tmpfile();
	int r = f ? compile(fileno(f), native) : -errno;
	size_t n;

	if (r < 0) {
		fprintf(stderr, "mkfilter: %s\n", strerror(-r));
		return 1;
	}
	rewind(f);
	n = fread(program, sizeof program[0], MAX_PROGRAM, f);
	if (n == 0 || n == MAX_PROGRAM || ferror(f)) {
		fprintf(stderr, "mkfilter: no program, or one of more than %d steps\n",
			MAX_PROGRAM);
		return 1;
	}
	if (native)
		print_native(program, n);
	else
		print_gate(program, n);
	return ferror(stdout) || fclose(stdout) ? 1 : 0;
}
