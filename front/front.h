/* Between the front's two halves, front.c and entry.S. */
#ifndef GUISE_FRONT_H
#define GUISE_FRONT_H

/* Where the file begins. */
void front_start(void);
/* The same in C: the stack is as execve(2) leaves it. */
_Noreturn void front_begin(long *stack);
/* Begins the whole instead. */
_Noreturn void front_whole(void);
/* Before that: leaves things as they were; ends the process if it is too late. */
void front_leave(void);

/* cli/main.c */
int main(int argc, char **argv);

#endif
