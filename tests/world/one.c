/* A library: data with addresses in it, thread-local storage by an offset fixed at start, and
 * a function that is called from the other library. */
#define EXPORT __attribute__((visibility("default")))
#define STATIC_TLS __attribute__((tls_model("initial-exec")))

EXPORT STATIC_TLS __thread int one_own = 11;
EXPORT int one_numbers[4] = {1, 2, 3, 4};
EXPORT int *one_third = &one_numbers[2];
static int initialised;

EXPORT int one_sum(int more);
EXPORT int *one_own_at(void);
EXPORT int one_initialised(void);
EXPORT unsigned long one_tls_new(void);

static __attribute__((constructor)) void initialise(void)
{
	initialised += 21;
}

/* Only libraries may leave a name to the run-time linker. */
extern unsigned long world_tls_new(void);

unsigned long one_tls_new(void)
{
	return world_tls_new();
}

int one_sum(int more)
{
	return *one_third + one_own + more;
}

int *one_own_at(void)
{
	return &one_own;
}

int one_initialised(void)
{
	return initialised;
}
