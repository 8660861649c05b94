#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "syscalls/launch.h"

FILE *output_open(const char *option, const char *path, struct failure *why)
{
	int fd = strcmp(path, "-") == 0
			 ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out)
		(void)failure_set(why, EXIT_GUISE, "%s %s: %s; check the path", option, path,
				  strerror(errno));
	return out;
}

int output_close(FILE *out, const char *option, const char *path, struct failure *why)
{
	bool failed = ferror(out);

	if (fclose(out) == 0 && !failed)
		return 0;
	return failure_set(why, EXIT_GUISE, "%s %s: cannot be written; check where it goes", option,
			   path);
}
