# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034  # variables are test-probes's
# The probes that a guest cannot make by itself: hostile files that guise is started with, and what is left when it is
# killed.  For test-probes, whose variables they use; each writes lines to `results`, and to `bare` what a careless
# set-up would have done.

# say FILE USER GUEST PROBE NAME VERDICT TEXT
say()
{
	local IFS=$'\t'
	echo "${*:2}" >>"$1"
}

# judge USER GUEST PROBE NAME TEXT COMMAND...: HELD if it succeeds
judge()
{
	local verdict=BREACH
	"${@:6}" && verdict=HELD
	say results "$1" "$2" "$3" "$4" $verdict "$5"
}

way_of()
{
	[ "$1" = linux ] && echo calls || echo gate
}

# How many files there are where none may be made, and what they hold.
reached()
{
	find "$1" -mindepth 1 -printf '%P %s %m %U\n' | sort
}

# ---- 6, 7: a root directory whose own names lead to the host

# A hostile image, of one kind.
make_image()
{
	local image=$1 out=$2 kind=$3
	rm -rf "$image"
	mkdir -p "$image/etc" "$image/a"
	case $kind in
	dev | proc | tmp | etc | run) rmdir "$image/$kind" 2>/dev/null; ln -s "$out" "$image/$kind" ;;
	relative) ln -s "../../../../../../../../..$out" "$image/dev" ;;
	shm) mkdir "$image/dev" && ln -s "$out" "$image/dev/shm" ;;
	null) mkdir "$image/dev" && ln -s "$out/null" "$image/dev/null" ;;
	pts) mkdir "$image/dev" && ln -s "$out" "$image/dev/pts" ;;
	target) ln -s "$out/new" "$image/data" ;;
	parent) ln -s "$out" "$image/data" ;;
	passwd) ln -s "$out/passwd" "$image/etc/passwd" ;;
	resolver) ln -s "$out/resolv.conf" "$image/etc/resolv.conf" ;;
	loop) ln -s data "$image/data" ;;
	esac
	chown -hR --reference="${image%/*}" "$image"
}
image_kinds='dev proc tmp etc run relative shm null pts target parent passwd resolver loop'

# start_with_image USER GUEST IMAGE: its status
start_with_image()
{
	local box=$home/$1/box
	(cd "$box" && as "$1" timeout 20 "$home/guise" run --root "$3" --no-cwd --ro "$home/$1/in:/data/sub" --rw "$home/$1/given:/data/given" \
		--tmpfs /data/made -- "$box/probe.$2" "$(way_of "$2")" - devices) >out 2>&1 </dev/null
}

probe_images()
{
	local user=$1 guest=$2 image=$home/$1/image out=$home/$1/outside kind before status bad=""
	mkdir -p "$out" "$home/$user/given"
	echo "the host's" >"$out/null"
	before=$(reached "$out")
	for kind in $image_kinds; do
		make_image "$image" "$out" "$kind"
		start_with_image "$user" "$guest" "$image"
		status=$?
		case $status in
		0 | 125 | 126 | 127) ;;
		*) bad+=" $kind: status $status;" ;;
		esac
		[ "$(reached "$out")" = "$before" ] || bad+=" $kind: the host's directory was changed;"
	done
	judge "$user" "$guest" 6 host_image "${bad:-no file of the host was made or changed}" [ -z "$bad" ]
	# What a set-up that goes by names does.
	make_image "$image" "$out" dev
	touch "$image/dev/full"
	[ "$(reached "$out")" = "$before" ] || say bare "$user" bare 6 host_image BREACH 'a file was made by a name in the image'
	rm -rf "$out" "$image"
}

probe_image_race()
{
	local user=$1 guest=$2 image=$home/$1/image out=$home/$1/outside before status bad="" flipper name n=12
	mkdir -p "$out" "$home/$user/given"
	echo "the host's" >"$out/null"
	[ -z "$SOAK" ] || n=200
	before=$(reached "$out")
	for name in dev data tmp; do
		make_image "$image" "$out" none
		mkdir -p "$image/$name"
		ln -s "$out" "$image/other"
		chown -hR --reference="${image%/*}" "$image"
		ONE=$image/$name OTHER=$image/other "$home/probe.linux" calls - flip >flipping &
		flipper=$!
		wait_until 10 grep -q flipping flipping
		for _ in $(seq $n); do
			start_with_image "$user" "$guest" "$image"
			status=$?
			case $status in
			0 | 125 | 126 | 127) ;;
			*) bad+=" $name: status $status;" ;;
			esac
		done
		# The same for one who looks first and makes then, until it goes wrong.
		if [ $name = dev ] && [ "$guest" = linux ]; then
			SECONDS=0
			while [ $SECONDS -lt 20 ]; do
				[ -d "$image/dev" ] && [ ! -L "$image/dev" ] && : >"$image/dev/full"
				[ ! -e "$out/full" ] || break
			done 2>/dev/null
			[ ! -e "$out/full" ] || say bare "$user" bare 7 host_image_race BREACH 'looked at, then used'
			rm -f "$out/full"
		fi
		kill $flipper
		wait $flipper 2>/dev/null
	done
	[ "$(reached "$out")" = "$before" ] || bad+=" the host's directory was changed;"
	judge "$user" "$guest" 7 host_image_race "${bad:-no file of the host was made, and every device was one}" [ -z "$bad" ]
	rm -rf "$out" "$image"
}

# ---- 30, 32: supervisors that stop or are killed

# The processes that were started with this word; not those that look for it.
marked()
{
	grep -lzx "[g]${1#g}" /proc/[0-9]*/cmdline 2>/dev/null
}

none_marked()
{
	[ -z "$(marked "$1")" ]
}

# sleeper USER GUEST MARK: a guest that goes on; its supervisor is $supervisor
sleeper()
{
	local box=$home/$1/box
	(cd "$box" && exec="exec" && as "$1" "$home/guise" run -- "$box/probe.$2" "$(way_of "$2")" - sleep "$3") >sleeping 2>/dev/null </dev/null &
	supervisor=$!
	wait_until 10 grep -q sleeping sleeping
}

quick()
{
	local box=$home/$1/box
	(cd "$box" && as "$1" timeout 10 "$home/guise" run -- "$box/probe.$2" "$(way_of "$2")" - devices) >/dev/null 2>&1 </dev/null
}

# In milliseconds, or so, when the machine has nothing else to do; longer as more wait for a processor.
gone_within()
{
	local ms
	ms=$(awk -v ms="$1" -v n="$(nproc)" '{printf "%d", ms * (1 + $1 / n)}' /proc/loadavg)
	while ! none_marked "$2"; do
		[ "$ms" -gt 0 ] || return 1
		sleep 0.02
		ms=$((ms - 20))
	done
}

probe_supervisors()
{
	local user=$1 guest=$2 mark supervisor left=0 n=15 box=$home/$1/box
	[ -z "$SOAK" ] || n=100
	mark=guise-probe-$user-$guest-$RANDOM$RANDOM
	sleeper "$user" "$guest" $mark
	kill -STOP $supervisor
	judge "$user" "$guest" 30 host_stopped 'another sandbox runs while one supervisor is stopped' quick "$user" "$guest"
	kill -KILL $supervisor
	wait $supervisor 2>/dev/null
	judge "$user" "$guest" 32 host_killed 'nothing runs a second after the supervisor was killed' gone_within 1000 $mark
	# And at any moment of the set-up.
	for _ in $(seq $n); do
		(cd "$box" && exec="exec" && as "$user" "$home/guise" run -- "$box/probe.$guest" "$(way_of "$guest")" - sleep $mark) >/dev/null 2>&1 </dev/null &
		supervisor=$!
		sleep "0.00$((RANDOM % 10))$((RANDOM % 10))"
		kill -KILL $supervisor
		wait $supervisor 2>/dev/null
		gone_within 1000 $mark || left=$((left + 1))
	done
	judge "$user" "$guest" 32 host_killed_early 'nor when it was killed while it set the sandbox up' [ $left = 0 ]
	[ "$guest" = linux ] || return
	# Without process 1 tied to it, a killed parent leaves its child.
	(exec -a x setsid sh -c "setsid sleep 5 & exec sleep 5" $mark) >/dev/null 2>&1 &
	supervisor=$!
	sleep 0.1
	kill -KILL $supervisor
	wait $supervisor 2>/dev/null
	say bare "$user" bare 30 host_stopped INFO 'nobody supervises'
	say bare "$user" bare 32 host_killed BREACH 'a child outlives its parent'
	say bare "$user" bare 32 host_killed_early BREACH 'a child outlives its parent'
}

# ---- 34: files that are no programs, or lie

# poke FILE OFFSET HEX...
poke()
{
	printf "$(printf '\\x%s' "${@:3}")" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

make_malformed()
{
	local file=$1 from=$2 kind=$3 ff='ff ff ff ff ff ff ff ff'
	cp "$from" "$file"
	chmod 755 "$file"
	# Elf64_Ehdr: phoff 32, phentsize 54, phnum 56; Elf64_Phdr, at 64: offset 8, vaddr 16, filesz 32, memsz 40, align 48
	# shellcheck disable=SC2086  # bytes are words
	case $kind in
	empty) : >"$file" ;;
	short) truncate -s 40 "$file" ;;
	headless) truncate -s 64 "$file" ;;
	half) truncate -s 100 "$file" ;;
	class) poke "$file" 4 01 ;;
	machine) poke "$file" 18 03 00 ;;
	type) poke "$file" 16 01 00 ;;
	many) poke "$file" 56 ff ff ;;
	none) poke "$file" 56 00 00 ;;
	small) poke "$file" 54 01 00 ;;
	far) poke "$file" 32 $ff ;;
	offset) poke "$file" 72 $ff; poke "$file" 128 $ff ;;
	address) poke "$file" 80 00 f0 $ff; poke "$file" 136 00 f0 $ff ;;
	low) poke "$file" 80 00 00 00 00 00 00 00 00; poke "$file" 136 00 00 00 00 00 00 00 00 ;;
	resident) poke "$file" 80 00 00 00 00 00 7e 00 00; poke "$file" 136 00 00 00 00 00 7e 00 00 ;;
	memory) poke "$file" 104 $ff; poke "$file" 160 $ff ;;
	file) poke "$file" 96 ff ff ff ff ff ff ff 7f; poke "$file" 152 ff ff ff ff ff ff ff 7f ;;
	align) poke "$file" 112 03 00 00 00 00 00 00 00; poke "$file" 168 03 00 00 00 00 00 00 00 ;;
	entry) poke "$file" 24 00 00 00 00 ff ff ff ff ;;
	script) printf '#!' >"$file"; head -c 100000 /dev/zero | tr '\0' a >>"$file" ;;
	itself) echo "#!$file" >"$file" ;;
	terminator) printf '#!/bin/\0sh\n' >"$file" ;;
	sparse) : >"$file"; truncate -s 1T "$file"; printf '\177ELF' | dd of="$file" conv=notrunc status=none ;;
	esac
	chown --reference="${file%/*}" "$file"
}
malformed_kinds='empty short headless half class machine type many none small far offset address low resident memory file align entry script
	itself terminator sparse'

probe_malformed()
{
	local user=$1 guest=$2 box=$home/$1/box file=$home/$1/box/malformed kind status bad=""
	for kind in $malformed_kinds; do
		make_malformed "$file" "$box/probe.$guest" "$kind"
		# What it may take: ten seconds, and far less memory than it claims.
		(cd "$box" && ulimit -f 2048 && as "$user" timeout -s KILL 10 "$home/guise" run --memory 256M --best-effort --quiet -- "$file") >out 2>&1 </dev/null
		status=$?
		case $status in
		125 | 126 | 127) ;;
		139 | 132 | 159) [ $kind = entry ] || [ $kind = type ] || [ $kind = align ] || [ $kind = low ] || bad+=" $kind: status $status;" ;;
		2 | 3) [ $kind = align ] || [ $kind = type ] || bad+=" $kind: it ran;" ;;
		*) bad+=" $kind: status $status;" ;;
		esac
	done
	rm -f "$file"
	judge "$user" "$guest" 34 host_malformed "${bad:-refused, at once, with a word}" [ -z "$bad" ]
	say bare "$user" bare 34 host_malformed INFO 'what the kernel does with them is its own'
}

# ---- Of ours: a directory on 0-2, bombs under limits

probe_directories()
{
	local user=$1 guest=$2 box=$home/$1/box bad="" fd
	for fd in 0 1 2; do
		(cd "$box" && eval "as $user $home/guise run -- $box/probe.$guest $(way_of "$guest") - devices $fd<." >out 2>&1)
		[ $? = 125 ] || bad+=" $fd;"
	done
	judge "$user" "$guest" 39 host_directory "${bad:-refused on each of 0-2}" [ -z "$bad" ]
	(cd "$box" && "$home/probe.linux" calls descriptor_kinds <.) | grep -q BREACH && say bare "$user" bare 39 host_directory BREACH 'a directory on 0'
}

probe_limits()
{
	local user=$1 guest=$2 box=$home/$1/box
	(cd "$box" && as "$user" timeout 60 "$home/guise" run --env PIDS=64 --pids 64 -- "$box/probe.$guest" "$(way_of "$guest")" processes) >out 2>&1 </dev/null
	grep -aP "$line" out | sed "s/^/$user\t$guest\t/" >>results
}

outside()
{
	probe_images "$@"
	probe_image_race "$@"
	probe_supervisors "$@"
	probe_malformed "$@"
	probe_directories "$@"
	probe_limits "$@"
}
