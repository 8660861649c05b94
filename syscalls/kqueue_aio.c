/* AIO: what was asked for asynchronously is done.  Only the calls that ask for it make such knotes
 * (aio.c), disabled until then; what the ident is to them, an address, nobody looks at here. */
#include "syscalls/kqueue.h"

static int attach_aio(struct call *c, struct knote *k)
{
	(void)c, (void)k;
	return 0;
}

static void detach_aio(struct call *c, struct knote *k)
{
	(void)c, (void)k;
}

static int aio_again(struct call *c, struct knote *k, const struct event *change)
{
	(void)c;
	if (change->flags & EVENT_OWN)
		k->parameter = change->data;
	return 0;
}

/* It is looked at once it is enabled, and then there is no more to wait for.  The data are its
 * error, as the guest numbers it. */
static bool check_aio(struct call *c, struct knote *k)
{
	(void)c;
	k->event.data = k->parameter;
	k->event.flags |= EVENT_EOF;
	return true;
}

const struct filter kqueue_aio = {
	.is_own = true,
	.attach = attach_aio,
	.detach = detach_aio,
	.again = aio_again,
	.check = check_aio,
};
