/* A Linux program that tries one thing with a socket: its exit status is the errno, 0 if it
 * was done.
 *
 *	sockets listen NAME      abstract; says "up" and serves for a minute
 *	sockets connect NAME     abstract
 *	sockets own              an abstract one and a TCP port of its own, connected to
 *	sockets bind             any TCP port
 */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t abstract(struct sockaddr_un *a, const char *name)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	strncpy(a->sun_path + 1, name, sizeof a->sun_path - 2);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(a->sun_path + 1));
}

static int listen_at(int family, const void *address, socklen_t size)
{
	int s = socket(family, SOCK_STREAM, 0);

	return s < 0 || bind(s, address, size) < 0 || listen(s, 4) < 0 ? -1 : s;
}

static int connect_to(int family, const void *address, socklen_t size)
{
	int s = socket(family, SOCK_STREAM, 0);

	return s < 0 ? -1 : connect(s, address, size);
}

static int own(void)
{
	struct sockaddr_un name;
	socklen_t size = abstract(&name, "own");
	struct sockaddr_in port = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t port_size = sizeof port;

	if (listen_at(AF_UNIX, &name, size) < 0 || connect_to(AF_UNIX, &name, size) < 0)
		return errno;
	int s = listen_at(AF_INET, &port, port_size);
	if (s < 0 || getsockname(s, (struct sockaddr *)&port, &port_size) < 0 ||
	    connect_to(AF_INET, &port, port_size) < 0)
		return errno;
	return 0;
}

int main(int argc, char **argv)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	const char *what = argc > 1 ? argv[1] : "";
	struct sockaddr_un name;
	socklen_t size = abstract(&name, argc > 2 ? argv[2] : "");

	if (!strcmp(what, "listen")) {
		if (listen_at(AF_UNIX, &name, size) < 0)
			return errno;
		puts("up");
		fflush(stdout);
		sleep(60);
		return 0;
	}
	if (!strcmp(what, "connect"))
		return connect_to(AF_UNIX, &name, size) < 0 ? errno : 0;
	if (!strcmp(what, "own"))
		return own();
	if (!strcmp(what, "bind"))
		return listen_at(AF_INET, &any, sizeof any) < 0 ? errno : 0;
	return 200;
}
