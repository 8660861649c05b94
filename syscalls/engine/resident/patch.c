/* Call sites: from a trap to a jump.
 *
 * A system call instruction traps, which costs some two microseconds; changing the code costs
 * about five times that, and a page of its own.  So many calls of a short program are made
 * once or twice only, that a site is left alone for its first few.  Then the instruction
 * before it is looked at: if it is one of the few that stubs are made
 * of, at least five bytes long and free to stand elsewhere, it is replaced by a jump to a
 * stub of our own near the program, which executes it, notes where to return and goes to
 * entry_call.  The system call instruction itself stays: who jumps straight to it traps as
 * before, and so does a call that is restarted.
 *
 *	mov $nr,%eax          jmp stub             stub:  mov $nr,%eax
 *	mov %rcx,%r10         mov %rcx,%r10               mov %rcx,%r10
 *	syscall               syscall                     lea after(%rip),%rcx
 *  after:                                                jmp *entry
 *
 * Which instruction it was is decided by exact patterns, and by the registers, which it
 * must have left as they are found: bytes that only look like one do not agree with them.
 * Code is never searched for system calls; a fifth of what looks like one is not.
 *
 * Only code is patched that was mapped privately, to be executed and not to be written;
 * ranges are noted as they are mapped and forgotten when they are unmapped or their
 * protection changes.  The change is one eight-byte store within a cache line, which
 * running threads see whole; a site that crosses a line is left to trap unless the process
 * has one thread.  While it happens the page is writable and executable at once: never
 * without execution, since other threads run there.
 */
#include "syscalls/engine/resident/resident.h"

#include <linux/mman.h>
#include <string.h>

#define STUB_AREA 0x10000UL /* of one range: 2,047 stubs */
#define STUB_SIZE 32
#define NEAR 0x70000000UL /* within reach of a 32-bit displacement, with room to spare */
#define LINE 64
#define JUMP_SIZE 5

/* ---- Ranges ----------------------------------------------------------------- */

static void forget(struct code *code)
{
	if (code->stubs)
		(void)LINUX(munmap, code->stubs, STUB_AREA); /* our own: cannot fail */
	*code = (struct code){0};
}

/* Everything known of [at, end) is no longer so. */
static void forget_range(uint64_t at, uint64_t end)
{
	for (uint32_t i = 0; i < space.n_code; i++)
		if (code_of(i)->low < end && code_of(i)->high > at)
			forget(code_of(i));
	while (space.n_code && !code_of(space.n_code - 1)->high)
		space.n_code--;
}

static void note_range(uint64_t at, uint64_t end)
{
	for (uint32_t i = 0; i < MOST_CODE; i++) {
		if (code_of(i)->high)
			continue;
		*code_of(i) = (struct code){.low = at, .high = end};
		if (i >= space.n_code)
			space.n_code = i + 1;
		return;
	}
}

void engine_code_changed(struct call *c, uint64_t at, uint64_t n, bool is_code)
{
	(void)c;
	if ((!is_code && !space.n_code) || space.settings.flags & SETTINGS_NO_PATCH)
		return;
	lock_take(&space.patch_lock);
	forget_range(at, at + n);
	if (is_code)
		note_range(at, at + n);
	lock_release(&space.patch_lock);
}

static struct code *code_at(uint64_t at, uint64_t n)
{
	for (uint32_t i = 0; i < space.n_code; i++)
		if (code_of(i)->low <= at && at + n <= code_of(i)->high)
			return code_of(i);
	return NULL;
}

/* ---- What may be moved --------------------------------------------------------- */

/* A site: the instruction that is replaced, and what follows it up to the call. */
struct site {
	uint64_t at;
	uint32_t size; /* of the instruction: five or more */
	uint32_t extra; /* bytes between it and the call: a mov %rcx,%r10, or nothing */
	uint64_t after; /* behind the call */
};

static uint64_t register_of(const struct regs *r, unsigned n)
{
	const uint64_t values[] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
				   r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};

	return values[n & 15];
}

static int32_t immediate(const uint8_t *b)
{
	int32_t v;

	memcpy(&v, b, sizeof v);
	return v;
}

/* mov $imm32,%eax: b8.  A REX or 66 before it would make it another instruction. */
static bool is_mov_eax(const uint8_t *b, const struct regs *r)
{
	return b[0] == 0xb8 && r->rax == (uint32_t)immediate(b + 1) && (b[-1] & 0xf0) != 0x40 &&
	       b[-1] != 0x66;
}

/* mov $imm32,%rax, sign-extended: 48 c7 c0. */
static bool is_mov_rax(const uint8_t *b, const struct regs *r)
{
	return b[0] == 0x48 && b[1] == 0xc7 && b[2] == 0xc0 &&
	       r->rax == (uint64_t)(int64_t)immediate(b + 3);
}

/* mov disp8(%rsp),reg and lea disp8(%rsp),reg: REX, 8b or 8d, mod 01 rm 100, 24, disp8. */
static bool is_from_stack(const uint8_t *b, const struct regs *r)
{
	unsigned reg = (b[0] & 4 ? 8 : 0) | (b[2] >> 3 & 7);
	uint64_t at = r->rsp + (uint64_t)(int64_t)(int8_t)b[4], value = at;
	bool wide = b[0] & 8;

	if ((b[0] & 0xf3) != 0x40 || (b[1] != 0x8b && b[1] != 0x8d) || (b[2] & 0xc7) != 0x44 ||
	    b[3] != 0x24)
		return false;
	if (b[1] == 0x8b && copy_guarded(&value, (const void *)at, sizeof value) < 0)
		return false;
	return register_of(r, reg) == (wide ? value : (uint32_t)value);
}

#define LONGEST 7
#define MOV_R10 3
#define CALL_SIZE 2

/* The instruction that ends at b + LONGEST, of whatever pattern: its size, or 0. */
static uint32_t recognise(const uint8_t *b, const struct regs *r)
{
	if (is_mov_eax(b + LONGEST - 5, r) || is_from_stack(b + LONGEST - 5, r))
		return 5;
	return is_mov_rax(b, r) ? 7 : 0;
}

/* The site whose call has just trapped, with its registers. */
static bool find_site(const struct regs *r, struct site *s)
{
	static const uint8_t mov_r10[MOV_R10] = {0x49, 0x89, 0xca}, call[CALL_SIZE] = {0x0f, 0x05};
	uint8_t bytes[1 + LONGEST + MOV_R10 + CALL_SIZE], *end = bytes + sizeof bytes - CALL_SIZE;

	s->after = r->rip;
	if (copy_guarded(bytes, (const void *)(r->rip - sizeof bytes), sizeof bytes) < 0 ||
	    memcmp(end, call, CALL_SIZE))
		return false;
	s->extra = memcmp(end - MOV_R10, mov_r10, MOV_R10) ? 0 : MOV_R10;
	s->size = recognise(end - s->extra - LONGEST, r);
	s->at = s->after - CALL_SIZE - s->extra - s->size;
	return s->size;
}

/* ---- Stubs ------------------------------------------------------------------------ */

static bool map_stubs(struct code *code)
{
	uint64_t at = (code->low - STUB_AREA) & ~(STUB_AREA - 1);
	uint64_t lowest = code->low > NEAR ? code->low - NEAR : STUB_AREA;

	for (unsigned tries = 0; tries < 64 && at >= lowest && at < code->low; tries++) {
		long r = LINUX(mmap, at, STUB_AREA, PROT_READ | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE,
			       -1, 0);

		if (!is_error(r)) {
			code->stubs = at;
			code->used = STUB_SIZE; /* the first is the address they all go to */
			return true;
		}
		at -= STUB_AREA << (tries / 8);
	}
	return false;
}

static bool open_page(uint64_t at, uint64_t n)
{
	uint64_t low = at & ~(GUEST_PAGE - 1), high = (at + n + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);

	return LINUX(mprotect, low, high - low, PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}

static void close_page(uint64_t at, uint64_t n)
{
	uint64_t low = at & ~(GUEST_PAGE - 1), high = (at + n + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);

	(void)LINUX(mprotect, low, high - low, PROT_READ | PROT_EXEC); /* as it was */
}

static uint8_t *put_displacement(uint8_t *to, uint64_t target)
{
	int32_t d = (int32_t)(target - ((uint64_t)to + 4));

	memcpy(to, &d, sizeof d);
	return to + sizeof d;
}

/* The stub of a site; its address, or 0. */
static uint64_t make_stub(struct code *code, const struct site *s)
{
	uint64_t at = code->stubs + code->used, entry = (uint64_t)entry_call;
	uint8_t *to = (uint8_t *)at;

	if (code->used + STUB_SIZE > STUB_AREA || !open_page(at, STUB_SIZE))
		return 0;
	if (code->used == STUB_SIZE) {
		if (!open_page(code->stubs, sizeof entry))
			return 0;
		memcpy((void *)code->stubs, &entry, sizeof entry);
	}
	memcpy(to, (const void *)s->at, s->size + s->extra);
	to += s->size + s->extra;
	*to++ = 0x48; /* lea after(%rip),%rcx */
	*to++ = 0x8d;
	*to++ = 0x0d;
	to = put_displacement(to, s->after);
	*to++ = 0xff; /* jmp *entry(%rip) */
	*to++ = 0x25;
	put_displacement(to, code->stubs);
	close_page(at, STUB_SIZE);
	code->used += STUB_SIZE;
	return at;
}

/* ---- The change --------------------------------------------------------------------- */

/* One store that holds the whole jump and stays within a line: where it begins, or 0. */
static uint64_t window(uint64_t at)
{
	uint64_t line = at & ~(uint64_t)(LINE - 1);

	if (at + JUMP_SIZE > line + LINE)
		return 0;
	return at + 8 <= line + LINE ? at : line + LINE - 8;
}

static void write_jump(uint64_t at, uint64_t stub)
{
	uint64_t from = window(at), word;
	uint8_t jump[JUMP_SIZE] = {0xe9};
	int32_t d = (int32_t)(stub - (at + JUMP_SIZE));

	memcpy(jump + 1, &d, sizeof d);
	if (!from) { /* one thread: nobody looks */
		memcpy((void *)at, jump, sizeof jump);
		return;
	}
	memcpy(&word, (const void *)from, sizeof word);
	memcpy((uint8_t *)&word + (at - from), jump, sizeof jump);
	*(volatile uint64_t *)from = word;
}

static void patch(struct resident *r, struct code *code, const struct site *s)
{
	bool alone = r->thread.process->n_threads == 1 && !r->is_vfork_child;
	uint64_t stub;

	if (!window(s->at) && !alone)
		return;
	if (!code->stubs && !map_stubs(code)) {
		forget(code);
		return;
	}
	stub = make_stub(code, s);
	if (!stub || !open_page(s->at, JUMP_SIZE))
		return;
	/* Another thread may have been here while this one waited for the lock. */
	if (*(const uint8_t *)s->at != 0xe9)
		write_jump(s->at, stub);
	close_page(s->at, JUMP_SIZE);
}

/* Traps that a site is left to, in all. */
#define LEFT_ALONE 3

/* Is it the site's turn?  Sites that share a count are patched the sooner; were each to begin
 * anew, two that take turns would trap for ever.  Threads that count at once lose a count: it is
 * about speed alone. */
static bool is_due(uint64_t at)
{
	uint8_t *count = &space.trapped[at * 0x9e3779b97f4a7c15 >> 53];
	uint8_t seen = __atomic_load_n(count, __ATOMIC_RELAXED);

	_Static_assert(COUNT(space.trapped) == 1 << (64 - 53), "the product's upper bits");
	if (seen >= LEFT_ALONE)
		return true;
	__atomic_store_n(count, (uint8_t)(seen + 1), __ATOMIC_RELAXED);
	return false;
}

void patch_trapped(struct resident *r, const struct regs *regs)
{
	struct site s;
	struct code *code;

	if (!space.n_code || !is_due(regs->rip) || !find_site(regs, &s))
		return;
	lock_take(&space.patch_lock);
	code = code_at(s.at, s.after - s.at);
	if (code)
		patch(r, code, &s);
	lock_release(&space.patch_lock);
}
