/* The reader of the ring.
 *
 * Every process of the sandbox can write all of the ring.  A record is copied out before it
 * is looked at, its size is checked against what the ring can hold, and positions are the
 * reader's own: whatever is written there, a round of reading ends, and what is printed is
 * at worst nonsense.
 *
 * A call that may sleep comes as two records; its line is printed when it is complete, or as
 * unfinished when its process ends first.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "syscalls/process.h"
#include "trace/compare.h"
#include "trace/core.h"
#include "trace/reader.h"

#define DOZE 5 /* ms between looks while there is something to read */
#define IDLE_ROUNDS 20 /* looks in vain before it waits for the bell */
#define HOLE_PATIENCE 1000000000UL /* ns: nobody knows whose it is */
#define PEN_PATIENCE (10 * HOLE_PATIENCE) /* its writer is stopped */

#ifndef MFD_NOEXEC_SEAL /* linux/memfd.h, Linux 6.3 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

/* A call that has begun. */
struct begun {
	struct begun *next;
	struct trace_record record;
	bool told; /* that it sleeps in it */
	char *stack;
	size_t n; /* bytes of captures */
	char captures[];
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t = {0};

	(void)clock_gettime(clock, &t); /* these clocks are always there */
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- Lines ----------------------------------------------------------------------- */

static const struct personality *system_of(const struct trace_record *t)
{
	for_each_personality(p)
		if (strncmp(p->name, t->system, sizeof t->system) == 0)
			return p;
	return NULL;
}

static bool is_wanted(const struct reader_options *o, const struct trace_line *l)
{
	const struct row *row = format_row(l);

	if (!o->n_names)
		return true;
	for (size_t i = 0; row && i < o->n_names; i++)
		if (strcmp(o->names[i], row->name) == 0)
			return !o->all_but;
	return o->all_but;
}

static void print_time(struct reader *r, const struct trace_record *t)
{
	FILE *out = r->options.out;

	if (r->options.clock) {
		uint64_t ns = t->begun + (uint64_t)r->to_clock;
		time_t seconds = (time_t)(ns / 1000000000);
		struct tm tm;

		if (localtime_r(&seconds, &tm))
			fprintf(out, "%02d:%02d:%02d.%06u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
				(unsigned)(ns % 1000000000 / 1000));
	}
	if (r->options.since_last) {
		uint64_t since = r->last && t->begun > r->last ? t->begun - r->last : 0;

		fprintf(out, "%6" PRIu64 ".%06" PRIu64 " ", since / 1000000000,
			since % 1000000000 / 1000);
		r->last = t->begun;
	}
}

/* The process, and the thread by its own number if it is not the first. */
static void begin_line(struct reader *r, const struct trace_record *t)
{
	format_number(r->options.out, t->pid, 10);
	if (t->tid != t->pid) {
		putc_unlocked('/', r->options.out);
		format_number(r->options.out, t->tid + TID_BASE, 10);
	}
	putc_unlocked(' ', r->options.out);
	print_time(r, t);
}

static void print_call(struct reader *r, const struct trace_line *l, const char *stack,
		       bool is_over)
{
	FILE *out = r->options.out;

	if (r->options.keep) {
		compare_keep(r->options.keep, l, is_over);
		return;
	}
	if (!is_wanted(&r->options, l))
		return;
	if (r->options.summary) {
		if (summary_add(&r->counts, l) < 0)
			r->lost++;
		return;
	}
	begin_line(r, &l->record);
	format_begin(out, l);
	if (is_over)
		format_end(out, l);
	else
		fputs_unlocked(" <unfinished ...>", out);
	if (is_over && r->options.spent)
		fprintf(out, " <%" PRIu64 ".%06" PRIu64 ">", l->record.spent / 1000000000,
			l->record.spent % 1000000000 / 1000);
	putc_unlocked('\n', out);
	if (stack)
		fputs_unlocked(stack, out);
}

static void free_begun(struct begun *b)
{
	if (b)
		free(b->stack);
	free(b);
}

/* ---- Calls in two parts --------------------------------------------------------------- */

static struct begun **bucket_of(struct reader *r, uint32_t tid)
{
	return &r->buckets[tid % READER_BUCKETS];
}

static struct begun *take_begun(struct reader *r, uint32_t pid, uint32_t tid)
{
	for (struct begun **at = bucket_of(r, tid); *at; at = &(*at)->next) {
		struct begun *b = *at;

		if (b->record.tid != tid || b->record.pid != pid)
			continue;
		*at = b->next;
		r->begun_bytes -= sizeof *b + b->n;
		return b;
	}
	return NULL;
}

static void print_begun(struct reader *r, const struct begun *b, bool is_over)
{
	const struct trace_line l = {system_of(&b->record), b->record, b->captures, b->n, NULL};

	print_call(r, &l, b->stack, is_over);
}

static void keep_begun(struct reader *r, const struct trace_record *t, const char *captures,
		       size_t n)
{
	struct begun *old = take_begun(r, t->pid, t->tid), *b;

	if (old)
		print_begun(r, old, false);
	free_begun(old);
	b = r->begun_bytes < READER_BEGUN ? malloc(sizeof *b + n) : NULL;
	if (!b) {
		r->lost++;
		return;
	}
	b->record = *t;
	b->told = false;
	b->stack = r->stack;
	r->stack = NULL;
	b->n = n;
	memcpy(b->captures, captures, n);
	b->next = *bucket_of(r, t->tid);
	*bucket_of(r, t->tid) = b;
	r->begun_bytes += sizeof *b + n;
}

/* Both parts make one line: the first one's arguments, the second one's result. */
static void print_joined(struct reader *r, const struct trace_record *t, const char *captures,
			 size_t n)
{
	struct trace_line l = {system_of(t), *t, captures, n, NULL};
	struct begun *b = take_begun(r, t->pid, t->tid);
	char *both = b ? malloc(b->n + n + 1) : NULL;

	if (both) {
		memcpy(both, b->captures, b->n);
		memcpy(both + b->n, captures, n);
		l.captures = both;
		l.n_captures = b->n + n;
	}
	print_call(r, &l, b ? b->stack : NULL, true);
	free(both);
	free_begun(b);
}

/* Nothing has happened for a while: in which calls everybody sleeps, once for each. */
static void tell_sleepers(struct reader *r)
{
	for (size_t i = 0; i < READER_BUCKETS && r->options.out && !r->options.summary; i++) {
		for (struct begun *b = r->buckets[i]; b; b = b->next) {
			const struct trace_line l = {system_of(&b->record), b->record, b->captures,
						     b->n, NULL};

			if (b->told || !is_wanted(&r->options, &l))
				continue;
			b->told = true;
			begin_line(r, &b->record);
			fputs_unlocked("... ", r->options.out);
			format_begin(r->options.out, &l);
			putc_unlocked('\n', r->options.out);
		}
	}
}

/* Threads of the process that will not come back; the one that executed did succeed. */
static void end_begun(struct reader *r, uint32_t pid, bool all, bool executes)
{
	for (size_t i = 0; i < READER_BUCKETS; i++) {
		for (struct begun **at = &r->buckets[i]; *at;) {
			struct begun *b = *at;

			if (!all && b->record.pid != pid) {
				at = &b->next;
				continue;
			}
			*at = b->next;
			r->begun_bytes -= sizeof *b + b->n;
			print_begun(r, b, executes && b->record.flags & TRACE_EXECUTES);
			free_begun(b);
		}
	}
}

/* ---- Records ---------------------------------------------------------------------------- */

static void print_signal(struct reader *r, const struct trace_record *t)
{
	const struct personality *p = system_of(t);
	FILE *out = r->options.out;

	begin_line(r, t);
	fputs_unlocked("--- ", out);
	format_signal(out, p, t->nr);
	if (t->a[0])
		fprintf(out, " from %" PRIu64, t->a[0]);
	if (t->a[2])
		fprintf(out, " at %#" PRIx64, t->a[2]);
	fputs_unlocked(" ---\n", out);
}

static void print_event(struct reader *r, const struct trace_record *t, const char *captures,
			size_t n)
{
	const struct trace_line l = {system_of(t), *t, captures, n, NULL};
	const struct trace_capture *path = format_capture(&l, 0);
	FILE *out = r->options.out;

	begin_line(r, t);
	switch (t->kind) {
	case TRACE_KILLED:
		fputs_unlocked("+++ killed by ", out);
		format_signal(out, l.personality, t->nr);
		break;
	case TRACE_EXIT:
		fprintf(out, "+++ exited with %" PRId64, t->result);
		break;
	case TRACE_THREAD:
		fputs_unlocked("+++ thread begins", out);
		break;
	case TRACE_THREAD_EXIT:
		fputs_unlocked("+++ thread ends", out);
		break;
	case TRACE_PROGRAM:
		fprintf(out, "+++ %s program ", l.personality ? l.personality->title : "unknown");
		if (path)
			format_bytes(out, path + 1, path->length, false);
		break;
	}
	fputs_unlocked(" +++\n", out);
}

/* The thread holds still until the record is done with. */
static char *take_stack(const struct reader *r, const struct trace_line *l)
{
	const struct trace_capture *c = format_capture(l, TRACE_REGISTERS);
	struct regs regs;

	if (!r->stacks || !c || c->length != sizeof regs || !is_wanted(&r->options, l))
		return NULL;
	memcpy(&regs, c + 1, sizeof regs);
	return stacks_take(r->stacks, l->record.pid, &regs);
}

/* The process holds still, too, and dies of the signal then. */
static void take_core(struct reader *r, const struct trace_line *l)
{
	const struct trace_capture *c = format_capture(l, 0);
	const struct personality *p = l->personality;
	struct core_request q;

	if (!r->options.cores || !p || !p->core || !c || c->length != sizeof q)
		return;
	memcpy(&q, c + 1, sizeof q);
	core_clean(&q.info);
	cores_write(r->options.cores, p, l->record.pid, &q);
}

static void take_record(struct reader *r, size_t size)
{
	struct trace_record t;
	const char *captures = r->record + sizeof t;
	size_t n = size - sizeof t;

	memcpy(&t, r->record, sizeof t);
	if (t.kind == TRACE_CORE) {
		take_core(r, &(struct trace_line){system_of(&t), t, captures, n, NULL});
		return;
	}
	if (!r->options.out && !r->options.keep)
		return;
	if (t.flags & TRACE_WAITS)
		r->stack = take_stack(r, &(struct trace_line){system_of(&t), t, captures, n, NULL});
	if (r->stacks &&
	    (t.kind == TRACE_EXIT || t.kind == TRACE_KILLED || t.kind == TRACE_PROGRAM))
		stacks_forget(r->stacks, t.pid);
	switch (t.kind) {
	case TRACE_CALL: {
		const struct trace_line l = {system_of(&t), t, captures, n, NULL};

		print_call(r, &l, r->stack, true);
		return;
	}
	case TRACE_ENTER:
		keep_begun(r, &t, captures, n);
		return;
	case TRACE_LEAVE:
		print_joined(r, &t, captures, n);
		return;
	case TRACE_EXIT:
	case TRACE_KILLED:
		end_begun(r, t.pid, false, false);
		break;
	case TRACE_PROGRAM:
		end_begun(r, t.pid, false, true);
		break;
	case TRACE_SIGNAL:
		if (r->options.keep)
			break;
		if (!r->options.summary)
			print_signal(r, &t);
		return;
	}
	if (r->options.keep)
		compare_keep(r->options.keep,
			     &(struct trace_line){system_of(&t), t, captures, n, NULL}, true);
	else if (t.kind < TRACE_KINDS && !r->options.summary)
		print_event(r, &t, captures, n);
}

void reader_take(struct reader *r, size_t size)
{
	take_record(r, size);
	free(r->stack);
	r->stack = NULL;
}

/* ---- The ring -------------------------------------------------------------------------------- */

static const char *at(const struct reader *r, uint64_t position)
{
	return (const char *)r->ring + TRACE_HEAD + position % TRACE_ROOM;
}

static bool is_complete(const struct reader *r, uint64_t position)
{
	const uint64_t *word = (const uint64_t *)at(r, position);

	return __atomic_load_n(word, __ATOMIC_ACQUIRE) == (TRACE_MAGIC ^ position);
}

/* Size of the record copied to r->record; 0 if there is no record of a possible size. */
static size_t copy_record(struct reader *r, uint64_t filled)
{
	const char *from = at(r, r->tail);
	uint32_t size;

	memcpy(&size, from + offsetof(struct trace_record, size), sizeof size);
	if (size < sizeof(struct trace_record) || size > sizeof r->record || size > filled ||
	    size % TRACE_ALIGN)
		return 0;
	memcpy(r->record, from, size);
	return size;
}

/* Behind what cannot be read: the next complete record, or the end. */
static uint64_t next_complete(const struct reader *r, uint64_t filled)
{
	for (uint64_t n = TRACE_ALIGN; n < filled; n += TRACE_ALIGN)
		if (is_complete(r, r->tail + n))
			return n;
	return filled;
}

/* Whose record is missing at the tail; NULL if nobody says so, or several wanted to be there
 * and it is not known who was. */
static struct trace_pen *find_writer(const struct reader *r)
{
	struct trace_pen *found = NULL;
	unsigned wanted = 0;

	for (size_t i = 0; i < TRACE_PENS; i++) {
		struct trace_pen *pen = &r->ring->pens[i];
		uint64_t position = __atomic_load_n(&pen->position, __ATOMIC_ACQUIRE);

		if ((position & ~TRACE_TAKEN) != r->tail ||
		    !__atomic_load_n(&pen->owner, __ATOMIC_ACQUIRE))
			continue;
		if (position & TRACE_TAKEN)
			return pen;
		found = pen;
		wanted++;
	}
	return wanted == 1 ? found : NULL;
}

/* False if the writer was faster, or the room turned out to be another's. */
static bool take_pen_away(const struct reader *r, struct trace_pen *pen)
{
	uint64_t position = r->tail | TRACE_TAKEN;

	return __atomic_compare_exchange_n(&pen->position, &position, TRACE_REVOKED, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* The record is not coming: its writer is dead, or has to write it anew. */
static bool is_given_up(const struct reader *r, struct trace_pen *pen, uint64_t age, bool over)
{
	if (over || !(__atomic_load_n(&pen->owner, __ATOMIC_ACQUIRE) & FUTEX_TID_MASK))
		return true;
	return age >= PEN_PATIENCE && take_pen_away(r, pen);
}

/* Nobody says how much is missing. */
static bool guess(struct reader *r, uint64_t filled, uint64_t age, bool over)
{
	uint64_t n;

	if (!over && age < HOLE_PATIENCE)
		return false;
	n = next_complete(r, filled);
	if (n == filled && !over && filled < TRACE_ROOM / 2)
		return false; /* nothing behind it: it does no harm yet */
	r->tail += n;
	r->hole_since = 0;
	r->lost++;
	return true;
}

/* True if the reader is to go on, behind the hole or because there is none any more. */
static bool pass_hole(struct reader *r, uint64_t filled, bool over)
{
	struct trace_pen *pen = find_writer(r);
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	size_t size = pen ? __atomic_load_n(&pen->size, __ATOMIC_ACQUIRE) : 0;
	bool is_record = size >= sizeof(struct trace_record) && size <= filled &&
			 size % TRACE_ALIGN == 0;

	if (!r->hole_since)
		r->hole_since = now;
	if (is_complete(r, r->tail))
		return true;
	if (!is_record)
		return guess(r, filled, now - r->hole_since, over);
	if (!is_given_up(r, pen, now - r->hole_since, over))
		return false;
	r->tail += size;
	r->hole_since = 0;
	return true;
}

/* Tells the producers how far it has come. */
static void give_room(struct reader *r)
{
	struct trace_ring *t = r->ring;

	__atomic_store_n(&t->tail, r->tail, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&t->turn, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&t->waiting, __ATOMIC_SEQ_CST))
		(void)syscall(SYS_futex, &t->turn, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* What the ring holds; one that claims more than it can was scribbled over. */
static uint64_t filled(struct reader *r)
{
	uint64_t head = __atomic_load_n(&r->ring->head, __ATOMIC_ACQUIRE);
	uint64_t n = head - r->tail;

	if (n <= TRACE_ROOM && head % TRACE_ALIGN == 0)
		return n;
	r->lost++;
	r->tail = head & ~(TRACE_ALIGN - 1);
	__atomic_store_n(&r->ring->head, r->tail, __ATOMIC_SEQ_CST);
	give_room(r);
	return 0;
}

#define BATCH (256UL << 10) /* bytes read before producers hear of it */

/* One round: what was there when it began.  How many records. */
static size_t read_round(struct reader *r, bool over)
{
	uint64_t end = filled(r) + r->tail, told = r->tail;
	size_t records = 0;

	while (r->tail != end) {
		bool complete = is_complete(r, r->tail);
		size_t size = complete ? copy_record(r, end - r->tail) : 0;

		if (!size) {
			/* What is complete but no record will not become one. */
			if (complete ? !guess(r, end - r->tail, 0, true)
				     : !pass_hole(r, end - r->tail, over))
				break;
			continue;
		}
		r->hole_since = 0;
		r->tail += size;
		records++;
		reader_take(r, size);
		if (r->stacks || r->options.cores || r->tail - told >= BATCH) {
			give_room(r);
			told = r->tail;
		}
	}
	/* Or somebody else wrote there. */
	if (r->tail != told || __atomic_load_n(&r->ring->tail, __ATOMIC_RELAXED) != r->tail)
		give_room(r);
	return records;
}

/* Rounds without end would keep the supervisor from its other work. */
int reader_drain(void *reader, bool over)
{
	struct reader *r = reader;
	uint64_t rings;
	size_t n;

	if (read(r->bell, &rings, sizeof rings) < 0 && errno != EAGAIN)
		r->lost++; /* it cannot fail otherwise */
	__atomic_store_n(&r->ring->asleep, TRACE_AWAKE, __ATOMIC_SEQ_CST);
	n = read_round(r, over);
	r->idle = n ? 0 : r->idle + 1;
	if (r->idle == IDLE_ROUNDS && !over)
		tell_sleepers(r);
	if (r->options.out)
		(void)fflush(r->options.out); /* looked at when all is over */
	if (over)
		return -1;
	if (r->idle <= IDLE_ROUNDS || r->hole_since) {
		__atomic_store_n(&r->ring->asleep, TRACE_DOZES, __ATOMIC_SEQ_CST);
		return DOZE;
	}
	__atomic_store_n(&r->ring->asleep, TRACE_SLEEPS, __ATOMIC_SEQ_CST);
	return filled(r) ? 0 : -1;
}

/* ---- Beginning and end -------------------------------------------------------------------------- */

/* The data twice in a row, so that every record is in one piece. */
static struct trace_ring *map(int fd)
{
	const int access = PROT_READ | PROT_WRITE;
	char *at = mmap(NULL, TRACE_MAP, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	if (mmap(at, TRACE_FILE, access, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(at + TRACE_FILE, TRACE_ROOM, access, MAP_SHARED | MAP_FIXED, fd, TRACE_HEAD) ==
		    MAP_FAILED) {
		(void)munmap(at, TRACE_MAP);
		return NULL;
	}
	return (struct trace_ring *)at;
}

/* Its size is sealed: a shorter file would be a fault in the reader. */
static int make_file(void)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("trace", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("trace", flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, TRACE_FILE) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	int e = -errno;
	close(fd);
	return e;
}

int reader_open(struct reader *r, const struct reader_options *o, int *ring, int *bell)
{
	int fd = make_file();

	if (fd < 0)
		return fd;
	*r = (struct reader){.options = *o, .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	r->ring = r->bell < 0 ? NULL : map(fd);
	r->stacks = o->stacks ? stacks_new() : NULL;
	if (!r->ring || (o->stacks && !r->stacks)) {
		int e = -errno;

		if (r->ring)
			(void)munmap(r->ring, TRACE_MAP);
		stacks_free(r->stacks);
		close(fd);
		if (r->bell >= 0)
			close(r->bell);
		return e;
	}
	r->to_clock = (int64_t)(clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
	*ring = fd;
	*bell = r->bell;
	return 0;
}

void reader_close(struct reader *r)
{
	uint64_t lost = r->lost + __atomic_load_n(&r->ring->lost, __ATOMIC_RELAXED);

	end_begun(r, 0, true, false);
	if (r->options.summary)
		summary_print(&r->counts, r->options.out);
	if (lost && r->options.out)
		fprintf(r->options.out, "+++ %" PRIu64 " records lost +++\n", lost);
	summary_free(&r->counts);
	stacks_free(r->stacks);
	(void)munmap(r->ring, TRACE_MAP);
}
