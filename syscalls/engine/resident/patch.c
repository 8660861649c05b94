/* Call sites: from a trap to a jump.
 *
 * A system call instruction traps, which costs some two microseconds.  If the instruction
 * before it is one of the few that stubs are made of, at least five bytes long and free to
 * stand elsewhere, it is replaced by a jump to a
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
 * Changing code costs as much as five traps: a copy of the page, and calls to make it writable
 * and not.  How many sites of the page are changed at once hardly matters.  And many calls of
 * a short program are made once or twice only.  So a page's sites are left alone for its first
 * few traps, and noted; then all that were noted are changed.
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
	for (uint32_t i = 0; i < MOST_SEEN; i++)
		if (space.seen[i].after >= code->low && space.seen[i].after <= code->high)
			space.seen[i] = (struct seen){0};
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

static bool is_near(uint64_t at, const struct code *code)
{
	return at + NEAR > code->high && at < code->low + NEAR;
}

static bool map_near(struct code *code, uint64_t at, int how)
{
	long r = LINUX(mmap, at, STUB_AREA, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | how, -1, 0);

	if (is_error(r))
		return false;
	if (!is_near((uint64_t)r, code)) {
		(void)LINUX(munmap, r, STUB_AREA); /* just made */
		return false;
	}
	code->stubs = (uint64_t)r;
	code->used = STUB_SIZE; /* the first is the address they all go to */
	*(uint64_t *)r = (uint64_t)entry_call;
	return true;
}

/* To be filled at once, and closed then.  Where Linux puts it is mostly near enough: it maps
 * one object below the other. */
static bool map_stubs(struct code *code)
{
	uint64_t at = (code->low - STUB_AREA) & ~(STUB_AREA - 1);
	uint64_t lowest = code->low > NEAR ? code->low - NEAR : STUB_AREA;

	if (map_near(code, at, 0))
		return true;
	for (unsigned tries = 0; tries < 64 && at >= lowest && at < code->low; tries++) {
		if (map_near(code, at, MAP_FIXED_NOREPLACE))
			return true;
		at -= STUB_AREA << (tries / 8);
	}
	return false;
}

static bool open_pages(uint64_t at, uint64_t n)
{
	uint64_t low = at & ~(GUEST_PAGE - 1), high = (at + n + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);

	return LINUX(mprotect, low, high - low, PROT_READ | PROT_WRITE | PROT_EXEC) == 0;
}

static void close_pages(uint64_t at, uint64_t n)
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

/* The stub of a site; its address. */
static uint64_t make_stub(struct code *code, const struct site *s)
{
	uint64_t at = code->stubs + code->used;
	uint8_t *to = (uint8_t *)at;

	memcpy(to, (const void *)s->at, s->size + s->extra);
	to += s->size + s->extra;
	*to++ = 0x48; /* lea after(%rip),%rcx */
	*to++ = 0x8d;
	*to++ = 0x0d;
	to = put_displacement(to, s->after);
	*to++ = 0xff; /* jmp *entry(%rip) */
	*to++ = 0x25;
	put_displacement(to, code->stubs);
	code->used += STUB_SIZE;
	return at;
}

/* Those of n sites, side by side: the first's address, or 0. */
static uint64_t make_stubs(struct code *code, const struct site *s, uint32_t n)
{
	uint64_t first = 0;

	if (!code->stubs) {
		if (!map_stubs(code)) {
			forget(code);
			return 0;
		}
	} else if (code->used + n * STUB_SIZE > STUB_AREA ||
		   !open_pages(code->stubs + code->used, n * STUB_SIZE)) {
		return 0;
	}
	first = code->stubs + code->used;
	for (uint32_t i = 0; i < n; i++)
		(void)make_stub(code, &s[i]);
	return first;
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

/* Sites of one page. */
static void patch(struct code *code, const struct site *s, uint32_t n)
{
	uint64_t stubs = make_stubs(code, s, n), low = s->at, high = s->at;

	if (!stubs)
		return;
	close_pages(stubs, n * STUB_SIZE);
	for (uint32_t i = 0; i < n; i++) {
		low = s[i].at < low ? s[i].at : low;
		high = s[i].at > high ? s[i].at : high;
	}
	high += JUMP_SIZE;
	if (!open_pages(low, high - low))
		return;
	for (uint32_t i = 0; i < n; i++)
		write_jump(s[i].at, stubs + i * STUB_SIZE);
	close_pages(low, high - low);
}

/* ---- When ------------------------------------------------------------------------------- */

/* Traps that the sites of a page are left to, in all, before it is changed; and from then on, of
 * those sites that were not noted yet. */
#define LEFT_ALONE 5
#define LEFT_ALONE_AGAIN 3

static uint64_t page_of(uint64_t at)
{
	return at / GUEST_PAGE;
}

/* Upper bits of the product. */
static uint64_t mix(uint64_t n, unsigned bits)
{
	return n * 0x9e3779b97f4a7c15 >> (64 - bits);
}

/* Is it the page's turn?  Pages may share a count: their sites are patched the sooner. */
static bool is_due(uint64_t page)
{
	uint8_t *count = &space.trapped[mix(page, 10)];

	_Static_assert(COUNT(space.trapped) == 1 << 10, "mix()");
	if (++*count <= LEFT_ALONE)
		return false;
	*count = LEFT_ALONE - LEFT_ALONE_AGAIN;
	return true;
}

static void note(const struct site *s)
{
	_Static_assert(MOST_SEEN == 1 << 7, "mix()");
	space.seen[mix(s->after, 7)] =
		(struct seen){.after = s->after, .size = s->size, .extra = s->extra};
}

/* Takes out those of the page that can be patched now. */
static uint32_t take_noted(const struct resident *r, uint64_t page, struct site sites[MOST_SEEN])
{
	bool alone = r->thread.process->n_threads == 1 && !r->is_vfork_child;
	uint32_t n = 0;

	for (uint32_t i = 0; i < MOST_SEEN; i++) {
		struct seen *seen = &space.seen[i];
		uint64_t at = seen->after - CALL_SIZE - seen->extra - seen->size;

		if (!seen->size || page_of(at) != page || !(window(at) || alone))
			continue;
		sites[n++] = (struct site){at, seen->size, seen->extra, seen->after};
		*seen = (struct seen){0};
	}
	return n;
}

static void trapped(const struct resident *r, const struct regs *regs)
{
	struct site s, sites[MOST_SEEN];
	struct code *code;
	uint32_t n;

	/* Looked at under the lock: what is found is what the code is until it is forgotten. */
	if (!find_site(regs, &s))
		return;
	code = code_at(s.at, s.after - s.at);
	if (!code)
		return;
	note(&s);
	if (!is_due(page_of(s.at)))
		return;
	n = take_noted(r, page_of(s.at), sites);
	if (n)
		patch(code, sites, n);
}

void patch_trapped(struct resident *r, const struct regs *regs)
{
	if (!space.n_code)
		return;
	lock_take(&space.patch_lock);
	trapped(r, regs);
	lock_release(&space.patch_lock);
}
