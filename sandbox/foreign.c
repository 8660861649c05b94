/* Other systems' programs in a sandbox whose program makes its own calls.
 *
 * Such a program cannot start them.  The kernel would take one for a Linux program, since it
 * does not look at the system in its header, and its calls would be Linux's of the same
 * numbers.  Nor could a resident be put between by the kernel (binfmt_misc) and hold:
 *
 *   the filter      only narrows.  The native one allows what Linux programs call, less than
 *                   what residents call for other systems; one wide enough for both would
 *                   give every Linux program calls that none of them needs.  And a filter
 *                   the program itself has installed would hold for the resident, too.
 *   the descriptors the resident lives on (launch.h) would be the parent's to close, as many
 *                   programs do with all they do not know before they execute another.
 *   the state       that residents hand from one program to the next, and the board they
 *                   share, nobody has kept up to then.
 *   the kernel      needs to be Linux 6.7 or later, and the user to be root: the file entries
 *                   are written to belongs to user 0 of the namespace, which for others is
 *                   nobody, since ids are the same inside and outside.
 *
 * So a Linux program that is to start others' runs in a resident itself (--engine resident).
 * Here, where the last two hold, the kernel is made to refuse them by name: the sandbox's user
 * namespace has a binfmt_misc of its own, mounted nowhere, which executes an image of guise's
 * for their headers, and that says what is to be done (refusal.c) and nothing else.  The entries
 * are gone with their mount, which process 1 holds open.  The host's own do not hold inside.
 *
 * Documentation/admin-guide/binfmt-misc.rst; fs/binfmt_misc.c (bm_fill_super), Linux 6.12.
 */
#include "sandbox/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

/* build/resident_blob.o */
extern const unsigned char refusal_image[], refusal_image_end[];

#define HOSTS_OWN 3 /* ELFOSABI_GNU: the host runs those itself */

bool foreign_has_brand(const struct personality *p)
{
	return p->brand.osabi && p->brand.osabi != HOSTS_OWN;
}

/* EI_OSABI: as far as it is looked at. */
struct pattern {
	uint8_t value, mask;
};

/* e_ident up to OSABI, then e_type and e_machine: a program, position-independent or not,
 * for this processor.  ("\0" cannot be in the text.) */
#define HEADER 20
static void describe_header(struct pattern p, unsigned char magic[HEADER],
			    unsigned char mask[HEADER])
{
	const unsigned char want[HEADER] = {0x7f, 'E', 'L',	'F',	  2,
					    1,	  1,   p.value, [16] = 2, [18] = 62};
	const unsigned char look[HEADER] = {
		255, 255,    255,	  255,	      255,	  255,
		255, p.mask, [16] = 0xfe, [17] = 255, [18] = 255, [19] = 255};

	memcpy(magic, want, HEADER);
	memcpy(mask, look, HEADER);
}

static void escape(const unsigned char bytes[HEADER], char text[4 * HEADER + 1])
{
	for (size_t i = 0; i < HEADER; i++)
		(void)snprintf(text + 4 * i, 5, "\\x%02x", bytes[i]); /* fits */
}

/* ":name:M:offset:magic:mask:interpreter:flags" */
static char *registration(const char *name, struct pattern p, const char *interpreter)
{
	unsigned char magic[HEADER], mask[HEADER];
	char magic_text[4 * HEADER + 1], mask_text[4 * HEADER + 1];
	char *line;

	describe_header(p, magic, mask);
	escape(magic, magic_text);
	escape(mask, mask_text);
	if (asprintf(&line, ":guise-%s:M:0:%s:%s:%s:PF", name, magic_text, mask_text, interpreter) <
	    0)
		return NULL;
	return line;
}

char *foreign_registration(const struct personality *p, const char *interpreter)
{
	return registration(p->name, (struct pattern){p->brand.osabi, 255}, interpreter);
}

/* Fewer entries than systems: two are one entry that does not look at the bits in which their
 * numbers differ, unless that would match the host's own programs. */
static bool matches(struct pattern p, uint8_t osabi)
{
	return (osabi & p.mask) == (p.value & p.mask);
}

static bool join_patterns(struct pattern *to, uint8_t osabi)
{
	struct pattern both = {to->value, (uint8_t)(to->mask & ~(to->value ^ osabi))};

	if (matches(both, 0) || matches(both, HOSTS_OWN))
		return false;
	*to = both;
	return true;
}

#define PATTERNS 16
static size_t find_patterns(struct pattern list[PATTERNS])
{
	size_t n = 0;

	for_each_personality(p) {
		size_t i = 0;
		if (!foreign_has_brand(p))
			continue;
		while (i < n && !join_patterns(&list[i], p->brand.osabi))
			i++;
		if (i == n && n < PATTERNS)
			list[n++] = (struct pattern){p->brand.osabi, 255};
	}
	return n;
}

static int register_all(int to, const char *interpreter)
{
	struct pattern list[PATTERNS];
	size_t n = find_patterns(list);

	for (size_t i = 0; i < n; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "foreign-%zu", i); /* fits */
		AUTO_FREE char *line = registration(name, list[i], interpreter);
		if (line && write(to, line, strlen(line)) < 0)
			return -errno;
	}
	return 0;
}

/* An instance of its own, held by its mount: a descriptor, or -errno. */
static int make_instance(void)
{
	AUTO_CLOSE int fs = fsopen("binfmt_misc", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int mount = fsmount(fs, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return mount < 0 ? -errno : mount;
}

/* Where the kernel cannot, or this system executes no files in memory, nothing is refused. */
int step_refuse_foreign(struct box *b, const struct step *s)
{
	char interpreter[32];
	AUTO_CLOSE int mount = geteuid() == 0 ? make_instance() : -EACCES;
	AUTO_CLOSE int to = mount < 0 ? mount : openat(mount, "register", O_WRONLY | O_CLOEXEC);
	AUTO_CLOSE int image = to < 0 ? to : image_make(refusal_image, refusal_image_end);

	if (image < 0)
		return 0;
	(void)snprintf(interpreter, sizeof interpreter, "/proc/self/fd/%d", image); /* fits */
	if (register_all(to, interpreter) == 0)
		b->foreign = take(&mount);
	return 0;
}
