/* The host's side of the probes: makes what a guest must not reach, runs a command, and tells
 * what was reached all the same.
 *
 *     host [-t] DIRECTORY COMMAND [ARGUMENT...]
 *
 * The command finds in its environment what there is (SECRET, VICTIM, PORT, ...), and descriptors
 * open that it has no business with.  An argument {} becomes `--env NAME=VALUE` for each.  With -t
 * its 0-2 are a terminal of its own, which controls it; what it prints there is passed on.
 *
 * The victim is this process: it counts the signals and connections that come, and looks at its
 * file, memory, limits and terminal afterwards.  Lines as the probes print them:
 *
 *     PROBE <tab> NAME <tab> HELD|BREACH <tab> text
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <mqueue.h>
#include <net/if.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MARK "untouched"
#define MAX_FACTS 32

struct world {
	char name[64], directory[3000], secret[3072], executable[3072], socket[3072];
	char shared_socket[3072];
	struct stat secret_was;
	int abstract, path, shared, tcp, udp; /* nobody may come here */
	key_t key;
	int shm, msg, sem;
	char *memory; /* of the shm segment */
	mqd_t queue;
	int shm_file;
	struct rlimit limits[RLIM_NLIMITS];
	cpu_set_t processors;
	int priority;
	char *facts[MAX_FACTS];
	int n_facts;
	int master, slave; /* -t */
	struct termios modes_were;
	struct stat terminal_was;
};

/* Counted by a handler, so these two cannot be anywhere else. */
static volatile sig_atomic_t heard, heard_number;

static void hear(int number)
{
	heard++;
	heard_number = number;
}

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "host: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int must(int r, const char *what)
{
	if (r < 0)
		give_up(what);
	return r;
}

__attribute__((format(printf, 2, 3))) static void tell(struct world *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (w->n_facts == MAX_FACTS || vasprintf(&w->facts[w->n_facts++], format, args) < 0)
		give_up("facts");
	va_end(args);
}

/* ---- What is there -------------------------------------------------------------------- */

static void make_secret(struct world *w)
{
	snprintf(w->secret, sizeof w->secret, "%s/secret", w->directory);
	int fd = must(open(w->secret, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600), w->secret);
	must((int)write(fd, "secret: " MARK, 8 + sizeof MARK), "secret");
	close(fd);
	snprintf(w->executable, sizeof w->executable, "%s/executable", w->directory);
	fd = must(open(w->executable, O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0700), w->executable);
	close(fd);
	must(stat(w->secret, &w->secret_was), w->secret);
	tell(w, "SECRET=%s", w->secret);
	tell(w, "EXECUTABLE=%s", w->executable);
}

static int listen_at(int type, const struct sockaddr *a, socklen_t n)
{
	int s = must(socket(a->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");

	must(bind(s, a, n), "bind");
	if (type == SOCK_STREAM)
		must(listen(s, 4096), "listen"); /* nobody accepts before the end */
	return s;
}

static int listen_local(const char *path, const char *abstract)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (abstract) {
		memcpy(a.sun_path + 1, abstract, strlen(abstract));
		return listen_at(SOCK_STREAM, (struct sockaddr *)&a,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
					     strlen(abstract)));
	}
	snprintf(a.sun_path, sizeof a.sun_path, "%.107s", path);
	unlink(a.sun_path);
	return listen_at(SOCK_STREAM, (struct sockaddr *)&a, sizeof a);
}

static void find_address(struct world *w)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		const struct sockaddr_in *a = (struct sockaddr_in *)i->ifa_addr;
		if (!a || a->sin_family != AF_INET || i->ifa_flags & IFF_LOOPBACK)
			continue;
		tell(w, "ADDRESS=%u", a->sin_addr.s_addr);
		break;
	}
	freeifaddrs(all);
}

static void make_sockets(struct world *w)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t n = sizeof any;

	snprintf(w->socket, sizeof w->socket, "%s/socket", w->directory);
	w->path = listen_local(w->socket, NULL);
	w->abstract = listen_local(NULL, w->name);
	if (*w->shared_socket)
		w->shared = listen_local(w->shared_socket, NULL);
	w->tcp = listen_at(SOCK_STREAM, (struct sockaddr *)&any, sizeof any);
	must(getsockname(w->tcp, (struct sockaddr *)&any, &n), "getsockname");
	w->udp = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "udp");
	tell(w, "SOCKET=%s", w->socket);
	tell(w, "ABSTRACT=%s", w->name);
	tell(w, "SHARED_SOCKET=%s", w->shared_socket);
	tell(w, "PORT=%u", ntohs(any.sin_port));
	find_address(w);
}

static void make_ipc(struct world *w)
{
	struct mq_attr one = {.mq_maxmsg = 1, .mq_msgsize = 16};
	char path[80];

	w->key = (key_t)(0x67000000 | getpid());
	w->shm = must(shmget(w->key, 4096, IPC_CREAT | 0666), "shmget");
	w->msg = must(msgget(w->key, IPC_CREAT | 0666), "msgget");
	w->sem = must(semget(w->key, 1, IPC_CREAT | 0666), "semget");
	w->memory = shmat(w->shm, NULL, 0);
	if (w->memory == (void *)-1)
		give_up("shmat");
	memcpy(w->memory, MARK, sizeof MARK);
	snprintf(path, sizeof path, "/%s", w->name);
	w->queue = must(mq_open(path, O_CREAT | O_RDWR | O_NONBLOCK | O_CLOEXEC, 0666, &one),
			"mq_open");
	w->shm_file = must(shm_open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666), "shm_open");
	must((int)write(w->shm_file, MARK, sizeof MARK), "shm_open");
	tell(w, "KEY=%d", w->key);
	tell(w, "SHM=%d", w->shm);
	tell(w, "NAME=%s", w->name);
}

/* What a careless caller leaves open. */
static void leave_open(struct world *w)
{
	const int fds[] = {open("/", O_RDONLY | O_DIRECTORY), open("/", O_PATH | O_DIRECTORY),
			   open(w->secret, O_RDWR), socket(AF_INET, SOCK_STREAM, 0)};

	for (size_t i = 0; i < COUNT(fds); i++)
		must(fds[i], "descriptors");
	tell(w, "WRITABLE=%d", fds[2]);
}

/* The file system that the host's terminals are in. */
static void tell_terminals(struct world *w)
{
	struct stat st;

	if (stat("/dev/pts", &st) == 0)
		tell(w, "TERMINALS=%u", minor(st.st_dev));
}

static void remember_self(struct world *w)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		(void)getrlimit(i, &w->limits[i]); /* all are there */
	must(sched_getaffinity(0, sizeof w->processors, &w->processors), "affinity");
	w->priority = getpriority(PRIO_PROCESS, 0);
	tell(w, "VICTIM=%d", getpid());
	tell(w, "VICTIM_DATA=%lu", (unsigned long)w->memory);
	for (int n = 1; n < 65; n++)
		if (n != SIGCHLD && n != SIGCONT)
			(void)signal(n, hear); /* KILL, STOP and libc's own refuse */
}

static void make_terminal(struct world *w)
{
	must(openpty(&w->master, &w->slave, NULL, NULL, NULL), "openpty");
	must(fcntl(w->master, F_SETFD, FD_CLOEXEC), "terminal");
	must(fcntl(w->slave, F_SETFD, FD_CLOEXEC), "terminal");
	must(tcgetattr(w->slave, &w->modes_were), "terminal");
	w->modes_were.c_lflag &= ~(tcflag_t)ECHO; /* what is typed must not mix with the results */
	must(tcsetattr(w->slave, TCSANOW, &w->modes_were), "terminal");
	must(fstat(w->slave, &w->terminal_was), "terminal");
}

/* ---- The command -------------------------------------------------------------------------- */

static char **arguments(const struct world *w, char **from)
{
	size_t n = 0, room = 1;
	for (char **a = from; *a; a++)
		room += strcmp(*a, "{}") ? 1 : 2 * (size_t)w->n_facts;
	char **to = calloc(room, sizeof *to);
	if (!to)
		give_up("arguments");
	for (char **a = from; *a; a++) {
		if (strcmp(*a, "{}") != 0) {
			to[n++] = *a;
			continue;
		}
		for (int i = 0; i < w->n_facts; i++) {
			to[n++] = (char *)"--env";
			to[n++] = w->facts[i];
		}
	}
	return to;
}

static _Noreturn void become(struct world *w, char **command)
{
	char **argv = arguments(w, command);

	for (int n = 1; n < 65; n++)
		(void)signal(n, n == SIGTTOU ? SIG_IGN
					     : SIG_DFL); /* as above; probes are not stopped */
	for (int i = 0; i < w->n_facts; i++)
		if (putenv(w->facts[i]) != 0)
			give_up("putenv");
	if (w->master >= 0) {
		must(setsid(), "setsid");
		must(ioctl(w->slave, TIOCSCTTY, 0), "TIOCSCTTY");
		for (int fd = 0; fd <= 2; fd++)
			must(dup2(w->slave, fd), "dup2");
	}
	execvp(argv[0], argv);
	give_up(argv[0]);
}

/* What the terminal shows, without its carriage returns, until the command is gone. */
static void pass_on(struct world *w, pid_t child, int *status)
{
	struct pollfd p = {.fd = w->master, .events = POLLIN};
	char text[4096];

	for (bool over = false;;) {
		int ready = poll(&p, 1, over ? 100 : 20);
		if (ready > 0 && p.revents & POLLIN) {
			ssize_t n = read(w->master, text, sizeof text);
			for (ssize_t i = 0; i < n; i++)
				if (text[i] != '\r')
					putchar(text[i]);
		} else if (over) {
			return;
		}
		over = over || waitpid(child, status, WNOHANG) == child;
	}
}

/* ---- What came of it ------------------------------------------------------------------------ */

static bool breached;

__attribute__((format(printf, 4, 5))) static void verdict(const char *probe, const char *name,
							  bool held, const char *format, ...)
{
	va_list args;

	breached |= !held;
	printf("%s\thost_%s\t%s\t", probe, name, held ? "HELD" : "BREACH");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static int came(int listener)
{
	int n = 0, s;

	while ((s = accept(listener, NULL, NULL)) >= 0) {
		n++;
		close(s);
	}
	return n;
}

static void judge_files(struct world *w)
{
	char text[64] = "";
	struct stat is;
	int fd = open(w->secret, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text - 1) < 0 || fstat(fd, &is) < 0)
		memset(&is, 0, sizeof is);
	if (fd >= 0)
		close(fd);
	verdict("1", "secret",
		!strcmp(text, "secret: " MARK) && is.st_mode == w->secret_was.st_mode &&
			is.st_uid == w->secret_was.st_uid &&
			is.st_ctim.tv_sec == w->secret_was.st_ctim.tv_sec &&
			is.st_ctim.tv_nsec == w->secret_was.st_ctim.tv_nsec,
		"contents, mode, owner and times of the host's file");
}

static void judge_ipc(struct world *w)
{
	char text[64] = "";
	struct mq_attr a = {0};

	verdict("24", "connections", came(w->abstract) + came(w->path) == 0,
		"connections to the host's local sockets");
	verdict("26", "connections", came(w->tcp) == 0, "connections to the host's TCP port");
	(void)mq_getattr(w->queue, &a); /* it is open */
	verdict("24", "memory",
		!strcmp(w->memory, MARK) &&
			pread(w->shm_file, text, sizeof text, 0) == sizeof MARK &&
			!strcmp(text, MARK) && a.mq_curmsgs == 0,
		"the host's shared memory and queue");
}

static void judge_self(struct world *w)
{
	struct rlimit l;
	cpu_set_t processors;
	bool same = getpriority(PRIO_PROCESS, 0) == w->priority &&
		    sched_getscheduler(0) == SCHED_OTHER &&
		    sched_getaffinity(0, sizeof processors, &processors) == 0 &&
		    CPU_EQUAL(&processors, &w->processors);

	for (int i = 0; i < RLIM_NLIMITS; i++)
		same &= getrlimit(i, &l) == 0 && memcmp(&l, &w->limits[i], sizeof l) == 0;
	verdict("15", "signals", heard == 0, "%d signals heard, the last %d", (int)heard,
		(int)heard_number);
	verdict("16", "process", same, "limits, priority and processors of the host's process");
}

static void judge_terminal(struct world *w)
{
	struct termios raw, now;
	struct stat is;
	int typed = 0;

	if (w->master < 0)
		return;
	must(tcgetattr(w->slave, &now), "terminal");
	raw = now;
	cfmakeraw(&raw); /* what waits for its line's end counts, too */
	must(tcsetattr(w->slave, TCSANOW, &raw), "terminal");
	must(ioctl(w->slave, FIONREAD, &typed), "terminal");
	must(fstat(w->slave, &is), "terminal");
	verdict("27", "typed", typed == 0, "%d characters in the caller's terminal", typed);
	verdict("27", "modes",
		now.c_iflag == w->modes_were.c_iflag && now.c_oflag == w->modes_were.c_oflag &&
			now.c_lflag == w->modes_were.c_lflag &&
			now.c_cflag == w->modes_were.c_cflag,
		"modes of the caller's terminal");
	verdict("33", "terminal",
		is.st_mode == w->terminal_was.st_mode && is.st_uid == w->terminal_was.st_uid,
		"mode and owner of the caller's terminal");
}

static void clear_away(struct world *w)
{
	char path[80];

	snprintf(path, sizeof path, "/%s", w->name);
	(void)shmctl(w->shm, IPC_RMID, NULL); /* whatever went wrong, the rest goes too */
	(void)msgctl(w->msg, IPC_RMID, NULL);
	(void)semctl(w->sem, 0, IPC_RMID);
	(void)mq_unlink(path);
	(void)shm_unlink(path);
	(void)unlink(w->secret);
	(void)unlink(w->executable);
	(void)unlink(w->socket);
	if (*w->shared_socket)
		(void)unlink(w->shared_socket);
}

int main(int argc, char **argv)
{
	struct world w = {.master = -1, .slave = -1, .shared = -1};
	int status = 0, first = 1;

	if (argc > 1 && !strcmp(argv[1], "-t")) {
		make_terminal(&w);
		first = 2;
	}
	if (argc < first + 2) {
		fprintf(stderr, "usage: host [-t] DIRECTORY COMMAND [ARGUMENT...]\n");
		return 2;
	}
	snprintf(w.directory, sizeof w.directory, "%s", argv[first]);
	snprintf(w.name, sizeof w.name, "guise-probed-%d", getpid());
	if (getenv("SHARED_SOCKET"))
		snprintf(w.shared_socket, sizeof w.shared_socket, "%s", getenv("SHARED_SOCKET"));
	make_secret(&w);
	make_sockets(&w);
	make_ipc(&w);
	leave_open(&w);
	tell_terminals(&w);
	remember_self(&w);
	fflush(stdout);
	pid_t child = must(fork(), "fork");
	if (child == 0)
		become(&w, argv + first + 1);
	if (w.master >= 0)
		pass_on(&w, child, &status);
	else
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	judge_files(&w);
	judge_ipc(&w);
	judge_self(&w);
	judge_terminal(&w);
	clear_away(&w);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status) ? WEXITSTATUS(status) : breached ? 3 : 0;
}
