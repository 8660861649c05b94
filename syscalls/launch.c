/* The text forms of what launch.h has. */
#include "syscalls/launch.h"

#include "syscalls/personality.h"

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

/* Up to ten digits, of 32 bits; what follows them, or NULL if there are none or more. */
static const char *take_number(const char *s, uint32_t *number)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; s[n] >= '0' && s[n] <= '9' && n < 11; n++)
		value = value * 10 + (uint64_t)(s[n] - '0');
	*number = (uint32_t)value;
	return n && n < 11 && value <= UINT32_MAX ? s + n : NULL;
}

int release_number(const char *text, const struct personality *p, uint32_t *number)
{
	uint32_t major, minor = 0;
	const char *rest = p->release_unit ? take_number(text, &major) : NULL;

	if (rest && !*rest && major >= RELEASE_NUMBERS) {
		uint32_t of = major / p->release_major;
		if (!of || of > RELEASE_MOST)
			return -EINVAL;
		*number = major;
		return 0;
	}
	if (rest && *rest == '.')
		rest = take_number(rest + 1, &minor);
	if (!rest || !major || major > RELEASE_MOST || minor > RELEASE_MOST ||
	    (*rest && (*rest != '-' || !rest[1])))
		return -EINVAL;
	*number = major * p->release_major + minor * p->release_unit;
	return 0;
}
