/* Threads, signals, robust locks, processes: prints one line, the same wherever it runs.
 * Built static and dynamic, against glibc and musl. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 10, STEPS = 2000, EVERY = 100 };

extern char **environ;
static volatile double kept = 1.5;
static _Atomic long handled;
static _Thread_local int mine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long total;

static void die(const char *what)
{
	printf("FAIL: %s\n", what);
	exit(1);
}

/* Dirties the vector registers: the interrupted code's must come back. */
static void on_signal(int n, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_pid != getpid() || info->si_signo != n)
		die("siginfo");
	kept = kept * 3 / 3;
	handled++;
}

static void *work(void *number)
{
	double x = (double)(intptr_t)number;

	for (int i = 0; i < STEPS; i++) {
		pthread_mutex_lock(&lock);
		total++;
		pthread_mutex_unlock(&lock);
		mine++;
		x += 0.5;
		if (i % EVERY == 0)
			pthread_kill(pthread_self(), SIGUSR1);
	}
	if (x != (double)(intptr_t)number + STEPS * 0.5)
		die("vector registers");
	return (void *)((intptr_t)number + mine);
}

static void threads(void)
{
	pthread_t thread[THREADS];
	void *result;

	for (intptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, (void *)i))
			die("pthread_create");
	for (intptr_t i = 0; i < THREADS; i++)
		if (pthread_join(thread[i], &result) || (intptr_t)result != i + STEPS)
			die("pthread_join");
}

/* The holder dies: the next one is told. */
static void robust_lock(void)
{
	pthread_mutex_t *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t a;
	int status;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &a);
	pid_t child = fork();
	if (child == 0) {
		pthread_mutex_lock(m);
		_exit(5);
	}
	if (waitpid(child, &status, 0) != child || status != 5 << 8)
		die("exit status");
	if (pthread_mutex_lock(m) != EOWNERDEAD)
		die("robust mutex");
}

static void ends_by(int n)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		signal(n, SIG_DFL);
		raise(n);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != n)
		die("death by signal");
}

static void spawned(void)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)"exit 7", NULL};
	pid_t child;
	int status;

	if (access("/bin/sh", X_OK) < 0)
		return;
	if (posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ) ||
	    waitpid(child, &status, 0) != child || status != 7 << 8)
		die("posix_spawn");
}

static void waits(void)
{
	struct timespec none = {0, 0};
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigqueue(getpid(), SIGRTMAX, (union sigval){.sival_int = 1234});
	raise(SIGUSR2);
	if (sigtimedwait(&set, &info, &none) != SIGUSR2)
		die("sigtimedwait");
	if (sigwaitinfo(&set, &info) != SIGRTMAX || info.si_value.sival_int != 1234 ||
	    info.si_code != SI_QUEUE)
		die("sigwaitinfo");
	if (sigtimedwait(&set, &info, &none) != -1 || errno != EAGAIN)
		die("sigtimedwait, nothing there");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* A handler on a stack of its own mends what made the instruction fault. */
static char *page;
static void on_fault(int n, siginfo_t *info, void *context)
{
	char here;

	(void)context;
	if (n != SIGSEGV || info->si_addr != page || info->si_code != SEGV_ACCERR ||
	    (&here > page && &here < page + 4096))
		_exit(9);
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void faults(void)
{
	struct sigaction a = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &a, NULL);
	*(volatile char *)page = 1;
	if (*(volatile char *)page != 1)
		die("fault");
}

int main(void)
{
	struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigaction(SIGUSR1, &a, NULL);
	for (int i = 0; i < ROUNDS; i++)
		threads();
	if (total != THREADS * ROUNDS * STEPS || handled != THREADS * ROUNDS * (STEPS / EVERY))
		die("counts");
	robust_lock();
	ends_by(SIGKILL);
	ends_by(SIGABRT);
	ends_by(SIGRTMAX);
	spawned();
	waits();
	faults();
	printf("%ld steps, %ld signals\n", total, (long)handled);
	return 0;
}
