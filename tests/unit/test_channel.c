/* sandbox/channel.c: what arrives, whoever ends when. */
#include <check.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/channel.h"

Suite *channel_suite(void);

static void receive(int channel, enum message_kind kind, uint32_t number)
{
	struct channel_descriptors got;
	struct message m;

	ck_assert_int_eq(channel_receive(channel, &m, &got), 1);
	ck_assert_uint_eq(m.kind, kind);
	ck_assert_uint_eq(m.number, number);
	ck_assert_uint_eq(got.n, 0);
}

/* A second SIGTERM on its way while the first one ends the program: process 1 says how that
 * ended, and ends, before it reads on. */
START_TEST(last_words_of_one_that_did_not_listen)
{
	const struct message told = {.kind = MESSAGE_SIGNAL, .number = 15};
	const struct message ended = {.kind = MESSAGE_ENDED, .number = 3};
	struct channel_descriptors got;
	struct message m;
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	ck_assert_int_eq(channel_send(ends[0], &told, NULL), 0);
	ck_assert_int_eq(channel_send(ends[1], &ended, NULL), 0);
	close(ends[1]);
	receive(ends[0], MESSAGE_ENDED, 3);
	ck_assert_int_eq(channel_receive(ends[0], &m, &got), 0);
	close(ends[0]);
}
END_TEST

Suite *channel_suite(void)
{
	Suite *s = suite_create("channel");
	TCase *t = tcase_create("channel");

	tcase_add_test(t, last_words_of_one_that_did_not_listen);
	suite_add_tcase(s, t);
	return s;
}
