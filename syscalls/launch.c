/* The handover's text form: launch.h. */
#include "syscalls/launch.h"

#include "syscalls/abi.h"

#include <string.h>

void handover_encode(char out[HANDOVER_TEXT], const struct handover *h)
{
	const unsigned char *from = (const unsigned char *)h;

	for (size_t i = 0; i < sizeof *h; i++) {
		out[2 * i] = "0123456789abcdef"[from[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[from[i] & 15];
	}
	out[HANDOVER_TEXT - 1] = 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int handover_decode(struct handover *h, const char *text)
{
	unsigned char bytes[sizeof *h];

	for (size_t i = 0; i < sizeof *h; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	if (text[2 * sizeof *h])
		return -EINVAL;
	memcpy(h, bytes, sizeof *h);
	return 0;
}
