/* guise completion: what a shell needs to complete guise's command lines, made of the very
 * tables the command lines are read by: commands, their option rows, and what those say of
 * values ("DIR", "PATH[:DEST]", "none|host"). */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "syscalls/abi.h"
#include "syscalls/launch.h"
#include "syscalls/personality.h"

/* What may stand in a place, by how the help writes it. */
enum value_kind {
	VALUE_NONE,
	VALUE_OTHER, /* free text */
	VALUE_FILE,
	VALUE_DIRECTORY,
	VALUE_PROGRAM, /* the rest of the line is another command's */
	VALUE_WORDS, /* one of the words the text lists */
	VALUE_SYSTEM, /* the name of one */
};

static enum value_kind kind_of(const char *text)
{
	if (!text || !*text)
		return VALUE_NONE;
	if (strstr(text, "PROGRAM"))
		return VALUE_PROGRAM;
	if (strcmp(text, "DIR") == 0)
		return VALUE_DIRECTORY;
	if (strncmp(text, "PATH", 4) == 0)
		return VALUE_FILE;
	if (text[0] >= 'a' && text[0] <= 'z')
		return VALUE_WORDS;
	return strstr(text, "SYSTEM") ? VALUE_SYSTEM : VALUE_OTHER;
}

/* The words of "a|b REST", and the systems' names where REST wants one. */
static void print_words(const char *text, const char *separator)
{
	const char *before = "";

	for (size_t n; kind_of(text) == VALUE_WORDS && (n = strcspn(text, "| ")); text += n + 1) {
		printf("%s%.*s", before, (int)n, text);
		before = separator;
		if (text[n] != '|')
			break;
	}
	if (!strstr(text, "SYSTEM"))
		return;
	for_each_personality(p) {
		printf("%s%s", before, p->name);
		before = separator;
	}
}

/* Text within '...': in all three shells a quote ends it, so none may be in it. */
static void print_quoted(const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (*text == '\'') {
			printf("'\\''");
			continue;
		}
		if (strchr(escaped, *text))
			putchar('\\');
		putchar(*text);
	}
}

/* Its own options, then those it takes besides. */
#define for_each_row(c, r) \
	for (const struct command *from = (c); from; from = from->also) \
		for (const struct option_row *r = from->rows; r < from->rows + from->n_rows; r++)

/* What main.c knows besides the commands. */
static const char *const words[] = {"help", "version", "--help", "--version"};

static void print_commands(const char *separator)
{
	const char *before = "";

	for (const struct command *const *c = commands; *c; c++) {
		printf("%s%s", before, (*c)->name);
		before = separator;
	}
}

/* ---- bash ------------------------------------------------------------------------- */

static void print_bash_values(const char *text)
{
	switch (kind_of(text)) {
	case VALUE_FILE:
		printf("compgen -f -- \"$word\"");
		break;
	case VALUE_DIRECTORY:
		printf("compgen -d -- \"$word\"");
		break;
	case VALUE_PROGRAM:
		printf("compgen -c -f -- \"$word\"");
		break;
	case VALUE_WORDS:
	case VALUE_SYSTEM:
		printf("compgen -W '");
		print_words(text, " ");
		printf("' -- \"$word\"");
		break;
	default:
		printf(":");
	}
}

static void bash_command(const struct command *c)
{
	printf("\t%s)\n\t\tcase $previous in\n", c->name);
	for_each_row(c, r)
	{
		if (r->kind == TAKES_NOTHING)
			continue;
		printf("\t\t--%s) ", r->name);
		print_bash_values(r->value);
		printf(" ;;\n");
	}
	printf("\t\t*)\n\t\t\tcase $word in\n\t\t\t-*) compgen -W '");
	for_each_row(c, r) printf("--%s ", r->name);
	printf("--help' -- \"$word\" ;;\n\t\t\t*) ");
	print_bash_values(c->operands);
	printf(" ;;\n\t\t\tesac\n\t\t\t;;\n\t\tesac\n\t\t;;\n");
}

static void bash(void)
{
	printf("# bash completion for guise; made by guise completion bash\n"
	       "_guise_candidates()\n{\n"
	       "\tlocal word=$1 previous=$2\n\tcase $3 in\n");
	for (const struct command *const *c = commands; *c; c++)
		bash_command(*c);
	printf("\thelp) compgen -W '");
	print_commands(" ");
	printf("' -- \"$word\" ;;\n\t*) compgen -W '");
	print_commands(" ");
	for (size_t i = 0; i < COUNT(words); i++)
		printf(" %s", words[i]);
	printf("' -- \"$word\" ;;\n\tesac\n}\n\n"
	       "_guise()\n{\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=\n"
	       "\t[ \"$COMP_CWORD\" -le 1 ] || command=${COMP_WORDS[1]}\n"
	       "\tmapfile -t COMPREPLY < <(_guise_candidates \"$word\" \"$previous\" \"$command\")\n"
	       "}\n"
	       "complete -o filenames -F _guise guise\n");
}

/* ---- zsh ----------------------------------------------------------------------------- */

static void print_zsh_values(const char *text)
{
	switch (kind_of(text)) {
	case VALUE_FILE:
		printf("_files");
		break;
	case VALUE_DIRECTORY:
		printf("_directories");
		break;
	case VALUE_PROGRAM:
		printf("_normal");
		break;
	case VALUE_WORDS:
	case VALUE_SYSTEM:
		printf("(");
		print_words(text, " ");
		printf(")");
		break;
	default:
		printf(" ");
	}
}

static void zsh_command(const struct command *c)
{
	printf("\t%s)\n\t\t_arguments -S", c->name);
	for_each_row(c, r)
	{
		printf(" \\\n\t\t\t'%s--%s[", r->kind == TAKES_LIST ? "*" : "", r->name);
		print_quoted(r->help, "[]:\\");
		printf("]");
		if (r->kind != TAKES_NOTHING) {
			printf(":");
			print_quoted(r->value, "[]:\\");
			printf(":");
			print_zsh_values(r->value);
		}
		printf("'");
	}
	printf(" \\\n\t\t\t'--help[print how it is used]'");
	if (kind_of(c->operands) == VALUE_PROGRAM)
		printf(" \\\n\t\t\t'1:program:_files' '*::argument:_files'");
	else if (kind_of(c->operands) != VALUE_NONE) {
		printf(" \\\n\t\t\t'*:word:");
		print_zsh_values(c->operands);
		printf("'");
	}
	printf("\n\t\t;;\n");
}

static void zsh(void)
{
	printf("#compdef guise\n# zsh completion for guise; made by guise completion zsh\n"
	       "_guise()\n{\n\tlocal -a commands\n\tcommands=(\n");
	for (const struct command *const *c = commands; *c; c++) {
		printf("\t\t'%s:", (*c)->name);
		print_quoted((*c)->summary, ":");
		printf("'\n");
	}
	printf("\t\t'help:prints how a command is used'\n\t\t'version:prints the version'\n");
	printf("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n"
	       "\tshift words\n\t(( CURRENT-- ))\n\tcase $words[1] in\n");
	for (const struct command *const *c = commands; *c; c++)
		zsh_command(*c);
	printf("\thelp)\n\t\t_arguments '1:command:(");
	print_commands(" ");
	printf(")'\n\t\t;;\n\tesac\n}\n_guise \"$@\"\n");
}

/* ---- fish ----------------------------------------------------------------------------- */

static void print_fish_values(const char *text, const char *option)
{
	switch (kind_of(text)) {
	case VALUE_FILE:
	case VALUE_PROGRAM:
		printf(" %s -F", option);
		break;
	case VALUE_DIRECTORY:
		printf(" %s -a '(__fish_complete_directories)'", *option ? "-x" : "");
		break;
	case VALUE_WORDS:
	case VALUE_SYSTEM:
		printf(" %s -a '", *option ? "-x" : "");
		print_words(text, " ");
		printf("'");
		break;
	default:
		printf(" %s", *option ? "-x" : "");
	}
}

static void fish_command(const struct command *c)
{
	for_each_row(c, r)
	{
		printf("complete -c guise -n '__fish_seen_subcommand_from %s' -l %s", c->name,
		       r->name);
		if (r->kind != TAKES_NOTHING)
			print_fish_values(r->value, "-r");
		printf(" -d '");
		print_quoted(r->help, "\\");
		printf("'\n");
	}
	printf("complete -c guise -n '__fish_seen_subcommand_from %s' -l help -d 'print how it is used'\n",
	       c->name);
	printf("complete -c guise -n '__fish_seen_subcommand_from %s'", c->name);
	print_fish_values(c->operands, "");
	printf("\n");
}

static void fish(void)
{
	printf("# fish completion for guise; made by guise completion fish\ncomplete -c guise -f\n");
	for (const struct command *const *c = commands; *c; c++) {
		printf("complete -c guise -n __fish_use_subcommand -a %s -d '", (*c)->name);
		print_quoted((*c)->summary, "\\");
		printf("'\n");
	}
	for (const struct command *const *c = commands; *c; c++)
		fish_command(*c);
	printf("complete -c guise -n __fish_use_subcommand -a help -d 'prints how a command is used'\n"
	       "complete -c guise -n __fish_use_subcommand -a version -d 'prints the version'\n"
	       "complete -c guise -n '__fish_seen_subcommand_from help' -a '");
	print_commands(" ");
	printf("'\n");
}

/* ---- The command --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

static int completion(int argc, char **argv, struct failure *why)
{
	int first = options_parse(&command_completion, NULL, argc, argv, why);

	if (first < 0)
		return first;
	for (size_t i = 0; first + 1 == argc && i < COUNT(shells); i++)
		if (strcmp(shells[i].name, argv[first]) == 0)
			return shells[i].print(), 0;
	return failure_set(why, EXIT_GUISE, "completion: give one of %s",
			   command_completion.operands);
}

const struct command command_completion = {
	.name = "completion",
	.operands = "bash|zsh|fish",
	.summary = "prints what makes a shell complete guise's commands",
	.more = "",
	.run = completion,
};
