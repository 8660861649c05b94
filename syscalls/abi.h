/* The vocabulary: type, row, call, personality, engine.
 *
 * One guest call goes from registers to registers in three steps that know no
 * operating system by name:
 *
 *     find    the personality's row for the number
 *     enter   each argument to the host by its declared type, or a translator
 *     leave   results to the guest by their declared types
 *
 * A call is declared once, as a row; a type is described once, guest side on the
 * left and Linux on the right.  Everything else (dispatch, trace line, support
 * table, the filter's allow-list) is derived from those two.
 *
 * Conventions
 * - "guest" is the program's system, "host" is Linux.  Guest addresses are
 *   uint64_t and are touched only through get_guest() and put_guest().
 * - Errors are negative Linux errno until the personality's leave() turns them
 *   into the guest's number.
 * - Host types are the kernel's UAPI ones, never libc's; this header and all of
 *   syscalls/ and personalities/ are built freestanding (for the resident) and
 *   hosted (for the command and the tests) from the same text.
 */
#ifndef GUISE_ABI_H
#define GUISE_ABI_H

#include <asm/errno.h>
#include <asm/unistd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define GUEST_PAGE 4096UL

struct call;
struct personality;
struct process;
struct row;
struct thread;

/* ---- Types ------------------------------------------------------------- */

/* What is only told to people: not in the resident's image, of which each sandbox gets a copy. */
#ifdef GUISE_FREESTANDING
#define TOLD(member, text)
#else
#define TOLD(member, text) , .member = (text)
#endif

enum kind {
	KIND_INT, /* a number of guest_size bytes, the same on both sides */
	KIND_FD, /* a descriptor; hidden ones are refused with EBADF */
	KIND_POINTER, /* an address, handed on as it is */
	KIND_NAMES, /* flags or an enumeration: bits and values with two numbers */
	KIND_STRUCT, /* fields at two sets of offsets */
	KIND_CUSTOM, /* only code can say it: to_host/to_guest hooks */
};

enum name_kind {
	NAME_BIT, /* one bit (or several that go together) */
	NAME_PART, /* a value within a mask */
	NAME_GUEST_ONLY, /* a bit Linux lacks: a translator emulates it, or it is refused */
};

struct name {
	uint64_t mask; /* guest bits this name speaks for */
	uint64_t guest; /* their value */
	uint64_t host;
	uint64_t host_mask; /* host bits it speaks for; 0: those of host */
	uint8_t kind;
#ifndef GUISE_FREESTANDING
	const char *text; /* the guest system's own name */
#endif
};

struct type;

struct field {
	const struct type *type;
	uint16_t guest; /* offset */
	uint16_t host; /* offset */
	uint16_t host_size;
	bool host_signed;
	bool truncate; /* host value may be cut to the guest's width without EOVERFLOW */
	uint8_t pass; /* enum pass: what the trace finds where it points, if it is an address */
	uint8_t length; /* index of the field that counts it */
	const struct type *points; /* to objects of this type */
#ifndef GUISE_FREESTANDING
	const char *name; /* for the trace: the host member's, or the guest system's own */
#endif
};

/* How the trace writes an object, where its kind does not tell. */
enum look {
	LOOK_PLAIN,
	LOOK_OCTAL,
	LOOK_HEX,
	LOOK_TEXT, /* bytes, to the first NUL */
	LOOK_SIGNALS, /* a set: bit n-1 for signal n */
	LOOK_ADDRESS, /* of a socket: struct address (socket.h); its length is the next argument,
		       * or what that points to */
	LOOK_WORD, /* bytes, but a number if there are as many as in one */
	LOOK_BITS, /* words of a set of small numbers, which are counted by bits */
	/* Plain numbers, of which no two runs have the same (trace/compare.h): */
	LOOK_PROCESS, /* of a process or thread */
	LOOK_FILE, /* of an inode or a file system */
	LOOK_OWN, /* a time, what was used of something, chance */
};

struct conversion {
	int (*to_host)(struct call *, const void *guest, void *host);
	int (*to_guest)(struct call *, const void *host, void *guest);
};

struct type {
	const char *name;
	uint8_t kind;
	uint8_t look; /* enum look */
	bool is_signed; /* guest side, KIND_INT and KIND_NAMES */
	bool is_request; /* KIND_NAMES: the Linux ioctl requests a guest may make */
	uint16_t guest_size;
	uint16_t host_size;
	uint16_t count; /* of names or fields */
	const struct type *like; /* the trace writes it as this one */
	/* What only the system itself can say of n bytes: their text, cut to size; its length,
	 * or 0 if it has nothing to say.  For the trace.  A value in a register comes with the
	 * argument before it, as two uint64_t. */
	size_t (*tell)(char *text, size_t size, const void *guest, size_t n);
	/* One object each way; guest and host are buffers of the two sizes. */
	union {
		const struct name *names;
		const struct field *fields;
		struct conversion custom;
	};
	struct conversion straight; /* KIND_STRUCT: made of the fields (straight.h) */
};

/* A number of the same meaning on both sides. */
#define INT_TYPE(n, size, sign) INT_LOOKS(n, size, sign, LOOK_PLAIN)
#define INT_LOOKS(n, size, sign, l) \
	const struct type type_##n = {.name = #n, \
				      .kind = KIND_INT, \
				      .look = (l), \
				      .guest_size = (size), \
				      .host_size = (size), \
				      .is_signed = (sign)}

/* NAMES(open_flags, i32, BIT(0x200, O_CREAT), ...): the width is the guest's.
 * BIT's and PART's last word is the Linux constant; its spelling is the guest's
 * name too, unless BIT_AS/PART_AS gives another. */
#define NAMES(n, width, ...) NAMES_LOOK(n, width, LOOK_PLAIN, __VA_ARGS__)
/* LOOK_HEX: so is what has no name. */
#define NAMES_LOOK(n, width, l, ...) \
	static const struct name names_##n[] = {__VA_ARGS__}; \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_NAMES, \
					     .look = (l), \
					     .guest_size = SIZE_OF_##width, \
					     .host_size = SIZE_OF_##width, \
					     .is_signed = SIGN_OF_##width, \
					     .count = COUNT(names_##n), \
					     .names = names_##n}
/* A number that is only shown as one of the names of another type: what translators do with
 * it, they do by themselves. */
#define SEEN(n, width, t) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_INT, \
					     .guest_size = SIZE_OF_##width, \
					     .host_size = SIZE_OF_##width, \
					     .is_signed = SIGN_OF_##width, \
					     .like = &type_##t}
#define SIZE_OF_u8 1
#define SIZE_OF_u16 2
#define SIZE_OF_i16 2
#define SIZE_OF_i32 4
#define SIZE_OF_u32 4
#define SIZE_OF_i64 8
#define SIZE_OF_u64 8
#define SIGN_OF_u8 false
#define SIGN_OF_u16 false
#define SIGN_OF_i16 true
#define SIGN_OF_i32 true
#define SIGN_OF_u32 false
#define SIGN_OF_i64 true
#define SIGN_OF_u64 false

#define ALL_BITS UINT64_MAX
#define BIT_AS(g, h, t) \
	{ \
		.mask = (g), .guest = (g), .host = (h), .kind = NAME_BIT TOLD(text, t) \
	}
#define BIT(g, h) BIT_AS(g, h, #h)
/* A value within a mask; hm is the mask of the same part on the host. */
#define PART_AS(m, g, hm, h, t) \
	{ \
		.mask = (m), .guest = (g), .host = (h), .host_mask = (hm), \
		.kind = NAME_PART TOLD(text, t) \
	}
#define PART(m, g, hm, h) PART_AS(m, g, hm, h, #h)
/* A whole value: an enumeration. */
#define IS_AS(g, h, t) PART_AS(ALL_BITS, (uint64_t)(g), ALL_BITS, (uint64_t)(h), t)
#define IS(g, h) IS_AS(g, h, #h)
#define GUEST_ONLY(g, t) \
	{ \
		.mask = (g), .guest = (g), .kind = NAME_GUEST_ONLY TOLD(text, t) \
	}

/* STRUCT(stat, 224, FIELD(0, u64, st_dev), ...): HOST is #defined around it.
 * Guest bytes no field covers are zero on the way out and not read on the way in. */
#define STRUCT(n, size, ...) STRUCT_LOOKS(n, size, LOOK_PLAIN, __VA_ARGS__)
#define STRUCT_LOOKS(n, size, l, ...) \
	static const struct field fields_##n[] = {__VA_ARGS__}; \
	STRAIGHT_FUNCTIONS(n, size) \
	static const struct type type_##n = {.name = #n, \
					     .kind = KIND_STRUCT, \
					     .look = (l), \
					     .guest_size = (size), \
					     .host_size = sizeof(HOST), \
					     .count = COUNT(fields_##n), \
					     .fields = fields_##n, \
					     .straight = {straight_##n##_to_host, \
							  straight_##n##_to_guest}}
#define HOST_MEMBER(m) (((HOST *)0)->m)
#define IS_SIGNED(t) ((t)-1 < (t)1)
#define FIELD_OF(off, t, m, n, cut) \
	{ \
		.type = &type_##t, .guest = (off), .host = offsetof(HOST, m), \
		.host_size = sizeof HOST_MEMBER(m), \
		.host_signed = IS_SIGNED(typeof(HOST_MEMBER(m))), .truncate = (cut)TOLD(name, n) \
	}
#define FIELD(off, t, m) FIELD_OF(off, t, m, #m, false)
/* As FIELD, but cut to the guest's width where that system does so too. */
#define FIELD_CUT(off, t, m) FIELD_OF(off, t, m, #m, true)
/* A structure within: it begins at the host member m and has its own type's size. */
#define INNER_OF(off, t, m, n) \
	{ \
		.type = &type_##t, .guest = (off), .host = offsetof(HOST, m) TOLD(name, n) \
	}
#define INNER(off, t, m) INNER_OF(off, t, m, #m)
/* An address, which the trace follows: to what, how (enum pass), counted by which field. */
#define FIELD_TO(off, m, n, how, t, counter) \
	{ \
		.type = &type_ptr, .guest = (off), .host = offsetof(HOST, m), \
		.host_size = sizeof HOST_MEMBER(m), .pass = (how), .points = &type_##t, \
		.length = (counter)TOLD(name, n) \
	}
/* What an argument or a member may be, by another: for a translator to choose. */
#define UNION_FIELD(n, t) \
	{ \
		.type = &type_##t TOLD(name, n) \
	}
/* With the name the guest's system gives it, where Linux has another. */
#define FIELD_AS(off, t, m, n) FIELD_OF(off, t, m, n, false)
#define FIELD_CUT_AS(off, t, m, n) FIELD_OF(off, t, m, n, true)
#define INNER_AS(off, t, m, n) INNER_OF(off, t, m, n)

/* Types every system shares (types.c). */
extern const struct type type_ptr, type_fd, type_atfd, type_path;
/* Of what is only shown, or shown otherwise. */
extern const struct type type_word, type_small_set;
/* Numbers.  Not in types.c: whoever compiles a STRUCT of them has to see their sizes. */
#define NUMBER(n, size, sign, l) static __attribute__((unused)) INT_LOOKS(n, size, sign, l)
NUMBER(none, 0, false, LOOK_PLAIN);
NUMBER(i8, 1, true, LOOK_PLAIN);
NUMBER(u8, 1, false, LOOK_PLAIN);
NUMBER(i16, 2, true, LOOK_PLAIN);
NUMBER(u16, 2, false, LOOK_PLAIN);
NUMBER(i32, 4, true, LOOK_PLAIN);
NUMBER(u32, 4, false, LOOK_PLAIN);
NUMBER(i64, 8, true, LOOK_PLAIN);
NUMBER(u64, 8, false, LOOK_PLAIN);
NUMBER(hex32, 4, false, LOOK_HEX);
NUMBER(hex64, 8, false, LOOK_HEX);
NUMBER(pid, 4, true, LOOK_PROCESS);
NUMBER(tid, 8, true, LOOK_PROCESS); /* or a pid, where a call takes several kinds */
NUMBER(inode, 8, false, LOOK_FILE);
NUMBER(inode32, 4, false, LOOK_FILE);
NUMBER(measured, 8, true, LOOK_OWN);
NUMBER(measured32, 4, true, LOOK_OWN);
NUMBER(random, 1, false, LOOK_OWN);
#undef NUMBER

/* ---- Rows -------------------------------------------------------------- */

enum pass {
	PASS_NONE,
	PASS_VALUE, /* in the register itself */
	PASS_PATH, /* pointer to a NUL-terminated name */
	PASS_IN, /* pointer to one object the call reads; NULL allowed */
	PASS_OUT, /* ... writes */
	PASS_INOUT, /* ... reads and writes */
	PASS_IN_BYTES, /* pointer to bytes, their number is argument `length` */
	PASS_OUT_BYTES, /* ... of which the result says how many were written */
	PASS_IN_ARRAY, /* pointer to objects, their number is argument `length` */
	PASS_OUT_ARRAY, /* ... of which the result says how many were written */
	/* The following only together with the next one: translators do it all. */
	PASS_INOUT_ARRAY, /* ... all of which the call may change */
	PASS_IN_STRINGS, /* pointer to pointers to names, the last one NULL */
	PASS_IN_VECTORS, /* pointer to pairs of address and length, `length` counts them */
	PASS_OUT_VECTORS, /* ... the call writes there; the result is how many bytes */
	PASS_OUT_SOME, /* pointer to `length` objects, that number itself */
	PASS_OUT_NAME, /* pointer to where the call writes a NUL-terminated name */
	PASS_OUT_SIZED, /* pointer to bytes, of which argument `length` points to the number */
	PASS_SHOWN = 0x40, /* only the trace looks there: the address is handed on as it is */
};
#define PASS_HOW(p) ((p) & ~(unsigned)PASS_SHOWN)

/* Packed: the rows of all systems are the better part of the resident's image, of which each
 * sandbox gets a copy. */
struct arg {
	const struct type *type;
	uint8_t pass;
	uint8_t length; /* index of the argument that counts the bytes or objects */
} __attribute__((packed));

#define MAX_ARGS 8

enum row_kind {
	ROW_ABSENT, /* no such number: all fields zero */
	ROW_SAME, /* the Linux call of that number, arguments by their types */
	ROW_CALL, /* a translator */
	ROW_TODO, /* not there yet: fails with `error`, the reason says why */
	ROW_REFUSED, /* never: fails with `error`, the reason says why */
};

enum row_flags {
	ROW_NO_RESTART = 1, /* interrupted, it fails with EINTR whatever SA_RESTART says */
	ROW_POSIX_ERROR = 2, /* the error is the result, not a failure (posix_fallocate) */
	ROW_NO_RETURN = 4, /* result registers are left alone (exit, sigreturn) */
	ROW_ONCE = 8, /* interrupted, it has done its work all the same: never made again */
};

#define END_OF_USES (-1)

struct row {
	const char *name;
	long (*translate)(struct call *);
	/* What becomes of an error where the engine made the call by itself (make_bare()). */
	long (*failed)(struct call *, long error);
	const int16_t *uses; /* Linux calls it may make, to END_OF_USES */
#ifndef GUISE_FREESTANDING
	const char *reason; /* why it is missing, or what part of it is */
#endif
	const struct type *result;
	struct arg args[MAX_ARGS];
	int16_t host; /* ROW_SAME: the Linux number */
	int16_t error; /* ROW_TODO, ROW_REFUSED: negative Linux errno */
	uint8_t kind;
	uint8_t flags;
};

/* SYS(nr, name, how, result, arguments...), one line a number, in syscalls.def. */
#define SYS(nr, nm, how, res, ...) \
	[nr] = {.name = #nm, how, .result = &type_##res, .args = {__VA_ARGS__}},

#define SAME(nm) \
	.kind = ROW_SAME, .translate = same_call, .host = __NR_##nm, .uses = (const int16_t[]) \
	{ \
		__NR_##nm, END_OF_USES \
	}
#define CALL(fn, ...) \
	.kind = ROW_CALL, .translate = call_##fn, .uses = (const int16_t[]) \
	{ \
		__VA_ARGS__ END_OF_USES \
	}
#define TODO(why) .kind = ROW_TODO, .error = -ENOSYS TOLD(reason, why)
#define REFUSED(err, why) .kind = ROW_REFUSED, .error = -(err)TOLD(reason, why)
/* Follow SAME or CALL: */
#define PARTLY(why) TOLD(reason, why)
#define FLAGS(f) , .flags = (f)
#define FAILED(fn) , .failed = (fn)
#define NO_RESTART FLAGS(ROW_NO_RESTART)
#define ONCE FLAGS(ROW_ONCE)
#define POSIX_ERROR FLAGS(ROW_POSIX_ERROR | ROW_NO_RESTART)

/* USES(openat, fstat) -> __NR_openat, __NR_fstat, */
#define USES(...) USES_N(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)(__VA_ARGS__)
#define USES_N(a, b, c, d, e, f, g, h, i, j, k, l, n, ...) USES_##n
#define USES_1(a) __NR_##a,
#define USES_2(a, ...) __NR_##a, USES_1(__VA_ARGS__)
#define USES_3(a, ...) __NR_##a, USES_2(__VA_ARGS__)
#define USES_4(a, ...) __NR_##a, USES_3(__VA_ARGS__)
#define USES_5(a, ...) __NR_##a, USES_4(__VA_ARGS__)
#define USES_6(a, ...) __NR_##a, USES_5(__VA_ARGS__)
#define USES_7(a, ...) __NR_##a, USES_6(__VA_ARGS__)
#define USES_8(a, ...) __NR_##a, USES_7(__VA_ARGS__)
#define USES_9(a, ...) __NR_##a, USES_8(__VA_ARGS__)
#define USES_10(a, ...) __NR_##a, USES_9(__VA_ARGS__)
#define USES_11(a, ...) __NR_##a, USES_10(__VA_ARGS__)
#define USES_12(a, ...) __NR_##a, USES_11(__VA_ARGS__)

/* Arguments, in the order of the guest's own prototype. */
#define V(t) \
	{ \
		.type = &type_##t, .pass = PASS_VALUE \
	}
#define FD \
	{ \
		.type = &type_fd, .pass = PASS_VALUE \
	}
#define ATFD \
	{ \
		.type = &type_atfd, .pass = PASS_VALUE \
	} /* or AT_FDCWD, -100 on every system */
#define PTR \
	{ \
		.type = &type_ptr, .pass = PASS_VALUE \
	} /* an address only the translator reads */
#define PATH \
	{ \
		.type = &type_path, .pass = PASS_PATH \
	}
#define IN_(t) \
	{ \
		.type = &type_##t, .pass = PASS_IN \
	}
#define OUT_(t) \
	{ \
		.type = &type_##t, .pass = PASS_OUT \
	}
#define INOUT_(t) \
	{ \
		.type = &type_##t, .pass = PASS_INOUT \
	}
#define IN_BYTES(n) \
	{ \
		.type = &type_u8, .pass = PASS_IN_BYTES, .length = (n) \
	}
#define OUT_BYTES(n) \
	{ \
		.type = &type_u8, .pass = PASS_OUT_BYTES, .length = (n) \
	}
#define OUT_RANDOM(n) \
	{ \
		.type = &type_random, .pass = PASS_OUT_BYTES, .length = (n) \
	}
#define IN_ARRAY(t, n) \
	{ \
		.type = &type_##t, .pass = PASS_IN_ARRAY, .length = (n) \
	}
#define OUT_ARRAY(t, n) \
	{ \
		.type = &type_##t, .pass = PASS_OUT_ARRAY, .length = (n) \
	}

/* Addresses that translators (or Linux) follow by themselves, and the trace by this. */
#define SHOW(how, t, n) \
	{ \
		.type = &type_##t, .pass = PASS_SHOWN | PASS_##how, .length = (n) \
	}
#define SHOW_IN(t) SHOW(IN, t, 0)
#define SHOW_OUT(t) SHOW(OUT, t, 0)
#define SHOW_INOUT(t) SHOW(INOUT, t, 0)
#define SHOW_PATH SHOW(PATH, path, 0)
#define SHOW_NAME SHOW(OUT_NAME, path, 0)
#define SHOW_STRINGS SHOW(IN_STRINGS, ptr, 0)
#define SHOW_IN_VECTORS(n) SHOW(IN_VECTORS, ptr, n)
#define SHOW_OUT_VECTORS(n) SHOW(OUT_VECTORS, ptr, n)

/* ---- Registers and calls ----------------------------------------------- */

/* The guest's general registers (amd64), in the order entry.S stores them. */
struct regs {
	uint64_t rax, rdi, rsi, rdx, r10, r8, r9;
	uint64_t rcx, r11;
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp, rip, rflags;
};

#define FLAG_CARRY 1UL

/* One guest call in flight. */
struct call {
	struct thread *thread;
	const struct personality *personality;
	const struct row *row;
	uint64_t a[MAX_ARGS]; /* the guest's arguments, untranslated */
	uint32_t nr;
	bool restarts; /* after a handler that asks for it, whatever ROW_NO_RESTART says */
	bool is_cut; /* -EINTR for good, though no handler runs: thread.stirred */
	bool has_second; /* a second result (rdx) was set */
	uint64_t second;
	uint64_t
		deadline; /* ns; a timed wait's own clock, 0 until first computed: kept over retries */
	uint64_t kept; /* a translator's own, 0 at first: kept over repeats */
	size_t scratch_used;
};

/* What a translator may return besides a result and a negative errno: */
enum {
	CALL_AGAIN =
		-4090, /* nothing was done yet: deliver what is pending, then make the call anew */
	CALL_DONE = -4091, /* the guest's registers are already what they shall be (sigreturn) */
};

/* The negative range that means failure, as Linux has it. */
static inline bool is_error(long r)
{
	return (unsigned long)r >= (unsigned long)-4095;
}

/* The call did not come to its end, for a signal: it may be made again.  A close has come to its end
 * even so, the number may be another file's by now, and its EINTR is for the program (sys/kern/kern_descrip.c:
 * closefp_impl; Linux's fs/open.c: close). */
static inline bool is_interrupted(const struct call *c, long result)
{
	bool for_good = c->is_cut || (c->row && (c->row->flags & ROW_ONCE));

	return result == CALL_AGAIN || (result == -EINTR && !for_good);
}

/* A translator: declared and defined in one breath, named as its rows name it. */
#define TRANSLATOR(fn) \
	long call_##fn(struct call *c); \
	long call_##fn(struct call *c)

/* ---- What translators are written with (dispatch.c, types.c) ------------ */

/* Runs the call in c (number and arguments set); the result, or negative errno,
 * CALL_AGAIN or CALL_DONE.  Makes no attempt to deliver signals. */
long dispatch(struct call *c);

/* What its row says, whatever guards the process has: for those themselves. */
long dispatch_row(struct call *c);

/* The row of a number, or NULL if the system has no such number. */
const struct row *find_row(const struct personality *p, uint32_t nr);

/* Row kind SAME: every argument by its type, the Linux call, results by theirs. */
long same_call(struct call *c);

/* One object from its guest form at `guest` to its host form, or back: 0 or -errno
 * (EINVAL: an undeclared or guest-only bit; EOVERFLOW: does not fit).  Both are
 * plain buffers of type->guest_size and type->host_size bytes. */
int to_host(struct call *c, const struct type *t, const void *guest, void *host);
int to_guest(struct call *c, const struct type *t, const void *host, void *guest);

/* A value in a register.  names_to_host() also takes guest-only bits named in
 * `allowed`: they are left out of *host, and the translator does their work. */
int value_to_host(struct call *c, const struct type *t, uint64_t guest, uint64_t *host);
int names_to_host(const struct type *t, uint64_t guest, uint64_t allowed, uint64_t *host);
/* Host bits nobody declared are an error too (EINVAL); names_to_guest_known() drops them,
 * for what Linux only reports (poll's revents, statfs flags). */
int names_to_guest(const struct type *t, uint64_t host, uint64_t *guest);
uint64_t names_to_guest_known(const struct type *t, uint64_t host);
/* names_to_host() without guest-only bits and names_to_guest(), remembered by the thread. */
int names_in(struct call *c, const struct type *t, uint64_t guest, uint64_t *host);
int names_out(struct call *c, const struct type *t, uint64_t host, uint64_t *guest);

/* True if guest and host form of the type are byte for byte the same. */
bool same_layout(const struct type *t);

/* Argument i of the call by its declared type.
 * arg_value:  the register's value for the host.
 * arg_values: two of them, the first error first.
 * arg_in:     the object it points to, into *host (host_size bytes); EFAULT if NULL.
 * arg_in_at:  element n of the array it points to.
 * arg_out:    *host to where it points; arg_out_at: to element n. */
int arg_value(struct call *c, int i, uint64_t *host);
int arg_values(struct call *c, int i, uint64_t *host, int i2, uint64_t *host2);
int arg_in(struct call *c, int i, void *host);
int arg_in_at(struct call *c, int i, size_t n, void *host);
int arg_out(struct call *c, int i, const void *host);
int arg_out_at(struct call *c, int i, size_t n, const void *host);

/* The same for any type at any guest address. */
int get_object(struct call *c, const struct type *t, uint64_t at, void *host);
int put_object(struct call *c, const struct type *t, uint64_t at, const void *host);

/* The second result register of systems that have one (BSD's pipe, fork). */
void set_second_result(struct call *c, uint64_t value);

/* A NUL-terminated string from the guest: its length, -EFAULT, or -ENAMETOOLONG if
 * it (with the NUL) does not fit in size bytes. */
long get_guest_string(struct call *c, char *to, uint64_t from, size_t size);

/* ---- The engine: where Linux calls go (engine/<name>/) ------------------- */

/* Bytes from and to guest memory (or scratch): 0 or -EFAULT.  Nothing is assumed of
 * the addresses. */
int get_guest(struct call *c, void *to, uint64_t from, size_t n);
int put_guest(struct call *c, uint64_t to, const void *from, size_t n);
/* In one step, *seen becomes value if that is what is at the address: 0; 1: it is not, and *seen
 * now says what is; -EFAULT, or -EINVAL if the address is odd. */
int swap_guest(struct call *c, uint64_t at, uint32_t *seen, uint32_t value);

/* n bytes that Linux can read and write on this call's behalf, 16-aligned; 0 if there
 * is no more room (the whole of a call may take SCRATCH_SIZE).  Forgotten when the
 * call ends. */
#define SCRATCH_SIZE (160 * 1024UL)
uint64_t scratch(struct call *c, size_t n);

/* What is in scratch: where it lies, if that is the engine's own memory, else a copy in *local;
 * NULL if it cannot be read. */
void *scratch_seen(struct call *c, uint64_t at, size_t n, void *local);

/* A Linux call made as the guest's thread; pointers are guest or scratch addresses.
 * host() is never cut short by a signal that is only pending in the engine; use
 * host_wait() where the call may sleep: it returns CALL_AGAIN if a signal was waiting
 * before it began (then nothing happened), and -EINTR if one came while it slept. */
long host_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
	       uint64_t a4, uint64_t a5);
long host_wait_call(struct call *c, int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		    uint64_t a4, uint64_t a5);
#define host(c, ...) HOST_ARGS(host_call, c, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define host_wait(c, ...) HOST_ARGS(host_wait_call, c, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define HOST_ARGS(fn, c, nr, a0, a1, a2, a3, a4, a5, ...) \
	fn(c, nr, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), (uint64_t)(a3), (uint64_t)(a4), \
	   (uint64_t)(a5))

/* True if [at, at + n) touches memory the engine keeps for itself. */
bool engine_owns(uint64_t at, uint64_t n);

/* Whole pages of zeroed memory for translators' own state, out of the guest's reach in an
 * engine outside the guest, merely unlisted in the resident; NULL if there is none. */
void *engine_pages(size_t bytes);
void engine_free_pages(void *pages, size_t bytes);

/* A constant whole page of the translator's image at `at`, in place of what is there, for the guest to read and
 * execute: 0 or -errno.  It is not copied. */
int engine_show_page(struct call *c, uint64_t at, const void *page);

/* A lock over state that the threads of a process share.  Held only within one call;
 * fork takes the process's locks first, so a child never finds one taken. */
struct lock {
	uint32_t word;
};
void lock_take(struct lock *l);
void lock_release(struct lock *l);

#include "syscalls/straight.h"

#endif
