/* Notes of a core file: kern/imgact_elf.c (prepare_notes), sys/procfs.h, sys/user.h,
 * sys/ptrace.h, x86/include/reg.h and sys/elf_common.h, FreeBSD 15.
 *
 * NT_PROCSTAT_PROC, _FILES and _KQUEUES, which no debugger reads, are left out.  */
#include "personalities/freebsd/core.h"

#include "syscalls/abi.h"

#include <asm/resource.h>
#include <string.h>

/* kern/kern_sig.c, sigproptbl: QUIT ILL TRAP ABRT EMT FPE BUS SEGV SYS */
#define BIT_OF(n) (1UL << ((n)-1))
#define CORE_SIGNALS \
	(BIT_OF(3) | BIT_OF(4) | BIT_OF(5) | BIT_OF(6) | BIT_OF(7) | BIT_OF(8) | BIT_OF(10) | \
	 BIT_OF(11) | BIT_OF(12))
#define OSABI 9

#ifndef GUISE_FREESTANDING
#define OWNER "FreeBSD"
#define FXSAVE 512

enum {
	NT_PRSTATUS = 1,
	NT_FPREGSET = 2,
	NT_PRPSINFO = 3,
	NT_THRMISC = 7,
	NT_PROCSTAT_VMMAP = 10,
	NT_PROCSTAT_GROUPS = 11,
	NT_PROCSTAT_UMASK = 12,
	NT_PROCSTAT_RLIMIT = 13,
	NT_PROCSTAT_OSREL = 14,
	NT_PROCSTAT_PSSTRINGS = 15,
	NT_PROCSTAT_AUXV = 16,
	NT_PTLWPINFO = 17,
	NT_X86_SEGBASES = 0x200,
	NT_X86_XSTATE = 0x202,
};

struct reg {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint32_t trap;
	uint16_t fs, gs;
	uint32_t error;
	uint16_t es, ds;
	uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct reg) == 176, "struct __reg64");

struct prstatus {
	int32_t version;
	uint64_t size, reg_size, fpreg_size;
	int32_t release, signal, tid;
	struct reg reg;
};
_Static_assert(sizeof(struct prstatus) == 224, "prstatus_t");

struct prpsinfo {
	int32_t version;
	uint64_t size;
	char name[17], arguments[81];
	int32_t pid;
};
_Static_assert(sizeof(struct prpsinfo) == 120, "prpsinfo_t");

struct thrmisc {
	char name[20];
	uint32_t pad;
};
_Static_assert(sizeof(struct thrmisc) == 24, "thrmisc_t");

struct lwpinfo {
	int32_t tid, event, flags;
	uint32_t mask[4], pending[4];
	uint32_t pad;
	uint64_t siginfo[10];
	char name[20];
	int32_t child;
	uint32_t call, arguments;
};
_Static_assert(sizeof(struct lwpinfo) == 160, "struct ptrace_lwpinfo");
_Static_assert(offsetof(struct lwpinfo, siginfo) == 48, "pl_siginfo");
#define EVENT_SIGNAL 1 /* PL_EVENT_SIGNAL, PL_FLAG_SI */
#define FLAG_SIGINFO 0x20

struct vmentry {
	int32_t size, type;
	uint64_t start, end, offset, file;
	uint32_t old_device;
	int32_t flags, resident, private_resident, protection, references, shadows, vnode_type;
	uint64_t file_size;
	uint32_t old_rdev;
	uint16_t mode, status;
	uint64_t device, rdev;
	int32_t spare[8];
	char path[1024];
};
_Static_assert(sizeof(struct vmentry) == 1160, "KINFO_VMENTRY_SIZE");
_Static_assert(offsetof(struct vmentry, path) == 136, "kve_path");
enum { VMENTRY_VNODE = 2, VMENTRY_SWAP = 3, VMENTRY_COW = 1 };

#define USER_CS 0x43 /* x86/include/segments.h: GSEL(GUCODE_SEL, SEL_UPL) and so on */
#define USER_DS 0x3b
#define USER_FS 0x13
#define USER_GS 0x1b

static void put_status(const struct core *c, const struct core_thread *t, struct core_sink *s)
{
	const struct regs *r = &t->regs;
	const struct prstatus out = {
		.version = 1,
		.size = sizeof out,
		.reg_size = sizeof out.reg,
		.fpreg_size = FXSAVE,
		.release = (int32_t)c->process->release,
		.signal = c->info->number,
		.tid = t->tid,
		.reg =
			{
				.r15 = r->r15,
				.r14 = r->r14,
				.r13 = r->r13,
				.r12 = r->r12,
				.r11 = r->r11,
				.r10 = r->r10,
				.r9 = r->r9,
				.r8 = r->r8,
				.rdi = r->rdi,
				.rsi = r->rsi,
				.rbp = r->rbp,
				.rbx = r->rbx,
				.rdx = r->rdx,
				.rcx = r->rcx,
				.rax = r->rax,
				.fs = USER_FS,
				.gs = USER_GS,
				.es = USER_DS,
				.ds = USER_DS,
				.rip = r->rip,
				.cs = USER_CS,
				.rflags = r->rflags,
				.rsp = r->rsp,
				.ss = USER_DS,
			},
	};

	core_note(s, OWNER, NT_PRSTATUS, &out, sizeof out);
}

static void put_lwpinfo(const struct core *c, const struct core_thread *t, struct core_sink *s)
{
	struct call call = {.personality = c->process->personality};
	struct {
		int32_t size;
		struct lwpinfo info;
	} __attribute__((packed)) out = {.size = sizeof out.info, .info = {.tid = t->tid}};
	uint64_t siginfo[10] = {0};

	memcpy(out.info.name, t->name, sizeof out.info.name - 1);
	if (t == c->threads && freebsd_siginfo(&call, c->info, siginfo) == 0) {
		out.info.event = EVENT_SIGNAL;
		out.info.flags = FLAG_SIGINFO;
		memcpy(out.info.siginfo, siginfo, sizeof siginfo);
	}
	core_note(s, OWNER, NT_PTLWPINFO, &out, sizeof out);
}

static void put_thread(const struct core *c, const struct core_thread *t, struct core_sink *s)
{
	const uint64_t bases[2] = {t->fs_base, 0};
	struct thrmisc name = {0};

	memcpy(name.name, t->name, sizeof name.name - 1);
	put_status(c, t, s);
	if (t->n_vectors >= FXSAVE)
		core_note(s, OWNER, NT_FPREGSET, t->vectors, FXSAVE);
	core_note(s, OWNER, NT_THRMISC, &name, sizeof name);
	put_lwpinfo(c, t, s);
	core_note(s, OWNER, NT_X86_SEGBASES, bases, sizeof bases);
	if (t->n_vectors > FXSAVE)
		core_note(s, OWNER, NT_X86_XSTATE, t->vectors, t->n_vectors);
}

static void put_process(const struct core *c, struct core_sink *s)
{
	struct prpsinfo out = {.version = 1, .size = sizeof out, .pid = c->process->pid};

	memcpy(out.name, c->threads->name, sizeof out.name - 1);
	memcpy(out.arguments, c->arguments, sizeof out.arguments - 1);
	core_note(s, OWNER, NT_PRPSINFO, &out, sizeof out);
}

/* A note that begins with the size of what it holds one or more of. */
static void put_stat(struct core_sink *s, uint32_t type, int32_t unit, const void *data, size_t n)
{
	s->begin(s, OWNER, type);
	s->add(s, &unit, sizeof unit);
	s->add(s, data, n);
	s->end(s);
}

/* Each as long as its path asks for (KERN_VMMAP_PACK_KINFO, kern_proc.c). */
static void put_mappings(const struct core *c, struct core_sink *s)
{
	const int32_t unit = sizeof(struct vmentry);

	s->begin(s, OWNER, NT_PROCSTAT_VMMAP);
	s->add(s, &unit, sizeof unit);
	for (size_t i = 0; i < c->n_mappings; i++) {
		const struct core_mapping *m = &c->mappings[i];
		const char *path = m->path[0] == '/' ? m->path : "";
		struct vmentry e = {
			.type = path[0] ? VMENTRY_VNODE : VMENTRY_SWAP,
			.start = m->start,
			.end = m->end,
			.offset = path[0] ? m->offset : 0,
			.flags = m->shared ? 0 : VMENTRY_COW,
			.protection = m->readable | m->writable << 1 | m->executable << 2,
			.references = 1,
		};
		size_t n = strnlen(path, sizeof e.path - 1);

		memcpy(e.path, path, n);
		e.size = (int32_t)((offsetof(struct vmentry, path) + n + 1 + 7) & ~7UL);
		s->add(s, &e, (size_t)e.size);
	}
	s->end(s);
}

/* By FreeBSD's numbers (sys/resource.h): Linux's, or none; none is unlimited. */
static void put_limits(const struct core *c, struct core_sink *s)
{
	static const int8_t host[] = {
		RLIMIT_CPU,
		RLIMIT_FSIZE,
		RLIMIT_DATA,
		RLIMIT_STACK,
		RLIMIT_CORE,
		RLIMIT_RSS,
		RLIMIT_MEMLOCK,
		RLIMIT_NPROC,
		RLIMIT_NOFILE,
		-1,
		RLIMIT_AS,
		-1,
		-1,
		-1,
		-1,
		-1,
	};
	int64_t out[COUNT(host)][2];

	_Static_assert(COUNT(host) == 16, "RLIM_NLIMITS");

	for (size_t i = 0; i < COUNT(host); i++)
		for (int end = 0; end < 2; end++) {
			uint64_t value = host[i] < 0 ? UINT64_MAX : c->limits[host[i]][end];

			out[i][end] = value > INT64_MAX ? INT64_MAX : (int64_t)value;
		}
	put_stat(s, NT_PROCSTAT_RLIMIT, sizeof out, out, sizeof out);
}

static void put_stats(const struct core *c, struct core_sink *s)
{
	const int32_t release = (int32_t)c->process->built_for;
	const uint16_t mask = (uint16_t)c->umask;
	const uint32_t groups[] = {c->gid};

	put_mappings(c, s);
	put_stat(s, NT_PROCSTAT_GROUPS, sizeof *groups, groups, sizeof groups);
	put_stat(s, NT_PROCSTAT_UMASK, sizeof mask, &mask, sizeof mask);
	put_limits(c, s);
	put_stat(s, NT_PROCSTAT_OSREL, sizeof release, &release, sizeof release);
	put_stat(s, NT_PROCSTAT_PSSTRINGS, 8, &c->process->ps_strings, 8);
	put_stat(s, NT_PROCSTAT_AUXV, 16, c->vector, c->n_vector);
}

static void notes(const struct core *c, struct core_sink *s)
{
	put_process(c, s);
	for (size_t i = 0; i < c->n_threads; i++)
		put_thread(c, &c->threads[i], s);
	put_stats(c, s);
}
#define NOTES notes
#else
#define NOTES NULL
#endif

const struct core_format freebsd_core = {.signals = CORE_SIGNALS, .osabi = OSABI, .notes = NOTES};
