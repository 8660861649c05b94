/* A library that needs the first, with thread-local storage found through the linker. */
#define EXPORT __attribute__((visibility("default")))
#define DYNAMIC_TLS __attribute__((tls_model("global-dynamic")))

extern int one_sum(int more);
extern int one_numbers[4];

EXPORT DYNAMIC_TLS __thread long two_own[3] = {7, 8, 9};
static int *const two_numbers = one_numbers;

EXPORT int two_sum(int more);
EXPORT long *two_own_at(void);

int two_sum(int more)
{
	return one_sum(more) + two_numbers[3];
}

long *two_own_at(void)
{
	return two_own;
}
