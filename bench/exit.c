/* The least a program can do: end. */
#include "tests/guest/guest.h"

void test(int argc, char **argv, char **envp)
{
}
