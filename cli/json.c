#include <stdio.h>

#include "cli/command.h"
#include "cli/json.h"
#include "syscalls/launch.h"

int json_print(json_t *all, size_t indent, struct failure *why)
{
	int r = json_dumpf(all, stdout, JSON_INDENT(indent) | JSON_ENSURE_ASCII);

	json_decref(all);
	if (r < 0)
		return failure_set(why, EXIT_GUISE,
				   "standard output: cannot be written; check where it goes");
	putchar('\n');
	return 0;
}
