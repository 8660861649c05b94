/* The commands of the front (front.c). */
#include "cli/command.h"

const struct command *const commands[] = {&command_run, NULL};
