# shellcheck shell=bash
# What the test scripts share.  A script sources this first; it is run in an empty directory of
# its own, by tests/run or by hand.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
B=$(realpath "${B:-$root/build}")
GUISE=${GUISE:-$B/guise}
INPUTS=${INPUTS:-$B/inputs}
SOAK=${SOAK:-}
export root B GUISE INPUTS SOAK

fail()
{
	echo "FAIL: $*"
	exit 1
}

skip()
{
	echo "$*"
	exit 77
}

# wait_until SECONDS COMMAND...: until it succeeds.
wait_until()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt "$end" ] || return 1
		sleep 0.05
	done
}

# gone PID
gone()
{
	! kill -0 "$1" 2>/dev/null
}

# What the go command keeps between runs, GOCACHE and GOPATH.  Who may not write there reads it through links.
go_caches()
{
	export GOCACHE=$B/go-cache GOPATH=$B/go-path
	mkdir -p "$GOCACHE" "$GOPATH" 2>/dev/null
	[ -w "$GOCACHE" ] && [ -w "$GOPATH" ] && return
	export GOCACHE=$HOME/.cache/go-build GOPATH=$HOME/go
	[ ! -e "$GOCACHE" ] || return 0
	mkdir -p "$GOPATH" "${GOCACHE%/*}" && cp -rs "$B/go-cache" "$GOCACHE" || fail "no copy of $B/go-cache"
}

free_port()
{
	local port
	for _ in $(seq 50); do
		port=$((20000 + RANDOM % 30000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	fail "no free port"
}

# The sources of the package "three", copied so that both systems read them under one name.
copy_three()
{
	cp -r "$INPUTS/three-0.170.0/src" three || fail "no copy of three"
}
