/* What is printed of values, calls and records, and a reader that trusts nobody. */
#include <check.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "syscalls/process.h"
#include "syscalls/socket.h"
#include "trace/reader.h"

Suite *trace_suite(void);

/* ---- A system of a few rows ------------------------------------------------------ */

NAMES(flags, i32, PART_AS(0x3, 0x0, 0x3, 0x0, "READ"), PART_AS(0x3, 0x1, 0x3, 0x1, "WRITE"),
      BIT_AS(0x10, 0x400, "APPEND"), GUEST_ONLY(0x40, "LOCK"));
NAMES(clock, i32, IS_AS(0, 0, "REALTIME"), IS_AS(4, 1, "MONOTONIC"), IS_AS(-1, 77, "NEGATIVE"));

struct pair {
	int64_t wide;
	uint32_t narrow;
	int32_t flags;
};
#define HOST struct pair
STRUCT(pair, 16, FIELD_AS(0, i64, wide, "w"), FIELD(8, u32, narrow), FIELD(12, flags, flags));
#undef HOST
struct outer {
	struct pair inner;
	uint64_t bits[2];
};
#define HOST struct outer
STRUCT_LOOKS(set, 16, LOOK_SIGNALS, FIELD(0, u64, bits[0]), FIELD(8, u64, bits[1]));
STRUCT(outer, 32, INNER(0, pair, inner), INNER(16, set, bits[0]));
#undef HOST
static INT_LOOKS(octal, 2, false, LOOK_OCTAL);
static const struct type type_text = {
	.name = "text", .kind = KIND_CUSTOM, .look = LOOK_TEXT, .guest_size = 16, .host_size = 16};
static const struct type type_likened = {.name = "likened",
					 .kind = KIND_CUSTOM,
					 .like = &type_flags,
					 .guest_size = 4};

static int plain_address(struct call *c, const void *guest, void *host)
{
	memcpy(host, guest, sizeof(struct address));
	return 0;
}
ADDRESS_TYPE(where, plain_address, plain_address);

static size_t tell_twice(char *to, size_t size, const void *guest, size_t n)
{
	uint64_t a[2] = {0};

	memcpy(a, guest, n < sizeof a ? n : sizeof a);
	return a[0] ? (size_t)snprintf(to, size, "told %zu", n) : 0;
}
static const struct type type_told = {
	.name = "told", .kind = KIND_INT, .guest_size = 4, .host_size = 4, .tell = tell_twice};
SEEN(seen_clock, i32, clock);
struct followed {
	uint64_t list, n;
};
#define HOST struct followed
STRUCT(followed, 16, FIELD_TO(0, list, "list", PASS_IN_VECTORS, ptr, 1), FIELD(8, u64, n));
#undef HOST

static long nothing(struct call *c)
{
	return 0;
}
#define ROW(nm, res, ...) \
	{ \
		.name = #nm, .kind = ROW_CALL, .translate = nothing, .result = &type_##res, \
		.args = {__VA_ARGS__}, \
	}
static const struct row rows[] = {
	[1] = ROW(open, fd, PATH, V(flags), V(octal)),
	[2] = ROW(read, i64, FD, OUT_BYTES(2), V(u64)),
	[3] = ROW(pairs, i32, IN_ARRAY(pair, 1), V(i32), OUT_ARRAY(pair, 3), V(i32)),
	[4] = ROW(map, ptr, PTR, V(u64)),
	[5] = {.name = "allocate",
	       .result = &type_i32,
	       .flags = ROW_POSIX_ERROR,
	       .args = {V(i32), V(clock)}},
	[6] = ROW(connect, i32, ATFD, IN_(where), V(u32)),
	[7] = ROW(leave, none, V(i32)),
	[8] = ROW(execute, i32, PATH, SHOW_STRINGS, SHOW_IN_VECTORS(3), V(u32)),
	[9] = ROW(see, i32, V(seen_clock), V(told), SHOW(OUT_SOME, fd, 2), SHOW(IN_ARRAY, told, 4),
		  V(u32)),
	[10] = ROW(ask, i32, SHOW(OUT_SIZED, word, 1), SHOW_INOUT(u64),
		   SHOW(INOUT_ARRAY, small_set, 1), SHOW_NAME),
	[11] = ROW(follow, i32, SHOW_IN(followed)),
};
static const uint16_t errnos[] = {[2] = 2, [22] = 22};
static const char *const errno_names[] = {[2] = "ENOENT", [22] = "EINVAL"};
static const struct signal signals[] = {{1, 1, SIGNAL_TERMINATES, "SIGONE"},
					{70, 40, SIGNAL_TERMINATES, "SIGFAR"}};
static const struct personality testing = {
	.name = "testing",
	.title = "Testing",
	.rows = rows,
	.n_rows = COUNT(rows),
	.errnos = errnos,
	.n_errnos = COUNT(errnos),
	.errno_names = errno_names,
	.n_errno_names = COUNT(errno_names),
	.signals = signals,
	.n_signals = COUNT(signals),
};

/* ---- Text to look at ----------------------------------------------------------------- */

static char *text;
static size_t text_size;
static FILE *out;

static void begin_text(void)
{
	out = open_memstream(&text, &text_size);
	ck_assert_ptr_nonnull(out);
}

/* What was printed since the last time. */
static void is_printed(const char *expected)
{
	fclose(out);
	ck_assert_str_eq(text, expected);
	free(text);
	begin_text();
}

static void end_text(void)
{
	fclose(out);
	free(text);
}

START_TEST(values_are_written_by_their_type)
{
	format_value(out, &testing, &type_flags, 0x11);
	is_printed("WRITE|APPEND");
	format_value(out, &testing, &type_flags, 0);
	is_printed("READ");
	format_value(out, &testing, &type_flags, 0x153);
	is_printed("APPEND|LOCK|0x103");
	format_value(out, &testing, &type_flags, 0xffffffff00000040);
	is_printed("READ|LOCK");
	format_value(out, &testing, &type_clock, 4);
	is_printed("MONOTONIC");
	format_value(out, &testing, &type_clock, 0xffffffff);
	is_printed("NEGATIVE");
	format_value(out, &testing, &type_clock, 0xfffffff7);
	is_printed("-9");
	format_value(out, &testing, &type_octal, 0xf01a4);
	is_printed("0644");
	format_value(out, &testing, &type_i32, 0xffffffff);
	is_printed("-1");
	format_value(out, &testing, &type_u32, 0xffffffff);
	is_printed("4294967295");
	format_value(out, &testing, &type_i64, UINT64_MAX);
	is_printed("-1");
	format_value(out, &testing, &type_ptr, 0);
	is_printed("NULL");
	format_value(out, &testing, &type_ptr, 0x1000);
	is_printed("0x1000");
	format_value(out, &testing, &type_atfd, (uint64_t)-100);
	is_printed("AT_FDCWD");
	format_value(out, &testing, &type_fd, (uint64_t)-100);
	is_printed("-100");
	format_value(out, &testing, &type_likened, 0x11);
	is_printed("WRITE|APPEND");
}
END_TEST

START_TEST(bytes_are_escaped)
{
	format_bytes(out, "a\"b\\\n\0017\001x\0338\377", 12, false);
	is_printed("\"a\\\"b\\\\\\n\\0017\\1x\\338\\377\"");
	format_bytes(out, "ab", 2, true);
	is_printed("\"ab\"...");
	format_bytes(out, "", 0, false);
	is_printed("\"\"");
}
END_TEST

START_TEST(structures_are_written_field_by_field)
{
	const struct outer o = {{-5, 7, 0x51}, {1, 1UL << 5}};

	format_object(out, &testing, &type_outer, &o, sizeof o);
	is_printed("{inner={w=-5, narrow=7, flags=WRITE|APPEND|LOCK}, bits[0]=[SIGONE SIGFAR]}");
	format_object(out, &testing, &type_pair, &o, 12);
	is_printed("{w=-5, narrow=7, ...}");
	format_object(out, &testing, &type_text, "name\0rest of it", 16);
	is_printed("\"name\"");
	format_object(out, &testing, &type_where, "\2\0\0\120\177\0\0\1", 8);
	is_printed("{AF_INET, 127.0.0.1:80}");
	format_object(out, &testing, &type_where, "\1\0/run/socket", 13);
	is_printed("{AF_UNIX, \"/run/socket\"}");
	format_object(out, &testing, &type_where, "\2", 1);
	is_printed("{AF_INET, 0.0.0.0:0}");
}
END_TEST

/* ---- Calls ------------------------------------------------------------------------------- */

/* A record put together as a producer does. */
struct built {
	struct trace_record record;
	_Alignas(8) char captures[4096];
	size_t n;
};

static void add_capture(struct built *b, int argument, unsigned flags, const void *bytes, size_t n)
{
	const struct trace_capture t = {.argument = (uint8_t)argument,
					.flags = (uint8_t)flags,
					.length = (uint32_t)n};

	memcpy(b->captures + b->n, &t, sizeof t);
	if (n)
		memcpy(b->captures + b->n + sizeof t, bytes, n);
	b->n += sizeof t + ((n + 7) & ~7UL);
}

static void is_call(const struct built *b, const char *expected)
{
	const struct trace_line l = {&testing, b->record, b->captures, b->n, NULL};

	format_call(out, &l);
	is_printed(expected);
}

START_TEST(calls_are_written_by_their_row)
{
	struct built b = {.record = {.nr = 1, .a = {0x1000, 0x10, 0600}, .result = 3}};

	add_capture(&b, 0, 0, "/etc/x", 6);
	is_call(&b, "open(\"/etc/x\", READ|APPEND, 0600) = 3");
	b.record.result = -2;
	is_call(&b, "open(\"/etc/x\", READ|APPEND, 0600) = -1 ENOENT");
	b.record.result = -90;
	is_call(&b, "open(\"/etc/x\", READ|APPEND, 0600) = -1 errno 0");

	b = (struct built){.record = {.nr = 1, .a = {0x1000, 0, 0}, .result = -14}};
	add_capture(&b, 0, CAPTURE_FAULT, "", 0);
	is_call(&b, "open(0x1000, READ, 0) = -1 errno 0");

	b = (struct built){.record = {.nr = 2, .a = {4, 0x2000, 100}, .result = 50}};
	add_capture(&b, 1, CAPTURE_AFTER | CAPTURE_CUT, "abc", 3);
	is_call(&b, "read(4, \"abc\"..., 100) = 50");

	const struct pair p[] = {{1, 2, 0}, {3, 4, 1}};
	b = (struct built){.record = {.nr = 3, .a = {0x1000, 2, 0x2000, 9}, .result = 1}};
	add_capture(&b, 0, CAPTURE_CUT, p, sizeof p);
	add_capture(&b, 2, CAPTURE_AFTER, p + 1, sizeof *p);
	is_call(&b, "pairs([{w=1, narrow=2, flags=READ}, {w=3, narrow=4, flags=WRITE}, ...], 2, "
		    "[{w=3, narrow=4, flags=WRITE}], 9) = 1");

	b = (struct built){.record = {.nr = 4, .a = {0, 4096}, .result = 0x7000}};
	is_call(&b, "map(NULL, 4096) = 0x7000");
	b = (struct built){.record = {.nr = 5, .a = {1, 4}, .result = -22}};
	is_call(&b, "allocate(1, MONOTONIC) = 22 EINVAL");
	b = (struct built){.record = {.nr = 7, .a = {1}, .flags = TRACE_NO_RESULT}};
	is_call(&b, "leave(1) = ?");
	b = (struct built){.record = {.nr = 99, .result = -22}};
	is_call(&b, "call 99() = -1 EINVAL");
}
END_TEST

START_TEST(captures_end_where_their_bytes_do)
{
	struct built b = {.record = {.nr = 1, .a = {0x1000, 0, 0}}};
	struct trace_capture *t = (struct trace_capture *)b.captures;

	add_capture(&b, 0, 0, "/etc/x", 6);
	t->length = 9;
	is_call(&b, "open(0x1000, READ, 0) = 0");
	t->length = UINT32_MAX;
	is_call(&b, "open(0x1000, READ, 0) = 0");
	b.n = 7;
	is_call(&b, "open(0x1000, READ, 0) = 0");
}
END_TEST

static void add_piece(struct built *b, uint64_t whole, unsigned flags, const char *bytes)
{
	const struct trace_piece p = {.address = 0x5000,
				      .whole = whole,
				      .flags = flags,
				      .length = (uint32_t)strlen(bytes)};
	struct trace_capture *t = (struct trace_capture *)b->captures;
	struct trace_capture *last = t;

	while ((char *)last + sizeof *last + ((last->length + 7) & ~7U) < b->captures + b->n)
		last = (void *)((char *)last + sizeof *last + ((last->length + 7) & ~7U));
	memset(b->captures + b->n, 0, sizeof p + 64);
	memcpy(b->captures + b->n, &p, sizeof p);
	memcpy(b->captures + b->n + sizeof p, bytes, p.length);
	last->length += sizeof p + ((p.length + 7) & ~7U);
	b->n += sizeof p + ((p.length + 7) & ~7U);
}

START_TEST(lists_are_written_piece_by_piece)
{
	struct built b = {.record = {.nr = 8, .a = {0x1000, 0x2000, 0x3000, 2}}};

	add_capture(&b, 0, 0, "sh", 2);
	add_capture(&b, 1, CAPTURE_CUT, "", 0);
	add_piece(&b, 0, 0, "sh");
	add_piece(&b, 0, CAPTURE_CUT, "a long");
	add_piece(&b, 0, CAPTURE_FAULT, "");
	add_capture(&b, 2, 0, "", 0);
	add_piece(&b, 3, 0, "abc");
	add_piece(&b, 1000, 0, "eightby8");
	is_call(&b,
		"execute(\"sh\", [\"sh\", \"a long\"..., 0x5000, ...], "
		"[{iov_base=\"abc\", iov_len=3}, {iov_base=\"eightby8\"..., iov_len=1000}], 2) = 0");

	/* Pieces that say they are longer than they can be. */
	b = (struct built){.record = {.nr = 8, .a = {0, 0x2000}}};
	add_capture(&b, 1, 0, "", 0);
	add_piece(&b, 0, 0, "good");
	add_piece(&b, 0, 0, "bad");
	((struct trace_piece *)(b.captures + sizeof(struct trace_capture) + 32))->length = 9;
	is_call(&b, "execute(NULL, [\"good\"], NULL, 0) = 0");
	((struct trace_piece *)(b.captures + sizeof(struct trace_capture) + 32))->length =
		UINT32_MAX;
	is_call(&b, "execute(NULL, [\"good\"], NULL, 0) = 0");
	((struct trace_piece *)(b.captures + sizeof(struct trace_capture)))->length = UINT32_MAX -
										      7;
	is_call(&b, "execute(NULL, [], NULL, 0) = 0");
}
END_TEST

START_TEST(what_is_only_shown_is_written_by_its_type)
{
	const int32_t ends[] = {3, 4}, number = 1402000;
	const uint64_t room = 4, set = 1UL << 5 | 1;
	struct built b = {.record = {.nr = 9, .a = {4, 1, 0x1000, 0x2000, 2}}};

	add_capture(&b, 2, CAPTURE_AFTER, ends, sizeof ends);
	add_capture(&b, 3, 0, ends, sizeof ends);
	is_call(&b, "see(MONOTONIC, told 16, [3, 4], told 8, 2) = 0");
	b.record.a[0] = 0;
	is_call(&b, "see(REALTIME, 1, [3, 4], told 8, 2) = 0");

	b = (struct built){.record = {.nr = 10, .a = {0x1000, 0x2000, 0x3000, 0x4000}}};
	add_capture(&b, 0, CAPTURE_AFTER, &number, sizeof number);
	add_capture(&b, 1, CAPTURE_AFTER, &room, sizeof room);
	add_capture(&b, 2, CAPTURE_AFTER, &set, sizeof set);
	add_capture(&b, 3, CAPTURE_AFTER, "/home", 5);
	is_call(&b, "ask(1402000, 4, [0 5], \"/home\") = 0");
	add_capture(&b, 0, CAPTURE_AFTER, "abc", 4);
	is_call(&b, "ask(\"abc\\0\", 4, [0 5], \"/home\") = 0");
}
END_TEST

START_TEST(addresses_in_structures_are_followed)
{
	const struct followed f = {0x2000, 1};
	struct built b = {.record = {.nr = 11, .a = {0x1000}}};

	add_capture(&b, 0, 0, &f, sizeof f);
	is_call(&b, "follow({list=0x2000, n=1}) = 0");
	add_capture(&b, 0, 0, "", 0);
	((struct trace_capture *)(b.captures + b.n))[-1].field = 1;
	add_piece(&b, 2, 0, "ab");
	is_call(&b, "follow({list=[{iov_base=\"ab\", iov_len=2}], n=1}) = 0");
}
END_TEST

/* ---- The reader ---------------------------------------------------------------------------- */

static struct reader reader;
static int ring, bell;

static void begin_reader(void)
{
	begin_text();
	const struct reader_options o = {.out = out};
	ck_assert_int_eq(reader_open(&reader, &o, &ring, &bell), 0);
}

static void end_reader(void)
{
	reader_close(&reader);
	close(ring);
	close(bell);
	end_text();
}

/* As publish() in the resident, for a record without a system. */
static void put_record(uint8_t kind, uint32_t pid, uint32_t tid, int64_t result)
{
	struct trace_record t = {
		.size = sizeof t, .kind = kind, .pid = pid, .tid = tid, .nr = 5, .result = result};
	uint64_t at = reader.ring->head;

	t.word = TRACE_MAGIC ^ at;
	memcpy((char *)reader.ring + TRACE_HEAD + at % TRACE_ROOM, &t, sizeof t);
	reader.ring->head += t.size;
}

/* The stream stays the reader's: it is looked at, and emptied by its end. */
static void has_printed(const char *expected)
{
	fflush(out);
	ck_assert_str_eq(text, expected);
}

START_TEST(records_become_lines)
{
	put_record(TRACE_CALL, 2, 2, 7);
	put_record(TRACE_ENTER, 2, 3, 0);
	put_record(TRACE_CALL, 2, 2, 8);
	put_record(TRACE_LEAVE, 2, 3, 9);
	put_record(TRACE_ENTER, 2, 4, 0);
	put_record(TRACE_EXIT, 2, 2, 1);
	ck_assert_int_ge(reader_drain(&reader, false), 0);
	has_printed("2 call 5() = 7\n2 call 5() = 8\n2/100003 call 5() = 9\n"
		    "2/100004 call 5( <unfinished ...>\n2 +++ exited with 1 +++\n");
	ck_assert_uint_eq(reader.ring->tail, reader.ring->head);
}
END_TEST

START_TEST(the_ring_goes_round)
{
	/* Most of the turns through the ring, one record at a time and many at once. */
	for (size_t i = 0; i < 3 * TRACE_ROOM / sizeof(struct trace_record); i++) {
		put_record(TRACE_THREAD, 1, 1, 0);
		if (i % 100 == 0)
			(void)reader_drain(&reader, false);
	}
	(void)reader_drain(&reader, true);
	ck_assert_uint_eq(reader.lost, 0);
	ck_assert_uint_eq(reader.ring->tail, reader.ring->head);
}
END_TEST

/* Room that is taken, and nothing in it yet; the pen is of that thread. */
static struct trace_pen *take_room(uint32_t owner, uint32_t size)
{
	struct trace_pen *pen = &reader.ring->pens[reader.ring->head / TRACE_ALIGN % TRACE_PENS];

	*pen = (struct trace_pen){.owner = owner,
				  .size = size,
				  .position = reader.ring->head | TRACE_TAKEN};
	reader.ring->head += size;
	return pen;
}

START_TEST(holes_of_nobody_are_guessed)
{
	put_record(TRACE_CALL, 2, 2, 7);
	reader.ring->head += 4 * TRACE_ALIGN;
	put_record(TRACE_CALL, 2, 2, 8);
	(void)reader_drain(&reader, false);
	has_printed("2 call 5() = 7\n"); /* it may still come */
	(void)reader_drain(&reader, true);
	has_printed("2 call 5() = 7\n2 call 5() = 8\n");
	ck_assert_uint_eq(reader.lost, 1);
}
END_TEST

#define SIZE ((uint32_t)sizeof(struct trace_record))

START_TEST(holes_of_the_dead_are_passed_and_nothing_else)
{
	put_record(TRACE_CALL, 2, 2, 7);
	(void)take_room(FUTEX_OWNER_DIED, SIZE + 40);
	(void)take_room(4, SIZE);
	put_record(TRACE_CALL, 2, 2, 8);
	(void)reader_drain(&reader, false);
	has_printed("2 call 5() = 7\n"); /* the second hole's is to come */
	ck_assert_uint_eq(reader.ring->tail, 2 * SIZE + 40);
	reader.ring->head = reader.ring->tail;
	put_record(TRACE_CALL, 4, 4, 9);
	reader.ring->head += SIZE;
	(void)reader_drain(&reader, false);
	has_printed("2 call 5() = 7\n4 call 5() = 9\n2 call 5() = 8\n");
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(who_only_wanted_the_room_does_not_own_the_hole)
{
	struct trace_pen *dead = &reader.ring->pens[7];

	*dead = (struct trace_pen){.owner = FUTEX_OWNER_DIED, .size = 8 * SIZE};
	(void)take_room(3, SIZE);
	put_record(TRACE_CALL, 2, 2, 8);
	(void)reader_drain(&reader, false);
	has_printed("");
	reader.ring->head = 0;
	put_record(TRACE_CALL, 3, 3, 7);
	reader.ring->head += SIZE;
	(void)reader_drain(&reader, false);
	has_printed("3 call 5() = 7\n2 call 5() = 8\n");
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(a_stopped_writer_loses_its_pen)
{
	struct trace_pen *pen = take_room(3, SIZE);

	put_record(TRACE_CALL, 2, 2, 8);
	(void)reader_drain(&reader, false);
	has_printed("");
	reader.hole_since = 1; /* long ago */
	(void)reader_drain(&reader, false);
	has_printed("2 call 5() = 8\n");
	ck_assert_uint_eq(pen->position, TRACE_REVOKED);
	ck_assert_uint_eq(reader.lost, 0);
}
END_TEST

START_TEST(a_pen_of_no_possible_size_is_not_believed)
{
	static const uint32_t sizes[] = {0, 8, SIZE - 8, SIZE + 1, 4 * SIZE, UINT32_MAX};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct trace_pen *pen = take_room(FUTEX_OWNER_DIED, SIZE);

		pen->size = sizes[i];
		put_record(TRACE_CALL, 2, 2, 8);
		(void)reader_drain(&reader, true);
		ck_assert_uint_eq(reader.lost, i + 1);
		ck_assert_uint_eq(reader.ring->tail, reader.ring->head);
	}
}
END_TEST

START_TEST(scribbled_heads_end_nothing)
{
	const uint64_t heads[] = {UINT64_MAX, 1UL << 63, TRACE_ROOM + TRACE_ALIGN,
				  7,	      0,	 TRACE_ROOM};

	for (size_t i = 0; i < COUNT(heads); i++) {
		reader.ring->head = heads[i];
		reader.ring->tail = ~heads[i];
		reader.ring->turn = reader.ring->asleep = UINT32_MAX;
		(void)reader_drain(&reader, false);
	}
	(void)reader_drain(&reader, true);
	put_record(TRACE_CALL, 2, 2, 8);
	(void)reader_drain(&reader, false);
	fflush(out);
	ck_assert_ptr_nonnull(strstr(text, "2 call 5() = 8\n"));
}
END_TEST

START_TEST(calls_are_counted)
{
	struct summary s = {0};
	struct trace_line l = {.personality = &testing, .record = {.nr = 1, .spent = 1000}};

	ck_assert_int_eq(summary_add(&s, &l), 0);
	l.record.result = -2;
	ck_assert_int_eq(summary_add(&s, &l), 0);
	l.record = (struct trace_record){.nr = 2, .spent = 6000};
	ck_assert_int_eq(summary_add(&s, &l), 0);
	summary_print(&s, out);
	is_printed("% time     seconds  usecs/call     calls    errors call\n"
		   "------ ----------- ----------- --------- --------- ----------------\n"
		   " 75.00    0.000006           6         1           read\n"
		   " 25.00    0.000002           1         2         1 open\n"
		   "------ ----------- ----------- --------- --------- ----------------\n"
		   "100.00    0.000008           2         3         1 total\n");
	summary_free(&s);
}
END_TEST

Suite *trace_suite(void)
{
	Suite *s = suite_create("trace");
	TCase *format = tcase_create("format"), *ring_case = tcase_create("ring");

	tcase_add_checked_fixture(format, begin_text, end_text);
	tcase_add_test(format, values_are_written_by_their_type);
	tcase_add_test(format, bytes_are_escaped);
	tcase_add_test(format, structures_are_written_field_by_field);
	tcase_add_test(format, calls_are_written_by_their_row);
	tcase_add_test(format, captures_end_where_their_bytes_do);
	tcase_add_test(format, lists_are_written_piece_by_piece);
	tcase_add_test(format, what_is_only_shown_is_written_by_its_type);
	tcase_add_test(format, addresses_in_structures_are_followed);
	tcase_add_test(format, calls_are_counted);
	suite_add_tcase(s, format);
	tcase_add_checked_fixture(ring_case, begin_reader, end_reader);
	tcase_add_test(ring_case, records_become_lines);
	tcase_add_test(ring_case, the_ring_goes_round);
	tcase_add_test(ring_case, holes_of_nobody_are_guessed);
	tcase_add_test(ring_case, holes_of_the_dead_are_passed_and_nothing_else);
	tcase_add_test(ring_case, who_only_wanted_the_room_does_not_own_the_hole);
	tcase_add_test(ring_case, a_stopped_writer_loses_its_pen);
	tcase_add_test(ring_case, a_pen_of_no_possible_size_is_not_believed);
	tcase_add_test(ring_case, scribbled_heads_end_nothing);
	suite_add_tcase(s, ring_case);
	return s;
}
