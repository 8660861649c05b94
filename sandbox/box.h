/* A sandbox being made: what the performing of a plan's steps shares. */
#ifndef GUISE_BOX_H
#define GUISE_BOX_H

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "sandbox/cgroup.h"
#include "sandbox/channel.h"
#include "sandbox/control.h"
#include "sandbox/failure.h"
#include "sandbox/options.h"
#include "sandbox/plan.h"
#include "sandbox/terminal.h"

/* Runs the program of a plan to its end: its exit status, 128 + n if signal n ended it,
 * or -1 with *why filled in.  Nothing is left behind, whichever it is. */
int box_run(const struct plan *plan, const struct box_options *options, struct failure *why);

/* ---- Within sandbox/ ---------------------------------------------------------- */

/* Directories we made in memory; mount points may be created in them and nowhere else. */
#define BOX_OWN 512

struct own {
	dev_t device;
	int fd; /* its mount, to be sealed; -1: stays writable */
};

/* Where a place was made last (place.c). */
struct beside {
	char *path; /* with a slash at its end; NULL: nowhere */
	int dir;
};

/* A file on 0-2 that was opened again: two places in it.  0: it was not. */
struct box_stdio {
	int callers, programs;
};

struct box {
	const struct plan *plan;
	const struct box_options *options;
	struct failure *why;
	int resident, settings; /* sealed files */
	int stub; /* likewise: what a supervisor's guests execute; -1: there is none */
	int processes; /* processes.c; -1: not to be had */
	int queues; /* queues.c, until Landlock has its rule; -1: not to be had */
	int foreign; /* foreign.c: what holds its entries; -1: there are none */
	int board, board_bell; /* HIDDEN_BOARD, HIDDEN_BOARD_BELL */
	int channel; /* init: to the supervisor; supervisor: to init */
	uint64_t spaces; /* namespaces process 1 makes itself: CLONE_NEW... */
	bool awaits_images; /* the program's process: they may not be filled yet */
	pid_t init; /* as the supervisor knows it */
	struct terminal *terminal; /* the supervisor's */
	struct terminal_wish wish;
	struct control *control; /* the supervisor's */
	struct leftovers *left;
	int64_t began_ms; /* by CLOCK_MONOTONIC */
	bool is_known; /* by its record, if it could be made */
	pid_t cleaner; /* of those alone, if the plan has none */
	int timer; /* when --timeout is over; the supervisor's */
	bool time_is_up, killed; /* by --timeout, by guise kill */
	int ended; /* init's wait status */
	int pty; /* inside: the program's terminal, or -1 */
	struct box_stdio stdio[3];
	struct cgroup cgroup;
	char last[192]; /* to be said when all is over; "": nothing */
	int rules; /* Landlock's, in the making (weaker.c) */
	int root; /* the new root */
	int proc; /* the host's /proc, where that is out of reach; -1: it is where it is */
	int network; /* a namespace for process 1, which has it yet to get; or -1 */
	bool root_is_overlay; /* with places for everything in it */
	struct own own[BOX_OWN];
	unsigned n_own;
	struct beside beside;
	sigset_t mask; /* as the caller had it */
	uint64_t ignored; /* the caller's ignored signals, bit n - 1 for n */
};

/* Does the plan's steps of one place, in order: 0, or -1 with box->why filled in. */
int box_perform(struct box *b, enum step_place place);

/* Process 1, from the first instruction in its namespaces to the end. */
_Noreturn void init_main(struct box *b);
/* The process that becomes the program. */
_Noreturn void guest_main(struct box *b);
/* Signals that would have stopped it before it was that, bit n - 1 for n. */
uint64_t guest_kept_stops(void);
void box_send(const struct box *b, const struct message *m);
/* stdio.c, in process 1 when the program has ended */
void stdio_carry_back(const struct box *b);
/* Of a program that joins: to b->stdio what replaces 0-2.  0 or -errno. */
int stdio_elsewhere(struct box *b);

/* The supervisor's part, for whoever else has a program to attend to.  Signals are blocked
 * and read from the descriptor this gives (or -errno). */
int box_take_signals(struct box *b);
void box_give_signals_back(struct box *b);
/* Until the program at the other end of the channel has ended: its wait status as exit status,
 * or -1. */
int box_attend(struct box *b, int signals);

/* In process 1, first of all: lets the supervisor come to beside_init(). */
void beside_await(const struct box *b);
/* Starts and awaits what performs the steps BESIDE_INIT (beside.c). */
void beside_init(struct box *b);
/* Text to a file below /proc, for them: 0 or -errno. */
int beside_write(const struct box *b, const char *path, const char *text);
/* What a file there says, as far as there is room: 0 or -errno. */
int beside_read(const struct box *b, const char *path, char *text, size_t size);
/* Says why there are no such namespaces: -1, or an error that is none of theirs. */
int box_refused(struct box *b, uint64_t spaces, int error);

/* layout.c: the path in the box of a device it has for everybody (null, zero, ...), or NULL. */
const char *box_device(dev_t number);

/* images.c: a program that is part of this one, sealed: a descriptor or -errno. */
int image_make(const unsigned char *image, const unsigned char *end);
/* Memory of n bytes that residents share, their board at its head: a descriptor, or -errno. */
int image_board(size_t n);

/* place.c */
int place_attach(struct box *b, int tree, const char *path, bool directory);
/* True if there is a directory of ours, made if it is missing, in a file system that is sealed. */
bool place_is_ours(struct box *b, const char *path);
void place_forget(struct box *b);
int place_find(const struct box *b, const char *path);
int place_make(struct box *b, const char *path, int *parent, const char **name);
int place_own(struct box *b, int mount, bool sealed);
int place_mirror(struct box *b, int from, int to);
int tree_clone(int at, const char *path, unsigned flags, bool writable);
int tree_attach(int tree, int place);
int filesystem_make(const char *type, const char *options);
int tmpfs_make(const char *options);

/* overlay.c: what to do about an overlay that failed so, or NULL. */
const char *overlay_cure(int error);

/* Steps: 0 or -errno.  check.c, images.c, confine.c, mount.c, overlay.c, guest.c,
 * rlimits.c, cgroup.c */
int step_check_stdio(struct box *b, const struct step *s);
int step_images(struct box *b, const struct step *s);
int step_fill(struct box *b, const struct step *s);
int step_await(struct box *b, const struct step *s);
int step_namespaces(struct box *b, const struct step *s);
int step_tie(struct box *b, const struct step *s);
int step_map_user(struct box *b, const struct step *s);
int step_no_nesting(struct box *b, const struct step *s);
int step_counts(struct box *b, const struct step *s);
int step_settled(struct box *b, const struct step *s);
int step_cleaner(struct box *b, const struct step *s);
int step_cgroup(struct box *b, const struct step *s);
int step_join(struct box *b, const struct step *s);
int step_numbers(struct box *b, const struct step *s);
int step_first_to_go(struct box *b, const struct step *s);
int step_share(struct box *b, const struct step *s);
int step_hostname(struct box *b, const struct step *s);
int step_drop(struct box *b, const struct step *s);
int step_rules(struct box *b, const struct step *s);
int step_allow(struct box *b, const struct step *s);
int step_enforce(struct box *b, const struct step *s);
int step_weaker_filter(struct box *b, const struct step *s);
int step_landlock(struct box *b, const struct step *s);
int step_processes(struct box *b, const struct step *s);
int step_queues(struct box *b, const struct step *s);
int step_refuse_foreign(struct box *b, const struct step *s);
int step_root(struct box *b, const struct step *s);
int step_base(struct box *b, const struct step *s);
int step_tmpfs(struct box *b, const struct step *s);
int step_pts(struct box *b, const struct step *s);
int step_bind(struct box *b, const struct step *s);
int step_keep(struct box *b, const struct step *s);
int step_overlay(struct box *b, const struct step *s);
int step_hide(struct box *b, const struct step *s);
int step_procfs(struct box *b, const struct step *s);
int step_freeze(struct box *b, const struct step *s);
int step_device(struct box *b, const struct step *s);
int step_link(struct box *b, const struct step *s);
int step_file(struct box *b, const struct step *s);
int step_pivot(struct box *b, const struct step *s);
int step_seal(struct box *b, const struct step *s);
int step_enter(struct box *b, const struct step *s);
int step_stdio(struct box *b, const struct step *s);
int step_network(struct box *b, const struct step *s);
int step_session(struct box *b, const struct step *s);
int step_group(struct box *b, const struct step *s);
int step_no_core(struct box *b, const struct step *s);
int step_signals(struct box *b, const struct step *s);
int step_descriptors(struct box *b, const struct step *s);
int step_native_descriptors(struct box *b, const struct step *s);
int step_native_filter(struct box *b, const struct step *s);
int step_limit(struct box *b, const struct step *s);
int step_limit_holds(struct box *b, const struct step *s);
int step_execute(struct box *b, const struct step *s);
int step_native_execute(struct box *b, const struct step *s);
int step_settle(struct box *b, const struct step *s);

/* A seccomp filter for this process and what it starts: 0 or -errno. */
struct sock_filter;
int confine_filter(const struct sock_filter *filter, unsigned short length);

/* One line on why user namespaces are refused here and what to change; NULL if nothing
 * explains it. */
const char *confine_refusal(void);

#endif
