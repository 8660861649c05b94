/* Thread slots and pages: the resident's own memory.
 *
 * A slot is one thread's signal stack, translator stack and context, 512 KiB apart, so
 * that a handler finds its thread from its stack pointer alone, whatever the guest did to
 * its segment registers.  Linux clears a slot's word when its thread is gone; the slot is
 * then used again.
 *
 * Slots belong to the address space, not to the process: a vfork child takes one too.
 */
#include "syscalls/engine/resident/resident.h"

#include <asm/prctl.h>
#include <asm/signal.h>
#include <linux/mman.h>
#include <string.h>

struct space space;

#define CLAIMED UINT32_MAX

static struct resident *context_of(uint32_t slot)
{
	return (struct resident *)(RESIDENT_ARENA + (uint64_t)slot * SLOT_SIZE + SLOT_CONTEXT);
}

static bool map(uint64_t at, uint64_t size)
{
	long r = LINUX(mmap, at, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE | MAP_STACK, -1, 0);

	return !is_error(r);
}

static bool map_slot(uint32_t slot)
{
	uint64_t base = RESIDENT_ARENA + (uint64_t)slot * SLOT_SIZE;

	return map(base + SLOT_SIGNAL_STACK, SLOT_SIGNAL_STACK_END - SLOT_SIGNAL_STACK) &&
	       map(base + SLOT_STACK, SLOT_END - SLOT_STACK);
}

static void prepare(struct resident *r, uint32_t slot)
{
	memset(r, 0, offsetof(struct resident, scratch));
	r->self = r;
	r->cell = &r->own_cell;
	r->slot = slot;
	/* The call instruction of entry_call leaves the stack as the C convention has it. */
	r->stack_top = (uint64_t)r - SLOT_CONTEXT + SLOT_STACK_END;
	r->scratch_base = (uint64_t)r->scratch;
}

/* Have its pages been mapped before?  They stay when a thread ends. */
static bool is_mapped(const struct space *s, uint32_t slot)
{
	return s->mapped[slot / 64] >> (slot % 64) & 1;
}

struct resident *slot_new(void)
{
	struct resident *found = NULL;

	lock_take(&space.lock);
	for (uint32_t i = 0; i < MAX_SLOTS && !found; i++) {
		if (__atomic_load_n(&space.slots[i], __ATOMIC_ACQUIRE))
			continue;
		if (!is_mapped(&space, i) && !map_slot(i))
			break;
		space.mapped[i / 64] |= 1UL << (i % 64);
		space.slots[i] = CLAIMED;
		if (i >= space.top)
			space.top = i + 1;
		found = context_of(i);
		prepare(found, i);
	}
	lock_release(&space.lock);
	return found;
}

struct resident *slot_of(uint32_t slot)
{
	return context_of(slot);
}

struct thread *engine_find_thread(struct call *c, int host_tid)
{
	for (uint32_t i = 0; host_tid > 0 && i < space.top; i++) {
		struct resident *r = context_of(i);

		if (__atomic_load_n(&space.slots[i], __ATOMIC_ACQUIRE) == (uint32_t)host_tid &&
		    r->thread.process == c->thread->process)
			return &r->thread;
	}
	return NULL;
}

void slot_free(struct resident *r)
{
	__atomic_store_n(&space.slots[r->slot], 0, __ATOMIC_RELEASE);
}

void slots_forked(struct resident *r)
{
	for (uint32_t i = 0; i < space.top; i++)
		if (i != r->slot && space.slots[i])
			space.slots[i] = 0;
	space.lock.word = 0;
}

int set_gs(uint64_t base)
{
	if (space.has_fsgsbase) {
		__asm__ volatile(".byte 0xf3, 0x48, 0x0f, 0xae, 0xd8"
				 :
				 : "a"(base)); /* wrgsbase %rax */
		return 0;
	}
	return (int)LINUX(arch_prctl, ARCH_SET_GS, base);
}

void slot_begin(struct resident *r)
{
	uint64_t base = (uint64_t)r - SLOT_CONTEXT;
	stack_t stack = {.ss_sp = (void *)(base + SLOT_SIGNAL_STACK),
			 .ss_size = SLOT_SIGNAL_STACK_END - SLOT_SIGNAL_STACK};
	long e = set_gs((uint64_t)r);

	if (e == 0)
		e = LINUX(sigaltstack, &stack, 0);
	if (e < 0)
		die(EXIT_GUISE, "cannot set up a thread: error %l", -e);
}

/* ---- Pages ----------------------------------------------------------------- */

static uint64_t whole_pages(size_t bytes)
{
	return (bytes + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1);
}

void *engine_pages(size_t bytes)
{
	uint64_t size = whole_pages(bytes), at;

	lock_take(&space.lock);
	if (!space.next_page)
		space.next_page = RESIDENT_FIRST_PAGES;
	if (space.next_page <= RESIDENT_ARENA && size > RESIDENT_ARENA - space.next_page)
		space.next_page = RESIDENT_PAGES;
	at = space.next_page;
	if (size > RESIDENT_TRACE - at)
		at = 0;
	else
		space.next_page += size;
	lock_release(&space.lock);
	return at && map(at, size) ? (void *)at : NULL;
}

void engine_free_pages(void *pages, size_t bytes)
{
	uint64_t at = (uint64_t)pages, size = whole_pages(bytes);

	if (!pages)
		return;
	(void)LINUX(munmap, at, size); /* our own range: cannot fail */
	lock_take(&space.lock);
	if (space.next_page == at + size)
		space.next_page = at;
	lock_release(&space.lock);
}

/* From the image itself: what is only read or executed costs no page of its own. */
int engine_show_page(struct call *c, uint64_t at, const void *page)
{
	long r = LINUX(mmap, at, GUEST_PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
		       HIDDEN_RESIDENT, (uint64_t)page - RESIDENT_BASE + RESIDENT_IMAGE_OFFSET);

	(void)c;
	return is_error(r) ? (int)r : 0;
}

bool engine_owns(uint64_t at, uint64_t n)
{
	uint64_t end;

	if (__builtin_add_overflow(at, n, &end))
		end = UINT64_MAX;
	return at < RESIDENT_LIMIT && end > RESIDENT_BASE;
}

/* ---- Locks ------------------------------------------------------------------- */

/* 0 free, 1 taken, 2 taken and somebody may be waiting. */
void lock_take(struct lock *l)
{
	uint32_t seen = 0;

	if (__atomic_compare_exchange_n(&l->word, &seen, 1, false, __ATOMIC_ACQUIRE,
					__ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE))
		(void)LINUX(futex, &l->word, FUTEX_WAIT_PRIVATE, 2, 0); /* looked at again */
}

void lock_release(struct lock *l)
{
	if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
		(void)LINUX(futex, &l->word, FUTEX_WAKE_PRIVATE, 1); /* nobody there: fine */
}
