/* Notes of a core file: fs/binfmt_elf.c (fill_note_info), include/linux/elfcore.h and
 * arch/x86/include/asm/elf.h (ELF_CORE_COPY_REGS_COMMON), Linux 6.1. */
#include "personalities/linux/core.h"

#include "personalities/linux/frame.h"
#include "syscalls/abi.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/elf.h>
#include <string.h>

#define BIT_OF(n) (1UL << ((n)-1))
#define CORE_SIGNALS \
	(BIT_OF(SIGQUIT) | BIT_OF(SIGILL) | BIT_OF(SIGTRAP) | BIT_OF(SIGABRT) | BIT_OF(SIGBUS) | \
	 BIT_OF(SIGFPE) | BIT_OF(SIGSEGV) | BIT_OF(SIGXCPU) | BIT_OF(SIGXFSZ) | BIT_OF(SIGSYS))

#ifndef GUISE_FREESTANDING

#define FXSAVE 512

struct prstatus {
	int32_t signo, code, error;
	int16_t signal;
	uint16_t pad;
	uint64_t pending, blocked;
	int32_t pid, parent, group, session;
	uint64_t times[8];
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax,
		rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
	int32_t has_vectors;
	uint32_t pad2;
};
_Static_assert(sizeof(struct prstatus) == 336, "struct elf_prstatus");
_Static_assert(offsetof(struct prstatus, r15) == 112, "pr_reg");

struct prpsinfo {
	char state, letter, zombie, nice;
	uint32_t pad;
	uint64_t flag;
	uint32_t uid, gid;
	int32_t pid, parent, group, session;
	char name[16], arguments[80];
};
_Static_assert(sizeof(struct prpsinfo) == 136, "struct elf_prpsinfo");

#define USER_CS 0x33
#define USER_SS 0x2b

static void put_status(const struct core *c, const struct core_thread *t, struct core_sink *s)
{
	const struct regs *r = &t->regs;
	const struct prstatus out = {
		.signo = c->info->number,
		.code = c->info->host_code,
		.signal = (int16_t)c->info->number,
		.pid = t->tid,
		.parent = c->parent,
		.group = c->group,
		.session = c->session,
		.r15 = r->r15,
		.r14 = r->r14,
		.r13 = r->r13,
		.r12 = r->r12,
		.rbp = r->rbp,
		.rbx = r->rbx,
		.r11 = r->r11,
		.r10 = r->r10,
		.r9 = r->r9,
		.r8 = r->r8,
		.rax = r->rax,
		.rcx = r->rcx,
		.rdx = r->rdx,
		.rsi = r->rsi,
		.rdi = r->rdi,
		.orig_rax = UINT64_MAX,
		.rip = r->rip,
		.cs = USER_CS,
		.rflags = r->rflags,
		.rsp = r->rsp,
		.ss = USER_SS,
		.fs_base = t->fs_base,
		.has_vectors = t->n_vectors >= FXSAVE,
	};

	core_note(s, "CORE", NT_PRSTATUS, &out, sizeof out);
}

static void put_vectors(const struct core_thread *t, struct core_sink *s)
{
	if (t->n_vectors < FXSAVE)
		return;
	core_note(s, "CORE", NT_PRFPREG, t->vectors, FXSAVE);
	core_note(s, "LINUX", NT_X86_XSTATE, t->vectors, t->n_vectors);
}

static void put_process(const struct core *c, struct core_sink *s)
{
	struct prpsinfo out = {
		.letter = 'R',
		.uid = c->uid,
		.gid = c->gid,
		.pid = c->process->pid,
		.parent = c->parent,
		.group = c->group,
		.session = c->session,
	};

	memcpy(out.name, c->threads->name, sizeof out.name - 1);
	memcpy(out.arguments, c->arguments, sizeof out.arguments - 1);
	core_note(s, "CORE", NT_PRPSINFO, &out, sizeof out);
}

static void put_siginfo(const struct core *c, struct core_sink *s)
{
	struct call call = {.personality = c->process->personality};
	siginfo_t out = {0};

	if (to_guest(&call, &linux_siginfo, c->info, &out) == 0)
		core_note(s, "CORE", NT_SIGINFO, &out, sizeof out);
}

static bool is_file(const struct core_mapping *m)
{
	return m->path[0] == '/';
}

static void put_files(const struct core *c, struct core_sink *s)
{
	uint64_t head[2] = {0, 4096};

	for (size_t i = 0; i < c->n_mappings; i++)
		head[0] += is_file(&c->mappings[i]);
	s->begin(s, "CORE", NT_FILE);
	s->add(s, head, sizeof head);
	for (size_t i = 0; i < c->n_mappings; i++) {
		const struct core_mapping *m = &c->mappings[i];
		const uint64_t entry[3] = {m->start, m->end, m->offset / 4096};

		if (is_file(m))
			s->add(s, entry, sizeof entry);
	}
	for (size_t i = 0; i < c->n_mappings; i++)
		if (is_file(&c->mappings[i]))
			s->add(s, c->mappings[i].path, strlen(c->mappings[i].path) + 1);
	s->end(s);
}

static void notes(const struct core *c, struct core_sink *s)
{
	put_status(c, c->threads, s);
	put_process(c, s);
	put_siginfo(c, s);
	core_note(s, "CORE", NT_AUXV, c->vector, c->n_vector);
	put_files(c, s);
	put_vectors(c->threads, s);
	for (size_t i = 1; i < c->n_threads; i++) {
		put_status(c, &c->threads[i], s);
		put_vectors(&c->threads[i], s);
	}
}
#define NOTES notes
#else
#define NOTES NULL
#endif

const struct core_format linux_core = {.signals = CORE_SIGNALS, .has_vdso = true, .notes = NOTES};
