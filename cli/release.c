/* One kernel has one release, whatever its programs were built for: a program of 13.2 in a root of
 * 15.0 is told 15.0, as it would be there.  The run-time linker is the part of a userland that is
 * always in one place and never older than the rest. */
#include "cli/release.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/names.h"
#include "loader/inspect.h"
#include "sandbox/scope.h"
#include "syscalls/personality.h"

static uint32_t release_in(struct box_options *box, const struct personality *p, const char *path)
{
	struct inspection i;
	AUTO_CLOSE int fd = names_open(box, path);
	uint32_t release = 0;

	if (fd < 0 || inspect_file(fd, &i) < 0)
		return 0;
	if (i.error == IMAGE_OK && !i.is_script && i.system == p)
		release = i.release;
	return release;
}

static uint32_t release_of(struct box_options *box, const struct personality *p)
{
	uint32_t release = 0;

	for (size_t n = 0; !release && n < INTERPRETERS; n++)
		if (*p->brand.interpreters[n])
			release = release_in(box, p, p->brand.interpreters[n]);
	return release;
}

void release_of_userland(struct box_options *box)
{
	struct settings *s = &box->settings;
	uint32_t release = 0;

	if (*s->release || box->native ||
	    (box->personality && box->personality->is_host && !box->root))
		return; /* nobody who would be told, or nothing to tell */
	for_each_personality(p)
		if (!release && p->rows && !p->is_host)
			release = release_of(box, p);
	if (release)
		(void)snprintf(s->release, sizeof s->release, "%u", release); /* it fits */
}
