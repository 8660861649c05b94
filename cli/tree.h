/* Directory trees whose contents somebody hostile may have made. */
#ifndef GUISE_TREE_H
#define GUISE_TREE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#define TREE_DEEPEST 200 /* a descriptor or three for each level */
#define TREE_PATH 8192

/* The names in a directory but "." and "..", sorted, to be freed with tree_names_free(): how
 * many, or -errno. */
long tree_names(int dir, char ***names);
void tree_names_free(char **names, long n);

/* A directory in `at`, to be read; never through a symbolic link.  Or -errno. */
int tree_enter(int at, const char *name);

/* "a/b" and name: "a/b/name"; false if it gets too long. */
int tree_append(char path[TREE_PATH], const char *name);
/* And back. */
void tree_cut(char path[TREE_PATH]);

/* A path as one word of plain ASCII: within quotes and with \ooo where it is anything else. */
void tree_print_path(FILE *out, const char *path);

/* Why the host may run that later, or what else is odd about it; NULL if nothing is.  path is
 * relative to the tree, target what a symbolic link leads to. */
const char *tree_risk(const char *path, const struct stat *st, const char *target);

#endif
