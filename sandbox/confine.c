/* Steps that take rights away, and the little that needs them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/box.h"
#include "sandbox/scope.h"

static int write_file(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* The parent's death kills this process, and with process 1 everything inside goes.  A
 * supervisor that was gone already is noticed by its end of the channel. */
int step_tie(struct box *b, const struct step *s)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -errno : 0;
}

/* user_namespaces(7): one line of its own ids may be written by the process itself, if it
 * has given up changing its groups. */
int step_map_user(struct box *b, const struct step *s)
{
	char line[64];
	int r = write_file("/proc/self/setgroups", "deny");

	if (r < 0)
		return r;
	(void)snprintf(line, sizeof line, "%u %u 1", b->options->uid, b->options->uid); /* fits */
	r = write_file("/proc/self/uid_map", line);
	if (r < 0)
		return r;
	(void)snprintf(line, sizeof line, "%u %u 1", b->options->gid, b->options->gid); /* fits */
	return write_file("/proc/self/gid_map", line);
}

/* The filter refuses them already: this is the second wall, and where /proc/sys is
 * read-only (in a container) there is only the first. */
int step_no_nesting(struct box *b, const struct step *s)
{
	(void)beside_write(b, "sys/user/max_user_namespaces", "0"); /* as said */
	return 0;
}

int step_hostname(struct box *b, const struct step *s)
{
	return sethostname(s->to, strlen(s->to)) < 0 ? -errno : 0;
}

static int drop_bounding(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
	return errno == EINVAL ? 0 : -errno; /* EINVAL: past the last one */
}

#define SECURE_SET ((SECURE_ALL_BITS & ~issecure_mask(SECURE_KEEP_CAPS)) | SECURE_ALL_LOCKS)

/* Also what would give a user of number 0 capabilities again when it executes something. */
int step_drop(struct box *b, const struct step *s)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	/* An ordinary user outside a namespace of its own has nothing to give up, nor the right
	 * to lock the bits. */
	if (b->options->no_namespaces && prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) < 0 && errno == EPERM)
		return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
	if (prctl(PR_SET_SECUREBITS, SECURE_SET, 0, 0, 0) < 0)
		return -errno;
	int r = drop_bounding();
	if (r < 0)
		return r;
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

/* No new privileges are given up already, so no right is needed.  The mitigation that slows
 * filtered processes guards against readers of their own memory: there is nothing to read. */
int confine_filter(const struct sock_filter *filter, unsigned short length)
{
	const struct sock_fprog program = {.len = length, .filter = (struct sock_filter *)filter};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		       &program) < 0
		       ? -errno
		       : 0;
}

/* $(B)/filter_settled.c: made at build time by mkfilter.c. */
extern const struct sock_filter settled_filter[];
extern const unsigned short settled_filter_length;

extern const struct sock_filter settled_traced_filter[];
extern const unsigned short settled_traced_filter_length;

int step_settle(struct box *b, const struct step *s)
{
	if (b->options->traced)
		return confine_filter(settled_traced_filter, settled_traced_filter_length);
	return confine_filter(settled_filter, settled_filter_length);
}

/* ---- Why not ---------------------------------------------------------------------- */

static bool reads_as(const char *path, char value)
{
	char c = 0;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &c, 1) == 1 && c == value;
}

const char *confine_refusal(void)
{
	static const struct {
		const char *path;
		char value;
		const char *cure;
	} switches[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", '0',
		 "set the sysctl kernel.unprivileged_userns_clone to 1"},
		{"/proc/sys/user/max_user_namespaces", '0',
		 "raise the sysctl user.max_user_namespaces"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
		 "load guise's AppArmor profile (share/guise/apparmor.d/guise), "
		 "or set the sysctl kernel.apparmor_restrict_unprivileged_userns to 0"},
	};

	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
		if (reads_as(switches[i].path, switches[i].value))
			return switches[i].cure;
	return NULL;
}
