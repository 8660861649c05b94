/* sendmsg and recvmsg: a message's address, vectors and control data.
 *
 * A control message's head is 12 bytes on the guest's side (length u32, level, type) and 16 on
 * Linux's (length u64); its data begin at 16 and are padded to 8 on both, so that a list is
 * rebuilt message by message at the same offsets, unless a form changes the data's size. */
#include <asm/socket.h>
#include <linux/in.h>
#include <string.h>

#include "syscalls/descriptors.h"
#include "syscalls/linux.h"
#include "syscalls/socket.h"

#define MAX_VECTORS 1024 /* UIO_MAXIOV on both sides */
#define MAX_CONTROL 2048UL /* sent at once: a cluster (sys/kern/uipc_syscalls.c: sockargs) */
#define MAX_RECEIVED 16384UL
#define MAX_DESCRIPTORS 253 /* Linux's SCM_MAX_FD; one less than the guest's */
#define HEAD 16
#define ALIGNED(n) (((n) + 7) & ~7UL)

struct guest_head {
	uint32_t length;
	int32_t level, type;
};

struct host_head {
	uint64_t length;
	int32_t level, type;
};

/* A list of control messages on its way, in memory of ours (it is the guest's to change
 * otherwise) and in Linux's place for it. */
struct control_list {
	uint64_t from, to; /* guest addresses */
	uint64_t room; /* at `to` */
	uint64_t used;
	bool cut;
	/* Receiving: */
	int fd, error;
	enum asked asked;
	bool peeking, close_on_fork;
};

static int get_message(struct call *c, struct host_message *m)
{
	int r = arg_in(c, 1, m);
	if (r < 0)
		return r;
	m->n_vectors = (uint32_t)m->n_vectors;
	if (m->n_vectors > MAX_VECTORS)
		return -EMSGSIZE;
	return 0;
}

/* ---- Sending ----------------------------------------------------------------- */

/* No descriptor of the engine's leaves the process, and a kqueue cannot be passed
 * (sys/kern/uipc_usrreq.c: unp_internalize). */
static int check_passed(struct call *c, const unsigned char *data, size_t size)
{
	for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
		int fd;
		memcpy(&fd, data + at, sizeof fd);
		if (descriptor_is_hidden(c->thread->process, fd))
			return -EBADF;
		const struct descriptor *d = descriptor_find(c->thread->process, fd);
		if (d && d->kqueue)
			return -EOPNOTSUPP;
	}
	return 0;
}

/* The data for Linux: their size, or -errno. */
static long data_to_host(struct call *c, const struct control *k, unsigned char *data, size_t size)
{
	struct in_pktinfo info = {0};
	struct credentials own;
	switch (k->form) {
	case CONTROL_CREDENTIALS: /* what the guest put there says nothing */
		credentials_own(c, &own);
		memcpy(data, &own, sizeof own);
		return sizeof own;
	case CONTROL_DESCRIPTORS:
		size -= size % sizeof(int);
		if (size > MAX_DESCRIPTORS * sizeof(int))
			return -EMSGSIZE;
		return check_passed(c, data, size) < 0 ? check_passed(c, data, size) : (long)size;
	case CONTROL_DESTINATION:
		if (size != sizeof info.ipi_spec_dst)
			return -EINVAL;
		memcpy(&info.ipi_spec_dst, data, size);
		memcpy(data, &info, sizeof info);
		return sizeof info;
	default:
		return size;
	}
}

static const struct control *find_sent(const struct socket_rules *rules, int level, int type)
{
	for (size_t i = 0; i < rules->n_controls; i++) {
		const struct control *k = &rules->controls[i];
		if (k->guest_level == level && k->guest_type == type && !k->only_received)
			return k;
	}
	return NULL;
}

/* A message is there with its padding, or not at all; data are padded already. */
static int put_control(struct call *c, struct control_list *l, const void *head, size_t head_size,
		       const void *data, size_t size)
{
	uint64_t at = l->to + l->used, whole = ALIGNED(HEAD + size);
	if (l->room - l->used < whole)
		return -ENOBUFS;
	int r = put_guest(c, at, head, head_size);
	if (r == 0)
		r = put_guest(c, at + HEAD, data, ALIGNED(size));
	l->used += whole;
	return r;
}

#define MAX_DATA ALIGNED(MAX_CONTROL + sizeof(struct in_pktinfo))

/* One message of the guest's list: its length there, or -errno. */
static long send_control(struct call *c, const struct socket_rules *rules, struct control_list *l,
			 uint64_t left)
{
	unsigned char data[MAX_DATA] = {0};
	struct guest_head g;
	int r = get_guest(c, &g, l->from, sizeof g);
	if (r < 0)
		return r;
	if (g.length < HEAD || g.length > left)
		return -EINVAL;
	const struct control *k = find_sent(rules, g.level, g.type);
	if (!k)
		return -EINVAL;
	r = get_guest(c, data, l->from + HEAD, g.length - HEAD);
	if (r < 0)
		return r;
	long size = data_to_host(c, k, data, g.length - HEAD);
	if (size <= 0) /* no descriptors are no message */
		return size < 0 ? size : (long)g.length;
	memset(data + size, 0, ALIGNED((size_t)size) - (size_t)size);
	struct host_head h = {HEAD + (uint64_t)size, k->host_level, k->host_type};
	r = put_control(c, l, &h, sizeof h, data, (size_t)size);
	return r < 0 ? r : (long)g.length;
}

static int controls_to_host(struct call *c, const struct socket_rules *rules,
			    struct host_message *m)
{
	if (!m->control || !m->control_length) {
		m->control = m->control_length = 0;
		return 0;
	}
	if (m->control_length < sizeof(struct guest_head))
		return -EINVAL;
	if (m->control_length > MAX_CONTROL)
		return -EMSGSIZE;
	/* Forms that grow do so by less than as much again. */
	struct control_list l = {.from = m->control, .room = 2 * m->control_length + HEAD};
	l.to = scratch(c, l.room);
	if (!l.to)
		return -ENOMEM;
	uint64_t left = m->control_length;
	while (left >= HEAD) {
		long n = send_control(c, rules, &l, left);
		if (n < 0)
			return (int)n;
		uint64_t step = ALIGNED((uint64_t)n);
		left -= step < left ? step : left;
		l.from += step;
	}
	m->control = l.to;
	m->control_length = l.used;
	return left ? -EINVAL : 0;
}

static uint64_t message_in_scratch(struct call *c, const struct host_message *m)
{
	uint64_t at = scratch(c, sizeof *m);
	return at && put_guest(c, at, m, sizeof *m) == 0 ? at : 0;
}

/* Without a byte to go with, Linux drops what a stream's message carries; the guest's system
 * does not.  Rather an error than a loss nobody hears of. */
static bool is_stream(struct call *c, int fd)
{
	int type = 0;
	return socket_get_option(c, fd, SOL_SOCKET, SO_TYPE, &type, sizeof type) == 0 &&
	       type == SOCK_STREAM;
}

long socket_send_message(struct call *c, const struct socket_rules *rules)
{
	struct host_message m;
	uint64_t fd, flags;
	int r = arg_values(c, 0, &fd, 2, &flags);
	if (r == 0)
		r = get_message(c, &m);
	if (r == 0 && m.name)
		r = address_in(c, rules->to_host, m.name, m.name_length, &m.name, &m.name_length);
	if (r == 0)
		r = controls_to_host(c, rules, &m);
	if (r < 0)
		return r;
	uint64_t at = message_in_scratch(c, &m);
	if (!at)
		return -ENOMEM;
	flags |= socket_sending(c, (int)fd);
	long n = host_wait(c, __NR_sendmsg, fd, at, flags);
	if (n == 0 && m.control_length && is_stream(c, (int)fd))
		return -EINVAL;
	return socket_sent(c, (int)fd, flags, m.name, n);
}

/* ---- Receiving ---------------------------------------------------------------- */

static const struct control *find_received(const struct socket_rules *rules, int level, int type)
{
	for (size_t i = 0; i < rules->n_controls; i++) {
		const struct control *k = &rules->controls[i];
		if (k->host_level == level && k->host_type == type)
			return k;
	}
	return NULL;
}

/* The data for the guest: their size. */
static size_t data_to_guest(const struct control *k, unsigned char *data, size_t size)
{
	struct in_pktinfo info;
	struct {
		int64_t seconds;
		uint64_t fraction;
	} time;
	switch (k->form) {
	case CONTROL_BINARY_TIME:
		memcpy(&time, data, sizeof time);
		time.fraction *= UINT64_MAX / 1000000000;
		memcpy(data, &time, sizeof time);
		return sizeof time;
	case CONTROL_INT_IS_BYTE: /* little-endian: the low byte is the first */
		return 1;
	case CONTROL_DESTINATION:
		memcpy(&info, data, sizeof info);
		memcpy(data, &info.ipi_addr, sizeof info.ipi_addr);
		return sizeof info.ipi_addr;
	default:
		return size;
	}
}

/* Descriptors that the guest does not get must not stay open. */
static void close_passed(struct call *c, const unsigned char *data, size_t size)
{
	for (size_t at = 0; at + sizeof(int) <= size; at += sizeof(int)) {
		int fd;
		memcpy(&fd, data + at, sizeof fd);
		descriptor_closing(c, fd); /* its rights; nothing watches it yet */
		(void)host(c, __NR_close, fd); /* just received: only its number is given back */
	}
}

static void give(struct call *c, struct control_list *l, const struct guest_head *g,
		 unsigned char *data)
{
	size_t size = g->length - HEAD;
	memset(data + size, 0, ALIGNED(size) - size);
	/* What comes after the first without room is not told either
	 * (sys/kern/uipc_syscalls.c: kern_recvit). */
	int r = l->cut ? -ENOBUFS : put_control(c, l, g, sizeof *g, data, size);
	l->cut = r < 0;
	if (r != -ENOBUFS)
		l->error = r;
}

/* Peeking shows no descriptors, and opens none. */
static void give_descriptors(struct call *c, const struct socket_rules *rules,
			     struct control_list *l, struct guest_head *g, unsigned char *data)
{
	size_t size = g->length - HEAD;
	if (rules->received)
		size = sizeof(int) * rules->received(c, (const int *)data, size / sizeof(int));
	g->length = (uint32_t)(HEAD + size);
	if (!l->peeking)
		give(c, l, g, data);
	if (l->peeking || l->cut) {
		close_passed(c, data, size);
		return;
	}
	for (size_t at = 0; l->close_on_fork && at + sizeof(int) <= size; at += sizeof(int)) {
		int fd;
		memcpy(&fd, data + at, sizeof fd);
		/* Without memory for it the child gets it. */
		(void)descriptor_set(c->thread->process, fd, DESCRIPTOR_CLOSE_ON_FORK);
	}
}

static void give_credentials(struct call *c, const struct socket_rules *rules,
			     struct control_list *l, const struct control *k,
			     const unsigned char *data)
{
	unsigned char guest[CREDENTIALS_MAX] = {0};
	struct guest_head g = {.level = k->guest_level};
	struct credentials from;
	memcpy(&from, data, sizeof from);
	if (l->asked == CREDENTIALS_NONE && !credentials_given(&from))
		return;
	g.length = (uint32_t)(HEAD + rules->credentials(l->asked, &from, guest, &g.type));
	give(c, l, &g, guest);
	if (l->asked == CREDENTIALS_ONCE && !l->peeking)
		credentials_told(c, l->fd);
}

static void give_control(struct call *c, const struct socket_rules *rules, struct control_list *l,
			 const struct host_head *h, unsigned char *data)
{
	const struct control *k = find_received(rules, h->level, h->type);
	if (!k)
		return; /* the guest did not ask for it */
	if (k->form == CONTROL_CREDENTIALS) {
		give_credentials(c, rules, l, k, data);
		return;
	}
	size_t size = data_to_guest(k, data, h->length - HEAD);
	struct guest_head g = {(uint32_t)(HEAD + size), k->guest_level, k->guest_type};
	if (k->form == CONTROL_DESCRIPTORS)
		give_descriptors(c, rules, l, &g, data);
	else
		give(c, l, &g, data);
}

static int controls_to_guest(struct call *c, const struct socket_rules *rules,
			     struct control_list *l, uint64_t length)
{
	while (length >= HEAD) {
		_Alignas(int) unsigned char data[MAX_DATA];
		struct host_head h;
		int r = get_guest(c, &h, l->from, sizeof h);
		if (r < 0)
			return r;
		if (h.length < HEAD || h.length > length)
			break;
		if (h.length - HEAD <= sizeof data) {
			r = get_guest(c, data, l->from + HEAD, h.length - HEAD);
			if (r < 0)
				return r;
			give_control(c, rules, l, &h, data);
		}
		uint64_t step = ALIGNED(h.length);
		length -= step < length ? step : length;
		l->from += step;
	}
	return 0;
}

struct receiving {
	struct host_message guest; /* as the guest gave it */
	struct host_message host;
	uint64_t host_at;
	uint64_t flags; /* Linux's */
	int fd;
	enum asked asked;
	bool close_on_fork;
};

/* What Linux may have to say besides what the guest has room for, so that it never cuts. */
#define HOST_CONTROL (HEAD + MAX_DESCRIPTORS * sizeof(int) + 256)

/* Address and control data go to scratch; the vectors are the guest's own. */
static int prepare(struct call *c, struct receiving *v)
{
	int r = get_message(c, &v->guest);
	if (r < 0)
		return r;
	v->host = v->guest;
	v->host.flags = 0;
	if (v->guest.name) {
		v->host.name_length = sizeof((struct address *)0)->bytes - 2;
		v->host.name = scratch(c, sizeof((struct address *)0)->bytes);
		if (!v->host.name)
			return -ENOMEM;
	}
	if (v->guest.control_length > MAX_RECEIVED)
		v->guest.control_length = MAX_RECEIVED;
	v->host.control = v->host.control_length = 0;
	if (v->guest.control) {
		v->host.control_length = v->guest.control_length + HOST_CONTROL;
		v->host.control = scratch(c, v->host.control_length);
		if (!v->host.control)
			return -ENOMEM;
	}
	v->host_at = message_in_scratch(c, &v->host);
	return v->host_at ? 0 : -ENOMEM;
}

/* Linux had room for all there was: what it cut off are descriptors for which the guest has no
 * numbers.  The guest's system fails then, and a datagram is lost with them; of a stream nothing
 * would be, so that here MSG_CTRUNC has to do (sys/kern/uipc_usrreq.c: unp_externalize). */
static int check_cut(struct call *c, struct receiving *v, struct control_list *l)
{
	int type = 0;
	if (!(v->host.flags & MSG_CTRUNC) || !v->host.control)
		return 0;
	l->cut = true;
	int r = socket_get_option(c, v->fd, SOL_SOCKET, SO_TYPE, &type, sizeof type);
	return r < 0 || type == SOCK_STREAM ? 0 : -EMFILE;
}

static int give_message(struct call *c, const struct socket_rules *rules, struct receiving *v)
{
	struct host_message *g = &v->guest;
	int r = get_guest(c, &v->host, v->host_at, sizeof v->host);
	if (r < 0)
		return r;
	struct control_list l = {.from = v->host.control,
				 .to = g->control,
				 .room = g->control_length,
				 .fd = v->fd,
				 .asked = v->asked,
				 .peeking = v->flags & MSG_PEEK,
				 .close_on_fork = v->close_on_fork};
	int failed = check_cut(c, v, &l);
	r = controls_to_guest(c, rules, &l, v->host.control_length);
	if (r == 0)
		r = failed ? failed : l.error;
	uint32_t room = g->name_length;
	if (r == 0 && g->name)
		r = address_out(c, rules->to_guest, v->host.name, v->host.name_length, g->name,
				&g->name_length);
	if (g->name_length > room)
		g->name_length = room;
	g->control_length = l.used;
	/* The caller's own flags are among the answer (sys/kern/uipc_syscalls.c: sys_recvmsg). */
	g->flags = (v->host.flags & ~(uint32_t)MSG_CMSG_CLOEXEC) | (uint32_t)v->flags;
	if (l.cut)
		g->flags |= MSG_CTRUNC;
	return r < 0 ? r : arg_out(c, 1, g);
}

static int receiving_flags(struct call *c, const struct socket_rules *rules, struct receiving *v)
{
	uint64_t fd;
	int r = arg_value(c, 0, &fd);
	if (r == 0)
		r = names_to_host(c->row->args[2].type, c->a[2], rules->close_on_fork, &v->flags);
	v->fd = (int)fd;
	v->close_on_fork = c->a[2] & rules->close_on_fork;
	return r;
}

long socket_receive_message(struct call *c, const struct socket_rules *rules)
{
	struct receiving v = {0};
	int r = receiving_flags(c, rules, &v);
	if (r == 0)
		r = prepare(c, &v);
	if (r < 0)
		return r;
	if (v.host.control)
		v.asked = credentials_wanted(c, v.fd);
	long n;
	if (v.asked == CREDENTIALS_NONE && v.host.control &&
	    v.guest.control_length >= HEAD + rules->credentials_size)
		n = credentials_receive(c, v.fd, v.host_at, v.flags);
	else
		n = host_wait(c, __NR_recvmsg, v.fd, v.host_at, v.flags);
	if (n < 0)
		return n;
	r = give_message(c, rules, &v);
	return r < 0 ? r : n;
}
