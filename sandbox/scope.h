/* What is acquired is released by scope. */
#ifndef GUISE_SCOPE_H
#define GUISE_SCOPE_H

#include <stdlib.h>
#include <unistd.h>

static inline void close_scoped(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_scoped(void *p)
{
	free(*(void **)p);
}

#define AUTO_CLOSE __attribute__((cleanup(close_scoped)))
#define AUTO_FREE __attribute__((cleanup(free_scoped)))

/* Hands the descriptor over: the scope no longer closes it. */
static inline int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline char *take_text(char **text)
{
	char *taken = *text;

	*text = NULL;
	return taken;
}

#endif
