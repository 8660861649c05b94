#include <stdio.h>

#include "cli/command.h"
#include "cli/json.h"
#include "syscalls/launch.h"

int json_write(json_t *all, FILE *out, size_t indent, const char *where, struct failure *why)
{
	int r = json_dumpf(all, out, JSON_INDENT(indent) | JSON_ENSURE_ASCII);

	json_decref(all);
	if (r < 0)
		return failure_set(why, EXIT_GUISE, "%s: cannot be written; check where it goes",
				   where);
	putc('\n', out);
	return 0;
}

int json_print(json_t *all, size_t indent, struct failure *why)
{
	return json_write(all, stdout, indent, "standard output", why);
}
