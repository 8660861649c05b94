/* The text forms of what launch.h has. */
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

#define RELEASE_MOST 99U /* of either part */
#define RELEASE_NUMBERS 100000U /* what is as large is the number itself */

/* Up to seven digits; what follows them, or NULL if there are none or more. */
static const char *take_number(const char *s, uint32_t *number)
{
	size_t n = 0;

	*number = 0;
	for (; s[n] >= '0' && s[n] <= '9' && n < 8; n++)
		*number = *number * 10 + (uint32_t)(s[n] - '0');
	return n && n < 8 ? s + n : NULL;
}

int release_number(const char *text, uint32_t *number)
{
	uint32_t major, minor = 0;
	const char *rest = take_number(text, &major);

	if (rest && !*rest && major >= RELEASE_NUMBERS) {
		*number = major;
		return 0;
	}
	if (rest && *rest == '.')
		rest = take_number(rest + 1, &minor);
	if (!rest || !major || major > RELEASE_MOST || minor > RELEASE_MOST ||
	    (*rest && (*rest != '-' || !rest[1])))
		return -EINVAL;
	*number = major * 100000 + minor * 1000;
	return 0;
}
