/* The run-time linker of a small world of dynamic programs, as a real one behaves towards the
 * kernel: it finds itself and the program by the auxiliary vector, maps libraries from /lib
 * into address space it reserves with MAP_GUARD, relocates, seals what is read-only from then
 * on, sets up thread-local storage by sysarch, and enters the program with its own clean-up
 * function in rsi.  What a real one does: libexec/rtld-elf of FreeBSD 15.
 *
 * It has no relocations of its own: nothing in it is initialised with an address. */
#include "tests/guest/guest.h"
#include "tests/world/elf.h"

#define EXPORT __attribute__((visibility("default")))
enum { MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x1000, MAP_GUARD = 0x2000 };
enum { MAP_NOCORE = 0x20000, MAP_PREFAULT_READ = 0x40000 };
enum { O_CLOEXEC = 0x100000, O_VERIFY = 0x200000 };
enum { AMD64_GET_FSBASE = 128, AMD64_SET_FSBASE = 129, AMD64_SET_TLSBASE = 136 };
#define MOST_OBJECTS 8

struct object {
	uint64_t base;
	const struct elf_segment *segments;
	unsigned n_segments;
	uint64_t dynamic[N_DYNAMIC];
	const struct elf_dynamic *all;
	uint64_t tls_offset; /* below the thread pointer */
	const struct elf_segment *tls;
	const char *name;
};

static struct object objects[MOST_OBJECTS];
static unsigned n_objects;
static uint64_t tls_size;

extern const struct elf_header __ehdr_start __attribute__((visibility("hidden")));

static const char *string(const struct object *o, uint64_t at)
{
	return (const char *)(o->dynamic[STRINGS] + at);
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Where it is in memory is known; what is in it is read here. */
static void study(struct object *o)
{
	for (unsigned i = 0; i < o->n_segments; i++) {
		const struct elf_segment *s = &o->segments[i];
		if (s->kind == DYNAMIC)
			o->all = (const void *)(o->base + s->address);
		if (s->kind == TLS) {
			tls_size = round_up(tls_size + s->in_memory, s->align ? s->align : 1);
			o->tls_offset = tls_size;
			o->tls = s;
		}
	}
	for (const struct elf_dynamic *d = o->all; d->tag; d++) {
		bool is_address = d->tag == HASH || d->tag == STRINGS || d->tag == SYMBOLS ||
				  d->tag == RELOCATIONS || d->tag == PLT_RELOCATIONS ||
				  d->tag == INIT_ARRAY;
		if (d->tag > 0 && d->tag < N_DYNAMIC)
			o->dynamic[d->tag] = d->value + (is_address ? o->base : 0);
	}
}

static struct object *add_object(uint64_t base, const struct elf_segment *segments, unsigned n,
				 const char *name)
{
	struct object *o = &objects[n_objects++];

	CHECK(101, n_objects <= MOST_OBJECTS);
	o->base = base;
	o->segments = segments;
	o->n_segments = n;
	o->name = name;
	study(o);
	return o;
}

/* ---- Mapping ---------------------------------------------------------------------- */

static void map_segment(long fd, uint64_t base, const struct elf_segment *s)
{
	long prot = (s->flags & SEGMENT_R ? 1 : 0) | (s->flags & SEGMENT_W ? 2 : 0) |
		    (s->flags & SEGMENT_X ? 4 : 0);
	uint64_t start = (base + s->address) & ~(PAGE - 1);
	uint64_t file_end = base + s->address + s->in_file;
	uint64_t end = round_up(base + s->address + s->in_memory, PAGE);
	long flags = MAP_PRIVATE | MAP_FIXED | MAP_PREFAULT_READ |
		     (s->flags & SEGMENT_W ? 0 : MAP_NOCORE);

	IS(102, sys(SYS_mmap, start, file_end - start, prot, flags, fd, s->offset & ~(PAGE - 1)),
	   start);
	if (!(s->flags & SEGMENT_W))
		return;
	start = round_up(file_end, PAGE);
	memset((void *)file_end, 0, start - file_end);
	if (end > start)
		IS(103,
		   sys(SYS_mmap, start, end - start, prot, MAP_PRIVATE | MAP_FIXED | MAP_ANON, -1,
		       0),
		   start);
}

static void load(const char *name)
{
	char path[64] = "/lib/";
	memcpy(path + 5, name, strlen(name) + 1);
	long fd = sys(SYS_open, path, O_CLOEXEC | O_VERIFY);
	CHECK(104, fd >= 0);
	const struct elf_header *e = (const void *)sys(SYS_mmap, 0, PAGE, 1,
						       MAP_PRIVATE | MAP_PREFAULT_READ, fd, 0);
	CHECK(105, (long)e > 0 && e->n_segments < 32);
	const struct elf_segment *s = (const void *)((const char *)e + e->segments_at);
	uint64_t span = 0;
	for (unsigned i = 0; i < e->n_segments; i++)
		if (s[i].kind == LOAD && s[i].in_memory)
			span = round_up(s[i].address + s[i].in_memory, PAGE);
	long base = sys(SYS_mmap, 0, span, 0, MAP_GUARD, -1, 0);
	CHECK(106, base > 0);
	for (unsigned i = 0; i < e->n_segments; i++)
		if (s[i].kind == LOAD && s[i].in_memory)
			map_segment(fd, (uint64_t)base, &s[i]);
	add_object((uint64_t)base, (const void *)((uint64_t)base + e->segments_at), e->n_segments,
		   name);
	IS(107, sys(SYS_munmap, e, PAGE), 0);
	IS(108, sys(SYS_close, fd), 0);
}

static bool is_loaded(const char *name)
{
	for (unsigned i = 0; i < n_objects; i++)
		if (!strcmp(objects[i].name, name))
			return true;
	return false;
}

static void load_needed(void)
{
	for (unsigned i = 0; i < n_objects; i++)
		for (const struct elf_dynamic *d = objects[i].all; d->tag; d++)
			if (d->tag == NEEDED && !is_loaded(string(&objects[i], d->value)))
				load(string(&objects[i], d->value));
}

/* ---- Relocation -------------------------------------------------------------------- */

/* The number of symbols is the hash table's second word. */
static const struct elf_symbol *find(const char *name, struct object **in)
{
	for (unsigned i = 0; i < n_objects; i++) {
		const struct elf_symbol *s = (const void *)objects[i].dynamic[SYMBOLS];
		uint32_t n = ((const uint32_t *)objects[i].dynamic[HASH])[1];
		for (uint32_t k = 1; k < n; k++)
			if (s[k].section && !strcmp(string(&objects[i], s[k].name), name)) {
				*in = &objects[i];
				return &s[k];
			}
	}
	print(name);
	check_failed(109, "symbol not found");
}

static uint64_t module_of(const struct object *o)
{
	return (uint64_t)(o - objects) + 1;
}

static void relocate_one(struct object *o, const struct elf_relocation *r)
{
	const struct elf_symbol *own = (const void *)o->dynamic[SYMBOLS];
	uint32_t index = (uint32_t)(r->info >> 32);
	const struct elf_symbol none = {0}, *s = &none;
	struct object *in = o;
	uint64_t *at = (uint64_t *)(o->base + r->at);

	if (index)
		s = find(string(o, own[index].name), &in);
	switch ((uint32_t)r->info) {
	case R_RELATIVE:
		*at = o->base + (uint64_t)r->add;
		return;
	case R_64:
	case R_GLOB_DAT:
	case R_JUMP_SLOT:
		*at = in->base + s->value + (uint64_t)r->add;
		return;
	case R_DTPMOD64:
		*at = module_of(in);
		return;
	case R_DTPOFF64:
		*at = s->value + (uint64_t)r->add;
		return;
	case R_TPOFF64:
		*at = s->value + (uint64_t)r->add - in->tls_offset;
		return;
	default:
		check_failed(110, "a relocation of another kind");
	}
}

static void relocate(struct object *o, int table, int size)
{
	const struct elf_relocation *r = (const void *)o->dynamic[table];

	for (uint64_t i = 0; i < o->dynamic[size] / sizeof *r; i++)
		relocate_one(o, &r[i]);
}

static void seal(const struct object *o)
{
	for (unsigned i = 0; i < o->n_segments; i++) {
		const struct elf_segment *s = &o->segments[i];
		uint64_t start = (o->base + s->address) & ~(PAGE - 1);
		uint64_t end = (o->base + s->address + s->in_memory) & ~(PAGE - 1);
		if (s->kind == RELRO && end > start)
			IS(111, sys(SYS_mprotect, start, end - start, 1), 0);
	}
}

/* ---- Thread-local storage -------------------------------------------------------------- */

struct tls_index {
	uint64_t module, offset;
};

/* The thread pointer points to itself; the blocks lie below it. */
EXPORT uint64_t world_tls_new(void)
{
	uint64_t room = round_up(tls_size, 64) + 64;
	long at = sys(SYS_mmap, 0, round_up(room, PAGE), 3, MAP_PRIVATE | MAP_ANON, -1, 0);
	CHECK(112, at > 0);
	uint64_t pointer = (uint64_t)at + room - 64;
	*(uint64_t *)pointer = pointer;
	for (unsigned i = 0; i < n_objects; i++) {
		const struct object *o = &objects[i];
		if (o->tls)
			memcpy((void *)(pointer - o->tls_offset),
			       (const void *)(o->base + o->tls->address), o->tls->in_file);
	}
	return pointer;
}

EXPORT void *__tls_get_addr(const struct tls_index *i);
EXPORT void *__tls_get_addr(const struct tls_index *i)
{
	uint64_t pointer;
	__asm__("mov %%fs:0, %0" : "=r"(pointer));
	return (void *)(pointer - objects[i->module - 1].tls_offset + i->offset);
}

/* AMD64_SET_TLSBASE is new in FreeBSD 15; older linkers say AMD64_SET_FSBASE. */
static void set_tls(void)
{
	uint64_t pointer = world_tls_new(), now = 0;

	IS(113, sys(SYS_sysarch, AMD64_SET_FSBASE, &pointer), 0);
	IS(114, sys(SYS_sysarch, AMD64_SET_TLSBASE, &pointer), 0);
	IS(115, sys(SYS_sysarch, AMD64_GET_FSBASE, &now), 0);
	IS(116, now, pointer);
}

/* ---- All of it ---------------------------------------------------------------------------- */

static void initialise(const struct object *o)
{
	void (*const *f)(void) = (void (*const *)(void))o->dynamic[INIT_ARRAY];

	for (uint64_t i = 0; i < o->dynamic[INIT_ARRAY_SIZE] / sizeof *f; i++)
		f[i]();
}

static void clean_up(void)
{
	print("world: cleaned up\n");
}

static noinline __attribute__((noreturn)) void enter(uint64_t entry, void *block)
{
	__asm__ volatile("lea -8(%1), %%rsp\n"
			 "and $-16, %%rsp\n"
			 "add $8, %%rsp\n"
			 "jmp *%0"
			 :
			 : "r"(entry), "D"(block), "S"(clean_up)
			 : "memory");
	__builtin_unreachable();
}

void test(int argc, char **argv, char **envp)
{
	uint64_t aux[N_AUX] = {0};

	read_aux(envp, aux);
	IS(117, aux[AT_BASE], &__ehdr_start);
	IS(118, aux[AT_PHENT], sizeof(struct elf_segment));
	const struct elf_segment *program = (const void *)aux[AT_PHDR];
	uint64_t base = 0;
	for (unsigned i = 0; i < aux[AT_PHNUM]; i++)
		if (program[i].kind == 6 /* PT_PHDR */)
			base = aux[AT_PHDR] - program[i].address;
	add_object(base, program, (unsigned)aux[AT_PHNUM], (const char *)aux[AT_EXECPATH]);
	add_object(aux[AT_BASE], (const void *)(aux[AT_BASE] + __ehdr_start.segments_at),
		   __ehdr_start.n_segments, "ld-elf.so.1");
	load_needed();
	for (unsigned i = 0; i < n_objects; i++) {
		relocate(&objects[i], RELOCATIONS, RELOCATIONS_SIZE);
		relocate(&objects[i], PLT_RELOCATIONS, PLT_RELOCATIONS_SIZE);
		seal(&objects[i]);
	}
	IS(119, sys(SYS_issetugid), 0);
	set_tls();
	/* What is needed comes first. */
	for (unsigned i = n_objects; i-- > 1;)
		initialise(&objects[i]);
	enter(aux[AT_ENTRY], argv - 1);
}
