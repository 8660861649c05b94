/* Signal frames. */
#ifndef GUISE_LINUX_FRAME_H
#define GUISE_LINUX_FRAME_H

#define SIGSET_SIZE 8 /* the kernel's */

struct action;
struct signal_info;
struct thread;
struct type;

extern const struct type linux_siginfo; /* as the rows have it */

int linux_push_signal(struct thread *t, const struct signal_info *info, const struct action *a);
void linux_describe_fault(struct signal_info *info);

#endif
