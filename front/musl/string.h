#include_next <string.h>
#ifndef FRONT_STRING_H
#define FRONT_STRING_H
const char *sigabbrev_np(int number);
#endif
