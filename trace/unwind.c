/* One step, by the best there is:
 *
 *	Go's table      what Go's own collector goes by: how far the stack has grown at an address
 *	.eh_frame       through its search table (.eh_frame_hdr), both read from memory
 *	.debug_frame    from the file
 *	frame pointer   where nothing else is known; but a mere stub of a call has no frame
 *
 * DWARF's instructions are run by libunwind, anew for each frame, so that the ways can alternate
 * within a stack.  It sees the guest through access_memory() alone, which counts: instructions
 * that loop, or tables that lead nowhere, use up what a step may read.
 */
#include "trace/unwind.h"

#include <stdlib.h>
#include <string.h>

#define UNW_REMOTE_ONLY
#include <libunwind.h>

#define MOST_READS 20000 /* words in a step; a usual one needs some hundred */
#define CACHED_PAGES 16
#define PAGE 4096UL
#define FARTHEST (64UL << 20) /* bytes from the stack pointer to a frame pointer */
/* Where libunwind sees .debug_frame: no address of a process. */
#define WINDOW 0x4000000000000000UL

/* In libunwind's archive, for profilers; their headers are not installed (1.6.2,
 * include/dwarf.h). */
int _Ux86_64_dwarf_search_unwind_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di,
				       unw_proc_info_t *pi, int need_unwind_info, void *arg);
int _Ux86_64_dwarf_extract_proc_info_from_fde(unw_addr_space_t as, unw_accessors_t *a,
					      unw_word_t *fde, unw_proc_info_t *pi, unw_word_t base,
					      int need_unwind_info, int is_debug_frame, void *arg);

struct unwinder {
	unw_addr_space_t space;
	const struct view *view;
	const struct origin *origin;
	const struct frame *frame;
	const struct object *window; /* whose .debug_frame is shown */
	unsigned reads;
	bool has_rules; /* something describes the frame */
	struct {
		uint64_t address; /* 0: empty */
		size_t n;
		char bytes[PAGE];
	} pages[CACHED_PAGES];
};

/* ---- Memory --------------------------------------------------------------------- */

static bool read_page(struct unwinder *u, uint64_t address, void *to, size_t n)
{
	uint64_t page = address & ~(PAGE - 1), at = address - page;
	typeof(u->pages[0]) *p = &u->pages[page / PAGE % CACHED_PAGES];

	if (p->address != page || !page) {
		p->n = view_read(u->view, page, p->bytes, PAGE);
		p->address = page;
	}
	if (at > p->n || n > p->n - at)
		return false;
	memcpy(to, p->bytes + at, n);
	return true;
}

static bool read_bytes(struct unwinder *u, uint64_t address, void *to, size_t n)
{
	size_t first = PAGE - address % PAGE;

	if (n <= first)
		return read_page(u, address, to, n);
	return read_page(u, address, to, first) &&
	       read_page(u, address + first, (char *)to + first, n - first);
}

static bool read_window(const struct unwinder *u, uint64_t at, uint64_t *to)
{
	size_t n = u->window ? u->window->n_debug_frame : 0;

	*to = 0;
	if (at >= n)
		return false;
	memcpy(to, u->window->debug_frame + at, n - at < sizeof *to ? n - at : sizeof *to);
	return true;
}

static int access_memory(unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write,
			 void *arg)
{
	struct unwinder *u = arg;

	(void)as;
	if (write || u->reads++ >= MOST_READS)
		return -UNW_EINVAL;
	if (address >= WINDOW && address - WINDOW < WINDOW)
		return read_window(u, address - WINDOW, value) ? 0 : -UNW_EINVAL;
	return read_bytes(u, address, value, sizeof *value) ? 0 : -UNW_EINVAL;
}

/* ---- libunwind's view of the frame ------------------------------------------------- */

static int access_register(unw_addr_space_t as, unw_regnum_t n, unw_word_t *value, int write,
			   void *arg)
{
	const struct unwinder *u = arg;
	const struct frame *f = u->frame;

	(void)as;
	*value = n == UNW_X86_64_RIP   ? frame_code(f)
		 : n == UNW_X86_64_RSP ? f->sp
		 : n == UNW_X86_64_RBP ? f->bp
		 : n == UNW_X86_64_RBX ? f->bx
		 : n == UNW_X86_64_R12 ? f->r12
		 : n == UNW_X86_64_R13 ? f->r13
		 : n == UNW_X86_64_R14 ? f->r14
		 : n == UNW_X86_64_R15 ? f->r15
				       : 0;
	return write ? -UNW_EREADONLYREG : 0;
}

static int access_vector(unw_addr_space_t as, unw_regnum_t n, unw_fpreg_t *value, int write,
			 void *arg)
{
	(void)as;
	(void)n;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EINVAL;
}

static int find_list(unw_addr_space_t as, unw_word_t *list, void *arg)
{
	(void)as;
	(void)list;
	(void)arg;
	return -UNW_ENOINFO;
}

static int resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static int find_name(unw_addr_space_t as, unw_word_t address, char *name, size_t n,
		     unw_word_t *offset, void *arg)
{
	(void)as;
	(void)address;
	(void)name;
	(void)n;
	(void)offset;
	(void)arg;
	return -UNW_ENOINFO;
}

static void put_rules(unw_addr_space_t as, unw_proc_info_t *pi, void *arg)
{
	(void)as;
	(void)pi; /* libunwind's own, which it frees */
	(void)arg;
}

/* .eh_frame_hdr in the one form linkers write: version 1, a count of 4 bytes, a table of pairs
 * relative to the header (LSB 5.0 Core, 10.6.2). */
static int search_header(struct unwinder *u, unw_word_t ip, unw_proc_info_t *pi, int need)
{
	static const uint8_t form[] = {1, 0x1b, 0x03, 0x3b};
	uint64_t header = u->origin->bias + u->origin->object->unwind_header;
	uint8_t head[12];
	uint32_t n;

	if (!read_bytes(u, header, head, sizeof head) || memcmp(head, form, sizeof form) != 0)
		return -UNW_ENOINFO;
	memcpy(&n, head + 8, sizeof n);
	unw_dyn_info_t di = {
		.format = UNW_INFO_FORMAT_REMOTE_TABLE,
		.start_ip = ip,
		.end_ip = ip + 1,
		.u.rti =
			{
				.segbase = header,
				.table_data = header + sizeof head,
				.table_len = n, /* pairs of 4 bytes: words */
			},
	};
	return _Ux86_64_dwarf_search_unwind_table(u->space, ip, &di, pi, need, u);
}

static int search_debug_frame(struct unwinder *u, unw_word_t ip, unw_proc_info_t *pi, int need)
{
	const struct origin *from = u->origin;
	const struct object_frame *f = object_frame_at(from->object, ip - from->bias);
	unw_word_t at;
	int r;

	if (!f)
		return -UNW_ENOINFO;
	u->window = from->object;
	at = WINDOW + f->at;
	r = _Ux86_64_dwarf_extract_proc_info_from_fde(u->space, unw_get_accessors(u->space), &at,
						      pi, WINDOW, need, 1, u);
	if (r < 0)
		return r;
	pi->start_ip = f->start + from->bias;
	pi->end_ip = f->start + f->size + from->bias;
	return 0;
}

static int find_rules(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *pi, int need, void *arg)
{
	struct unwinder *u = arg;
	int r = -UNW_ENOINFO;

	(void)as;
	if (!u->origin->object)
		return r;
	if (u->origin->object->unwind_header)
		r = search_header(u, ip, pi, need);
	if (r < 0)
		r = search_debug_frame(u, ip, pi, need);
	u->has_rules = r >= 0;
	return r;
}

static const unw_accessors_t accessors = {
	.find_proc_info = find_rules,
	.put_unwind_info = put_rules,
	.get_dyn_info_list_addr = find_list,
	.access_mem = access_memory,
	.access_reg = access_register,
	.access_fpreg = access_vector,
	.resume = resume,
	.get_proc_name = find_name,
};

struct unwinder *unwinder_new(void)
{
	struct unwinder *u = calloc(1, sizeof *u);

	if (!u)
		return NULL;
	u->space = unw_create_addr_space((unw_accessors_t *)&accessors, 0);
	if (u->space)
		return u;
	free(u);
	return NULL;
}

void unwinder_free(struct unwinder *u)
{
	if (u)
		unw_destroy_addr_space(u->space);
	free(u);
}

void unwinder_begin(struct unwinder *u, const struct view *v)
{
	u->view = v;
	for (size_t i = 0; i < CACHED_PAGES; i++)
		u->pages[i].address = 0;
}

/* ---- Steps -------------------------------------------------------------------------- */

static bool is_code(const struct unwinder *u, uint64_t ip)
{
	const struct mapping *m = ip ? view_find(u->view, ip - 1) : NULL;

	return m && m->executable;
}

static bool by_frame_pointer(struct unwinder *u, struct frame *f, bool switches)
{
	uint64_t saved[2];

	if (f->bp % 8 || (!switches && (f->bp < f->sp || f->bp - f->sp > FARTHEST)) ||
	    !read_bytes(u, f->bp, saved, sizeof saved))
		return false;
	f->sp = f->bp + sizeof saved;
	f->bp = saved[0];
	f->ip = saved[1];
	f->is_exact = false;
	return is_code(u, f->ip);
}

/* True if a call instruction (e8, or ff /2 in its usual lengths) ends there. */
static bool is_behind_call(struct unwinder *u, uint64_t ip)
{
	uint8_t code[7];

	if (!is_code(u, ip) || !read_bytes(u, ip - sizeof code, code, sizeof code))
		return false;
	if (code[2] == 0xe8)
		return true;
	for (size_t i = 0; i < sizeof code - 1; i++)
		if (code[i] == 0xff && (code[i + 1] & 0x38) == 0x10)
			return true;
	return false;
}

/* A function that is nothing but the call has no frame: what called it is on top of the stack. */
static bool by_stub(struct unwinder *u, struct frame *f)
{
	uint64_t ip;

	if (!f->is_exact || !read_bytes(u, f->sp, &ip, sizeof ip) || !is_behind_call(u, ip))
		return false;
	f->ip = ip;
	f->sp += sizeof ip;
	f->is_exact = false;
	return true;
}

/* The frame pointer is saved below the return address, by whoever has room of his own. */
static bool by_go(struct unwinder *u, const struct gofunction *g, struct frame *f)
{
	uint64_t at = f->sp + (uint64_t)g->frame, saved[2];

	if (g->is_first)
		return false;
	if (g->moves_stack || g->frame < 0)
		return by_frame_pointer(u, f, true);
	if (!read_bytes(u, at - 8, saved, sizeof saved))
		return false;
	if (g->frame)
		f->bp = saved[0];
	f->sp = at + 8;
	f->ip = saved[1];
	f->is_exact = false;
	return is_code(u, f->ip);
}

/* Linux's own: mov $15,%rax; syscall. */
static bool is_signal_return(struct unwinder *u, uint64_t ip)
{
	static const uint8_t code[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};
	uint8_t found[sizeof code];

	return read_bytes(u, ip, found, sizeof found) && memcmp(found, code, sizeof code) == 0;
}

static bool take_registers(unw_cursor_t *cursor, struct frame *f)
{
	const struct {
		int number;
		uint64_t *to;
	} all[] = {
		{UNW_X86_64_RIP, &f->ip},  {UNW_X86_64_RSP, &f->sp},  {UNW_X86_64_RBP, &f->bp},
		{UNW_X86_64_RBX, &f->bx},  {UNW_X86_64_R12, &f->r12}, {UNW_X86_64_R13, &f->r13},
		{UNW_X86_64_R14, &f->r14}, {UNW_X86_64_R15, &f->r15},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (unw_get_reg(cursor, all[i].number, all[i].to) < 0)
			return false;
	return true;
}

/* 1: done; 0: nothing describes this frame; -1: it is the last one. */
static int by_dwarf(struct unwinder *u, struct frame *f)
{
	struct frame next = *f;
	unw_proc_info_t pi;
	unw_cursor_t cursor;
	bool signal;

	u->frame = f;
	u->has_rules = false;
	if (find_rules(u->space, frame_code(f), &pi, 0, u) < 0)
		return 0;
	signal = is_signal_return(u, f->ip);
	if (unw_init_remote(&cursor, u->space, u) < 0 || unw_step(&cursor) <= 0 || !u->has_rules ||
	    !take_registers(&cursor, &next))
		return -1;
	next.is_exact = signal;
	*f = next;
	return f->ip && (signal || is_code(u, f->ip)) ? 1 : -1;
}

bool unwinder_step(struct unwinder *u, const struct origin *from, struct frame *f)
{
	const struct frame before = *f;
	int by;

	u->origin = from;
	u->window = NULL; /* the one before may not be there any more */
	u->reads = 0;
	if (from->go.name)
		return by_go(u, &from->go, f);
	by = by_dwarf(u, f);
	if (by < 0 || (!by && !by_stub(u, f) && !by_frame_pointer(u, f, false)))
		return false;
	return f->ip != before.ip || f->sp != before.sp;
}
