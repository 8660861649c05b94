/* Dies of a fault while one thread sleeps and one is busy. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static volatile int counter = 41;
static volatile char written[1 << 20];

static void *sleeper(void *nothing)
{
	sleep(60);
	return nothing;
}

static void *busy(void *nothing)
{
	for (;;)
		written[1000]++;
	return nothing;
}

static __attribute__((noinline)) void inner(volatile int *at)
{
	counter++;
	*at = 3;
}

static __attribute__((noinline)) void outer(volatile int *at)
{
	inner(at);
	counter++;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];
	char *secret = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *heap = malloc(100);

	strcpy(heap, "kept in the heap");
	for (int i = 0; i < 16; i++) /* not so in the program's own text */
		secret[i] = (char)("tfdsfu!jt!opu!tp"[i] - 1);
	madvise(secret, 4096, MADV_DONTDUMP);
	pthread_create(&threads[0], NULL, sleeper, NULL);
	pthread_create(&threads[1], NULL, busy, NULL);
	while (!written[1000])
		usleep(1000);
	if (argc > 1)
		abort();
	outer((int *)16);
	return heap[0] + argv[0][0];
}
