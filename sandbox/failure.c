#include "sandbox/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *f, int status, const char *format, ...)
{
	va_list args;

	if (f->status)
		return -1;
	va_start(args, format);
	(void)vsnprintf(f->text, sizeof f->text, format, args); /* cut, if ever */
	va_end(args);
	f->status = status;
	/* Names may hold anything; the message stays one line. */
	for (char *c = f->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return -1;
}
