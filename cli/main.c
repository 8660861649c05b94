/* guise: finds the command and does what it says; the only file that exits or prints how
 * it is used. */
#include <stdio.h>
#include <linux/binfmts.h>
#include <string.h>
#include <sys/auxv.h>

#include "cli/command.h"
#include "syscalls/launch.h"

static void print_usage(void)
{
	printf("usage: guise COMMAND [OPTIONS] ...\n"
	       "Runs programs built for another Unix, unmodified, in a sandbox.\n\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nguise help COMMAND, or guise COMMAND --help, tells a command's options; guise version\n"
	       "the version.\n");
}

static void print_option(const struct option_row *row, char letter)
{
	char left[64];
	const char form[] = {'-', letter, ',', ' ', 0};
	int n = snprintf(left, sizeof left, "%s--%s%s%s", letter ? form : "", row->name,
			 row->value ? " " : "", row->value ? row->value : "");

	if (n > 24)
		printf("  %s\n  %-24s  %s\n", left, "", row->help);
	else
		printf("  %-24s  %s\n", left, row->help);
}

static void print_help(const struct command *c)
{
	printf("usage: guise %s [OPTIONS]%s%s\n%s\n\n", c->name, *c->operands ? " " : "",
	       c->operands, c->summary);
	for (size_t i = 0; i < c->n_rows; i++)
		print_option(&c->rows[i], options_letter(c, i));
	if (c->also)
		printf("and those of guise %s.\n", c->also->name);
	printf("%s", c->more);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int report(int result, const struct failure *why)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "guise: %s\n", why->text);
	return why->status;
}

static int run(const struct command *c, int argc, char **argv)
{
	struct failure why = {0};
	int r = c->run(argc, argv, &why);

	if (r == COMMAND_WANTS_HELP) {
		print_help(c);
		return 0;
	}
	return report(r, &why);
}

/* The kernel says so when it executes an interpreter registered with flag P. */
static bool is_for_kernel(void)
{
	return getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0;
}

static int flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "guise: standard output: cannot be written; check where it goes\n");
	return status ? status : EXIT_GUISE;
}

/* help, version, and their forms as options; the exit status, or -1 if it is none of them. */
static int tell(int argc, char **argv)
{
	const char *name = argv[1];
	const struct command *c;

	if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
		printf("guise %s\n", GUISE_VERSION);
		return 0;
	}
	if (strcmp(name, "help") != 0 && strcmp(name, "--help") != 0 && strcmp(name, "-h") != 0)
		return -1;
	if (argc == 2) {
		print_usage();
		return 0;
	}
	c = find(argv[2]);
	if (c) {
		print_help(c);
		return 0;
	}
	fprintf(stderr, "guise: %s: unknown command; see guise help\n", argv[2]);
	return EXIT_GUISE;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *c = name ? find(name) : NULL;
	int told;

	if (is_for_kernel()) {
		struct failure why = {0};
		return report(run_for_kernel(argc, argv, &why), &why);
	}
	if (c)
		return flush(run(c, argc - 1, argv + 1));
	told = name ? tell(argc, argv) : -1;
	if (told >= 0)
		return flush(told);
	if (name)
		fprintf(stderr, "guise: %s: unknown command; see guise help\n", name);
	else
		fprintf(stderr, "guise: no command; see guise help\n");
	return EXIT_GUISE;
}
