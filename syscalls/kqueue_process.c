/* Kqueue filters PROC (sys/kern/kern_event.c: filt_proc, knote_fork) and PROCDESC
 * (sys/kern/sys_procdesc.c: procdesc_kqops).
 *
 * That a process ends is what a pidfd tells, a hidden one for each knote; forks, programs
 * executed and children to follow come over the board (board.h), where every knote has an entry.
 * How it ended is asked of Linux if it is a child not yet waited for, else of the board: there it
 * says so itself, or whoever waits for it does.  Until one has, a process that is dead and not
 * waited for is looked at regularly; one that is gone without a word was killed. */
#include "syscalls/board.h"
#include "syscalls/engine.h"
#include "syscalls/kqueue.h"
#include "syscalls/launch.h"
#include "syscalls/procdesc.h"
#include "syscalls/wait.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/eventpoll.h>
#include <linux/wait.h>

#define OF_BOARD (NOTE_FORK | NOTE_EXEC | NOTE_TRACK)

/* ---- How it ended ------------------------------------------------------------------ */

/* Of a child not yet waited for, which it stays: its status, or -ECHILD if it is none. */
static int status_of_child(struct call *c, int kind, int id)
{
	siginfo_t si = {0};
	size_t used = c->scratch_used;
	uint64_t at = scratch(c, sizeof si);
	long r = at ? put_guest(c, at, &si, sizeof si) : -ENOMEM;
	if (r == 0)
		r = host(c, __NR_waitid, kind, id, at,
			 WEXITED | WNOHANG | WNOWAIT | (unsigned)__WALL, 0);
	if (r == 0)
		r = get_guest(c, &si, at, sizeof si);
	c->scratch_used = used;
	if (r < 0)
		return (int)r;
	return si.si_pid ? wait_status_of(&si) : -ECHILD;
}

static int status_on_board(const struct knote *k)
{
	struct board *b = engine_board();
	struct board_entry e;
	if (!b || k->process.entry < 0 || !board_get(b, (uint32_t)k->process.entry, &e) ||
	    !(e.word & BOARD_EXITED))
		return -EAGAIN;
	return (int)(e.word & BOARD_STATUS);
}

static bool is_gone(struct call *c, const struct knote *k)
{
	int fd = k->watch->fd;
	if (k->watch->is_process)
		return procdesc_is_gone(c, fd);
	return host(c, __NR_pidfd_send_signal, fd, 0, 0, 0) == -ESRCH;
}

/* A Linux wait status, or negative: nobody has said yet. */
static int status_of(struct call *c, const struct knote *k)
{
	bool by_descriptor = k->watch->is_process;
	int told = by_descriptor ? procdesc_told(c, k->watch->fd) : -EAGAIN;
	if (told >= 0)
		return told;
	int status = by_descriptor ? status_of_child(c, P_PID, k->process.pid)
				   : status_of_child(c, P_PIDFD, k->watch->fd);
	if (status < 0)
		status = status_on_board(k);
	if (status >= 0)
		return status;
	return is_gone(c, k) ? SIGKILL : -EAGAIN;
}

static void await_word(struct knote *k, bool awaits)
{
	k->kq->words += awaits - k->process.awaits;
	k->process.awaits = awaits;
}

static void note(struct knote *k, uint64_t word)
{
	static const struct {
		uint32_t word, note;
	} notes[] = {{BOARD_FORKED, NOTE_FORK}, {BOARD_EXECUTED, NOTE_EXEC}};
	for (size_t i = 0; i < COUNT(notes); i++)
		if (word & notes[i].word)
			k->event.notes |= k->notes & notes[i].note;
	if (word & BOARD_NOT_FOLLOWED)
		k->event.notes |= NOTE_TRACK_FAILED;
}

/* The last thing there is to tell, with what the board has had to say until then; of what nobody asked about nothing is told. */
static void ended(struct call *c, struct knote *k, int status)
{
	await_word(k, false);
	k->process.over = true;
	if (k->process.entry >= 0)
		note(k, board_take(engine_board(), (uint32_t)k->process.entry));
	k->event.flags |= EVENT_EOF | EVENT_ONESHOT;
	if (k->notes & NOTE_EXIT) {
		k->event.notes |= NOTE_EXIT;
		k->event.data = wait_status_to_guest(c->personality, status);
	}
	if (k->event.notes)
		kqueue_activate(c, k);
	else
		kqueue_drop(c, k);
}

void process_ended(struct call *c, struct knote *k)
{
	if (k->process.over)
		return;
	int status = status_of(c, k);
	if (status < 0)
		await_word(k, true);
	else
		ended(c, k, status);
}

void process_look_at_all(struct call *c, struct kqueue *kq)
{
	struct watch *next;
	for (struct watch *w = kq->words ? kq->watches : NULL; w; w = next) {
		next = w->next;
		if (w->process && w->process->process.awaits)
			process_ended(c, w->process);
	}
}

/* ---- The board -------------------------------------------------------------------------- */

/* Entries of watchers that are gone. */
static void make_room(struct call *c, struct board *b)
{
	uint32_t top = board_top(b);
	for (uint32_t i = 0; i < top; i++) {
		struct board_entry e;
		if (board_get(b, i, &e) && host(c, __NR_kill, e.watcher, 0) == -ESRCH)
			board_drop(b, i);
	}
}

/* The kqueue hears the bell from its first entry on. */
static int hear(struct call *c, struct kqueue *kq)
{
	long r = kqueue_epoll_ctl(c, kq, EPOLL_CTL_ADD, HIDDEN_BOARD_BELL, EPOLLIN | EPOLLET,
				  TOKEN_BOARD);
	return r == -EEXIST ? 0 : (int)r;
}

static int put_entry(struct call *c, struct knote *k)
{
	struct board *b = engine_board();
	struct board_entry e = {.kqueue = (uint64_t)k->kq,
				.udata = k->event.udata,
				.pid = k->process.pid,
				.watcher = c->thread->process->pid,
				.wants = k->notes,
				.flags = k->event.flags};
	int r = b ? hear(c, k->kq) : -ENOMEM;
	if (r < 0)
		return r;
	k->process.entry = board_add(b, &e, 0);
	if (k->process.entry < 0) {
		make_room(c, b);
		k->process.entry = board_add(b, &e, 0);
	}
	return k->process.entry < 0 ? -ENOMEM : 0;
}

static bool is_ours(const struct call *c, const struct kqueue *kq, const struct board_entry *e)
{
	return e->watcher == c->thread->process->pid && e->kqueue == (uint64_t)kq;
}

/* "I am a child", told once and by itself: it has no other part in the process. */
static int tell_birth(struct call *c, struct kqueue *kq, const struct board_entry *e)
{
	struct knote *k = kqueue_cell(kq->table);
	if (!k)
		return -ENOMEM;
	k->kq = kq;
	k->event = (struct event){.ident = (uint64_t)e->pid,
				  .filter = FILTER_PROC,
				  .flags = (uint16_t)e->flags | EVENT_CLEAR | EVENT_ONESHOT,
				  .notes = NOTE_CHILD,
				  .data = e->parent,
				  .udata = e->udata};
	k->process.entry = -1;
	kqueue_file(k);
	kqueue_activate(c, k);
	return 0;
}

/* The child may be gone already: then the board, or nobody, knows how it ended. */
static int follow(struct call *c, struct kqueue *kq, const struct board_entry *e, uint32_t at)
{
	struct knote *k = kqueue_cell(kq->table);
	if (!k)
		return -ENOMEM;
	k->kq = kq;
	k->event = (struct event){.ident = (uint64_t)e->pid,
				  .filter = FILTER_PROC,
				  .flags = (uint16_t)e->flags | EVENT_CLEAR,
				  .udata = e->udata};
	k->notes = e->wants;
	k->process.entry = (int)at;
	k->process.pid = e->pid;
	int r = watch_hidden(c, k, (int)host(c, __NR_pidfd_open, e->pid, 0));
	if (r < 0 && r != -ESRCH) {
		kqueue_free_cell(kq->table, k);
		return r;
	}
	kqueue_file(k);
	note(k, e->word);
	if (r == -ESRCH)
		ended(c, k, e->word & BOARD_EXITED ? (int)(e->word & BOARD_STATUS) : SIGKILL);
	return 0;
}

static void not_followed(struct call *c, struct kqueue *kq, int pid)
{
	struct knote *k = kqueue_find(kq, FILTER_PROC, (uint64_t)pid);
	if (!k)
		return;
	k->event.notes |= NOTE_TRACK_FAILED;
	kqueue_activate(c, k);
}

static void born(struct call *c, struct kqueue *kq, const struct board_entry *e, uint32_t at)
{
	if (tell_birth(c, kq, e) == 0 && follow(c, kq, e, at) == 0)
		return;
	board_drop(engine_board(), at);
	not_followed(c, kq, e->parent);
}

static void news(struct call *c, struct kqueue *kq, const struct board_entry *e, uint32_t at)
{
	if (e->word & BOARD_BORN)
		born(c, kq, e, at);
	struct knote *k = kqueue_find(kq, FILTER_PROC, (uint64_t)e->pid);
	if (!k || k->process.entry != (int)at || k->process.over)
		return;
	note(k, e->word);
	if (k->event.notes)
		kqueue_activate(c, k);
	if (k->process.awaits)
		process_ended(c, k);
}

void process_news(struct call *c, struct kqueue *kq)
{
	struct board *b = engine_board();
	uint32_t top = board_top(b);
	for (uint32_t i = 0; i < top; i++) {
		uint64_t bit = 1UL << (i % 64);
		struct board_entry e;
		if (i % 64 == 0 && !__atomic_load_n(&b->marked[i / 64], __ATOMIC_ACQUIRE)) {
			i += 63;
			continue;
		}
		if (!(__atomic_load_n(&b->marked[i / 64], __ATOMIC_ACQUIRE) & bit))
			continue;
		e = b->entries[i];
		if (!is_ours(c, kq, &e))
			continue;
		__atomic_fetch_and(&b->marked[i / 64], ~bit, __ATOMIC_ACQ_REL);
		e.word = board_take(b, i);
		if (e.word & BOARD_USED)
			news(c, kq, &e, i);
	}
}

/* ---- The filter ------------------------------------------------------------------------------ */

static void detach_process(struct call *c, struct knote *k)
{
	int fd = k->watch ? k->watch->fd : -1;
	await_word(k, false);
	if (k->process.entry >= 0)
		board_drop(engine_board(), (uint32_t)k->process.entry);
	if (!k->watch)
		return;
	watch_detach(c, k);
	kqueue_close_helper(c, fd);
}

static int attach_process(struct call *c, struct knote *k)
{
	k->process.entry = -1;
	k->event.flags |= EVENT_CLEAR;
	if (k->event.ident == 0 || k->event.ident > INT32_MAX)
		return -ESRCH;
	k->process.pid = (int32_t)k->event.ident;
	long fd = host(c, __NR_pidfd_open, k->event.ident, 0);
	/* EINVAL or ENOENT: a thread that is no process. */
	if (fd == -EINVAL || fd == -ENOENT)
		return -ESRCH;
	int r = put_entry(c, k);
	if (r == -ENOMEM && !(k->notes & OF_BOARD))
		r = 0; /* that it ends is told without */
	if (r < 0) {
		if (fd >= 0)
			(void)host(c, __NR_close, fd); /* just made */
		return r;
	}
	r = watch_hidden(c, k, (int)fd);
	if (r < 0 && k->process.entry >= 0)
		board_drop(engine_board(), (uint32_t)k->process.entry);
	/* Who is dead already can only be asked for that (pfind and pfind_any). */
	if (r == 0 && !(k->notes & NOTE_EXIT) && status_of_child(c, P_PIDFD, k->watch->fd) >= 0) {
		detach_process(c, k);
		r = -ESRCH;
	}
	return r == -EMFILE ? -ENOMEM : r;
}

static int process_again(struct call *c, struct knote *k, const struct event *change)
{
	struct board *b = engine_board();
	(void)c;
	k->notes = change->notes;
	if (k->process.entry < 0)
		return k->notes & OF_BOARD ? -ENOMEM : 0;
	__atomic_store_n(&b->entries[k->process.entry].wants, k->notes, __ATOMIC_RELEASE);
	__atomic_store_n(&b->entries[k->process.entry].udata, k->event.udata, __ATOMIC_RELEASE);
	return 0;
}

static bool check_process(struct call *c, struct knote *k)
{
	(void)c;
	return k->event.notes != 0;
}

const struct filter kqueue_process = {
	.notes = NOTE_EXIT | NOTE_FORK | NOTE_EXEC | NOTE_TRACK | NOTE_TRACK_FAILED | NOTE_CHILD,
	.attach = attach_process,
	.detach = detach_process,
	.again = process_again,
	.check = check_process,
};

/* ---- By descriptor ------------------------------------------------------------------------ */

static void leave_board(struct knote *k)
{
	if (k->process.entry >= 0)
		board_drop(engine_board(), (uint32_t)k->process.entry);
	k->process.entry = -1;
}

/* The entry is only to learn how it ended. */
static int attach_procdesc(struct call *c, struct knote *k)
{
	k->event.flags |= EVENT_CLEAR;
	k->process.entry = -1;
	k->process.pid = procdesc_pid(c, (int)k->event.ident);
	if (k->process.pid > 0)
		(void)put_entry(c, k); /* for want of one, a parent or nobody knows */
	int r = watch_attach(c, k);
	if (r < 0)
		leave_board(k);
	return r;
}

static void detach_procdesc(struct call *c, struct knote *k)
{
	await_word(k, false);
	leave_board(k);
	watch_detach(c, k);
}

const struct filter kqueue_procdesc = {
	.is_descriptor = true,
	.notes = NOTE_EXIT,
	.attach = attach_procdesc,
	.detach = detach_procdesc,
	.again = process_again,
	.check = check_process,
};
