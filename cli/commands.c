/* The commands, in the order they are listed. */
#include "cli/command.h"

const struct command *const commands[] = {
	&command_run,  &command_exec,	&command_ps,	 &command_stats,      &command_stop,
	&command_kill, &command_trace,	&command_info,	 &command_calls,      &command_binfmt,
	&command_diff, &command_commit, &command_doctor, &command_completion, NULL,
};
