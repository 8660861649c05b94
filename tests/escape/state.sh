# shellcheck shell=bash
# state VICTIM SENTINEL: what a guest must not be able to change on the host, one line each; to be
# compared before and after.
state()
{
	local f victim=$1 sentinel=$2
	echo "sentinel: $(cat "$sentinel") $(stat -c '%a %u %g %Y %Z %h' "$sentinel")"
	echo "devices: $(stat -Lc '%n %a %u %g' /dev/* | md5sum)"
	for f in /etc/passwd /etc/group /etc/shadow /etc/hosts /etc/resolv.conf; do
		[ -r $f ] && echo "$f: $(stat -Lc '%a %u %g %Y %s %i' $f) $(md5sum <$f)"
	done
	echo "root: $(find / -maxdepth 1 | sort | md5sum)"
	echo "victim: $(cut -d' ' -f3,5,6,18,19,22,40,41 /proc/$victim/stat)"
	echo "victim: $(grep -E '^(Uid|Gid|Cap|Seccomp|NoNewPrivs|Cpus_allowed_list|SigBlk|SigIgn|Umask)' /proc/$victim/status | md5sum)"
	echo "limits: $(md5sum </proc/$victim/limits) $(cat /proc/$victim/oom_score_adj) $(cat /proc/$victim/cgroup)"
	echo "own: $(ulimit -a | md5sum) $(grep -E '^(Cap|Seccomp|Cpus_allowed_list)' /proc/$$/status | md5sum)"
	echo "mounts: $(cut -d' ' -f3- /proc/self/mountinfo | sort | md5sum)"
	echo "host: $(uname -n) $(cat /proc/sys/kernel/domainname) $(cat /proc/swaps /proc/modules 2>/dev/null | cut -d' ' -f1 | md5sum)"
	for f in kernel/core_pattern kernel/printk kernel/pid_max kernel/randomize_va_space vm/overcommit_memory \
		fs/file-max net/ipv4/ip_forward kernel/yama/ptrace_scope user/max_user_namespaces; do
		[ -r /proc/sys/$f ] && echo "$f: $(cat /proc/sys/$f)"
	done
	echo "ipc: $(cut -c1-60 /proc/sysvipc/shm /proc/sysvipc/sem /proc/sysvipc/msg 2>/dev/null | md5sum)"
	echo "shm: $(find /dev/shm -maxdepth 1 | sort | md5sum)"
	if command -v ip >/dev/null; then
		echo "network: $({ ip -o addr; ip route; ip -6 route; ip rule; } 2>/dev/null | sed 's/_lft [^ ]*//g' | md5sum)"
	fi
	# Not the sandboxes' own, which come and go: what is left of those others look at (nothing-left).
	echo "cgroups: $(find /sys/fs/cgroup -maxdepth 3 -type d ! -name 'guise-*' 2>/dev/null | sort | md5sum)"
}
