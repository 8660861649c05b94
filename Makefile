# guise: one Makefile, not recursive.  `make help` lists what it can do; V=1 shows the commands.
#
# Everything built goes to $(B) (build/ by default).  The code under syscalls/ and
# personalities/ is compiled twice from the same text: freestanding, for the resident that
# lives in the guest's address space, and hosted, for the command and the tests.

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
B ?= build
V ?= 0

ifeq ($(origin CC),default)
CC := gcc
endif
IS_CLANG := $(findstring clang,$(shell $(CC) --version 2>/dev/null))

ifeq ($(V),0)
Q := @
say = @printf '  %-8s %s\n' '$(1)' '$(patsubst $(B)/%,%,$(2))';
else
Q :=
say :=
endif

# ---- Flags -------------------------------------------------------------------

# type-limits: the declared types ask "is it signed" of every member, and no is an answer.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wunused-const-variable -Wno-unused-parameter -Wno-type-limits -Werror
WARN += $(if $(IS_CLANG),-Winitializer-overrides,-Woverride-init)
CFLAGS ?= -O2 -g
CPPFLAGS ?=
LDFLAGS ?=
COMMON := -std=gnu17 -fno-strict-aliasing -I. -I$(B) $(WARN) -MMD -MP

# builtin: what the compiler knows of memcpy, though there is no library.
RESIDENT_CFLAGS := $(COMMON) -O2 -g -ffreestanding -fbuiltin -fPIE -ffunction-sections -fdata-sections -include syscalls/engine/resident/hidden.h \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -DGUISE_FREESTANDING
RESIDENT_LDFLAGS := -nostdlib -static -no-pie -Wl,-T,syscalls/engine/resident/resident.ld \
	-Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments

HOSTED_CFLAGS := $(COMMON) -D_GNU_SOURCE -DGUISE_VERSION='"$(VERSION)"' $(CPPFLAGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
# The front is linked with musl (front/front.c); where there is none, guise does without a front.
MUSL_INCLUDE ?= /usr/include/x86_64-linux-musl
MUSL_LIBC ?= /usr/lib/x86_64-linux-musl/libc.a
FRONT ?= $(if $(wildcard $(MUSL_LIBC)),1,0)
# sign-compare: in musl's CMSG_NXTHDR; what is ours is compared with glibc's headers.
COMPILERS_INCLUDE := $(if $(IS_CLANG),$(shell $(CC) -print-resource-dir)/include,$(shell $(CC) -print-file-name=include))
FRONT_CFLAGS := $(HOSTED_CFLAGS) -nostdinc -isystem front/musl -isystem $(MUSL_INCLUDE) -isystem $(COMPILERS_INCLUDE) \
	-idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu -ffunction-sections -fdata-sections \
	-Wno-sign-compare
# The archives of libunwind in any case: they have more than the shared library shows
# (trace/unwind.c).  They are not made for position-independent programs.
LDLIBS := -no-pie -lelf -lz -ljansson -lseccomp -lyaml -l:libunwind-x86_64.a -l:libunwind.a -llzma
UNIT_LDLIBS = $(shell pkg-config --libs check 2>/dev/null || echo -lcheck) $(LDLIBS)

# ---- What is compiled into what -------------------------------------------------

SHARED := $(wildcard syscalls/*.c personalities/*/*.c)
# What the resident needs of the loader: it maps programs for itself.
MAPPER := $(addprefix loader/,brand.c buildinfo.c image.c program.c)
# What engines that trace have in common.
RECORDS := $(wildcard syscalls/engine/*.c)
LOOP := $(wildcard syscalls/engine/loop/*.c)
PTRACE := $(wildcard syscalls/engine/ptrace/*.c)
BOX := $(filter-out sandbox/mkfilter.c sandbox/refusal.c,$(wildcard sandbox/*.c loader/*.c trace/*.c)) \
	syscalls/engine/ptrace/stub.c
CLI := $(wildcard cli/*.c)
UNIT := $(wildcard tests/unit/*.c)
UNIT_SUITES := $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
# Guest programs: a system's own, and those in common/ for each system that has a system.h, but
# for what its file `lacks` names.  FreeBSD's bear no system's name.
GUEST_SYSTEMS := $(patsubst tests/guest/%/system.h,%,$(wildcard tests/guest/*/system.h))
COMMON_GUESTS := $(patsubst tests/guest/common/%.c,%,$(wildcard tests/guest/common/*.c))
lacking = $(if $(wildcard tests/guest/$1/lacks),$(shell sed 's/[ \t#].*//' tests/guest/$1/lacks))
FREEBSD_GUESTS := $(filter-out $(call lacking,freebsd),$(COMMON_GUESTS)) \
	$(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))
OTHER_GUESTS := $(foreach s,$(filter-out freebsd,$(GUEST_SYSTEMS)),$(addprefix $s/,$(filter-out $(call lacking,$s),$(COMMON_GUESTS)) \
	$(patsubst tests/guest/$s/%.c,%,$(wildcard tests/guest/$s/*.c))))
GUESTS := $(FREEBSD_GUESTS) $(OTHER_GUESTS)
$(if $(filter-out $(words $(sort $(GUESTS))),$(words $(GUESTS))),$(error a guest program in common/ has the name of a system's own))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))

RESIDENT_OBJS := $(patsubst %,$(B)/resident.d/%.o,$(basename $(SHARED) \
	$(wildcard syscalls/engine/resident/*.c syscalls/engine/resident/*.S) \
	$(RECORDS) $(MAPPER) filter_gate))
MKFILTER_OBJS := $(patsubst %.c,$(B)/hosted/%.o,sandbox/mkfilter.c $(SHARED) $(MAPPER) $(LOOP))
SUPERVISOR_OBJS := $(patsubst %.c,$(B)/hosted/%.o,$(SHARED) $(RECORDS) $(MAPPER) $(PTRACE)) $(B)/hosted/filter_traced.o
# The box's part that is made, not written: the resident's image and the filters without it.
MADE := $(B)/resident_blob.o $(B)/hosted/filter_native.o $(B)/hosted/filter_settled.o $(B)/hosted/filter_settled_traced.o \
	$(B)/hosted/filter_weaker.o $(B)/hosted/filter_weaker_net.o
GUISE_OBJS := $(patsubst %.c,$(B)/hosted/%.o,$(CLI) $(BOX) $(SHARED) $(LOOP)) $(MADE)
FRONT_OBJS := $(patsubst %,$(B)/front.d/%.o,$(basename $(wildcard front/*.c front/*.S) \
	$(filter-out cli/commands.c,$(CLI)) $(BOX) $(SHARED) $(LOOP)))
UNIT_OBJS := $(patsubst %.c,$(B)/hosted/%.o,$(filter-out cli/main.c,$(CLI)) $(BOX) $(SHARED) \
	$(LOOP) $(UNIT)) $(MADE) $(B)/hosted/filter_gate.o
ASAN_OBJS := $(patsubst $(B)/hosted/%,$(B)/asan/%,$(filter-out $(MADE) %/filter_gate.o,$(UNIT_OBJS))) $(MADE) $(B)/hosted/filter_gate.o

GUEST_BINS := $(GUESTS:%=$(B)/guest/%)
PROBE_BINS := $(addprefix $(B)/escape/,probe.freebsd probe.linux host fuzz fuzz.native)
FUZZ_BINS := $(FUZZERS:%=$(B)/fuzz/%)

# ---- Targets ---------------------------------------------------------------------

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
# What makes others in its turn makes them once, also beside another goal.
ifneq ($(filter check% soak lint demo bench% conformance,$(MAKECMDGOALS)),)
ifneq ($(words $(MAKECMDGOALS)),1)
.NOTPARALLEL:
endif
endif
.PHONY: FORCE all help check check-escape soak lint demo bench bench-docs conformance install uninstall clean distclean docs \
	deps-build deps-test deps-lint built-tests inputs format

all: $(B)/guise
	@:

help:
	@echo 'make            build $(B)/guise'
	@echo 'make demo       a FreeBSD program at work, beside its Linux twin'
	@echo 'make check      every test; T="name ..." for some of them; ENGINE=ptrace: more by that engine'
	@echo 'make check-escape  those of them that try to get out of the sandbox'
	@echo 'make soak       the long ones: fuzzing, hundreds of runs in a row'
	@echo 'make conformance  Go'"'"'s toolchain and its whole library'"'"'s tests, beside native runs (half an hour)'
	@echo 'make lint       layering, format, both compilers, manual pages, scripts'
	@echo 'make bench      the speed of calls, events, processes, programs and starts'
	@echo 'make bench-docs the same, and docs/performance.md from it'
	@echo 'make docs       renew the support tables under docs/'
	@echo 'make install    to $$(DESTDIR)$$(PREFIX); make uninstall'
	@echo 'make clean      remove what was built; distclean: and what was downloaded'
	@echo 'make deps-build deps-test deps-lint   install the Debian packages each needs'
	@echo 'V=1 shows commands; CC=clang B=build/clang builds with another compiler beside it'

# What is compiled otherwise from now on is compiled anew.
$(B)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' '$(CC)' '$(subst ','\'',$(RESIDENT_CFLAGS) $(HOSTED_CFLAGS) $(CFLAGS) $(LDFLAGS) $(SANITIZE))' > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

# The resident ---------------------------------------------------------------------

$(B)/resident: $(RESIDENT_OBJS) $(wildcard syscalls/engine/resident/*.ld)
	$(call say,LINK,$@)$(CC) $(RESIDENT_LDFLAGS) -o $@ $(RESIDENT_OBJS)

$(B)/resident.stripped: $(B)/resident
	$(call say,STRIP,$@)strip -o $@ $<
	$(Q)readelf -lW $@ | grep -q 'LOAD  *0x001000 0x00007e0000000000' || \
		{ rm $@; echo 'the image does not begin where layout.h says (RESIDENT_IMAGE_OFFSET)' >&2; exit 1; }

# Small: a start copies it.
REFUSAL_LDFLAGS := -nostdlib -static -Wl,-z,noseparate-code -Wl,-z,noexecstack -Wl,--build-id=none
$(B)/refusal.stripped: sandbox/refusal.c Makefile
	$(call say,LINK,$@)$(CC) $(filter-out -fPIE -fbuiltin -include %hidden.h,$(RESIDENT_CFLAGS)) -fno-pie \
		-MT $@ $(REFUSAL_LDFLAGS) -Wl,-s -o $@ $<

$(B)/resident_blob.S: Makefile
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' '.section .rodata' '.balign 4096' \
		'.global resident_image, resident_image_end, refusal_image, refusal_image_end' \
		'.global supervisor_image, supervisor_image_end' \
		'resident_image: .incbin "$(B)/resident.stripped"' 'resident_image_end:' \
		'refusal_image: .incbin "$(B)/refusal.stripped"' 'refusal_image_end:' \
		'supervisor_image: .incbin "$(B)/supervisor.stripped"' 'supervisor_image_end:' \
		'.section .note.GNU-stack,"",@progbits' > $@

# The same translators, hosted: --engine ptrace executes it where else the resident is.
$(B)/supervisor: $(SUPERVISOR_OBJS)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $(SUPERVISOR_OBJS)

$(B)/supervisor.stripped: $(B)/supervisor
	$(call say,STRIP,$@)strip -o $@ $<

$(B)/resident_blob.o: $(B)/resident_blob.S $(B)/resident.stripped $(B)/refusal.stripped $(B)/supervisor.stripped
	$(call say,AS,$@)$(CC) -c -o $@ $<

$(B)/mkfilter: $(MKFILTER_OBJS)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lseccomp

$(B)/filter_%.c: $(B)/mkfilter
	$(call say,FILTER,$@)$(B)/mkfilter $* > $@

$(B)/resident.d/%.o: %.c $(B)/flags
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(RESIDENT_CFLAGS) -c -o $@ $<

$(B)/resident.d/%.o: %.S $(B)/flags
	$(Q)mkdir -p $(@D)
	$(call say,AS,$@)$(CC) -I. -MMD -MP -c -o $@ $<

$(B)/resident.d/filter_gate.o: $(B)/filter_gate.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(RESIDENT_CFLAGS) -c -o $@ $<

$(B)/hosted/filter_%.o: $(B)/filter_%.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(HOSTED_CFLAGS) $(CFLAGS) -c -o $@ $<

# The command ------------------------------------------------------------------------

# Static: a start costs a fifth less, and guise needs nothing of whatever root directory the
# kernel starts it in (binfmt_misc).
ifeq ($(FRONT),1)
FRONT_LINKED := $(B)/front.o
FRONT_LDFLAGS := -Wl,-e,front_start
endif
$(B)/guise: $(GUISE_OBJS) $(FRONT_LINKED)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -static $(FRONT_LDFLAGS) -o $@ $^ $(filter-out -no-pie,$(LDLIBS))

$(B)/front.o: $(FRONT_OBJS) $(MADE) front/link
	$(call say,LINK,$@)front/link $@ $(MUSL_LIBC) $(MADE) -- $(FRONT_OBJS)

$(B)/front.d/%.o: %.c $(B)/flags
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(FRONT_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/front.d/%.o: %.S $(B)/flags
	$(Q)mkdir -p $(@D)
	$(call say,AS,$@)$(CC) -MMD -MP -c -o $@ $<

$(B)/hosted/%.o: %.c $(B)/flags
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(HOSTED_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/hosted/tests/unit/main.o $(B)/asan/tests/unit/main.o: | $(B)/unit_suites.h

# Tests --------------------------------------------------------------------------------

# Each tests/unit/test_X.c defines Suite *X_suite(void).
$(B)/unit_suites.h: $(wildcard tests/unit/test_*.c) Makefile
	$(Q)mkdir -p $(@D)
	$(Q)printf 'SUITE(%s)\n' $(UNIT_SUITES) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/unit: $(UNIT_OBJS)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(UNIT_LDLIBS)

$(B)/asan/unit: $(ASAN_OBJS)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(UNIT_LDLIBS)

$(B)/asan/%.o: %.c $(B)/flags
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(HOSTED_CFLAGS) -O1 -g $(SANITIZE) -c -o $@ $<

# Guest programs carry the system's own call numbers, taken from its rows.  A name that has
# had two numbers keeps the later one.
$(B)/guest_numbers_%.h: personalities/%/syscalls.def
	$(Q)mkdir -p $(@D)
	$(Q)awk -F'[(,]' '/^SYS\(/ {gsub(/ /, "", $$2); gsub(/ /, "", $$3); nr[$$3] = $$2} \
		END {for (n in nr) print "#define SYS_" n " " nr[n]}' $< | sort > $@

GUEST_CFLAGS = -std=gnu17 -O1 -g -ffreestanding -nostdlib -static -fno-pie -no-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
	-mno-red-zone -Wall -Wextra -Wno-unused-parameter \
	-Wno-unused-command-line-argument -Werror -Wl,--build-id=none -Wl,-z,noexecstack \
	-iquote $(B) -iquote . -iquote tests/guest/$(or $(GUEST_SYSTEM),freebsd)

# What elfedit calls it; who is not here has a note alone.
OSABI_freebsd := FreeBSD
OSABI_netbsd := NetBSD

# guest_rules SYSTEM PREFIX: of the programs build/guest/PREFIX...
define guest_rules
$(addprefix $(B)/guest/$2,$(filter-out $(call lacking,$1),$(COMMON_GUESTS))): $(B)/guest/$2%: tests/guest/common/%.c
$(patsubst tests/guest/$2%.c,$(B)/guest/$2%,$(wildcard tests/guest/$2*.c)): $(B)/guest/$2%: tests/guest/$2%.c
$(addprefix $(B)/guest/,$(if $2,$(filter $2%,$(OTHER_GUESTS)),$(FREEBSD_GUESTS))): GUEST_SYSTEM := $1
$(addprefix $(B)/guest/,$(if $2,$(filter $2%,$(OTHER_GUESTS)),$(FREEBSD_GUESTS))): \
		$(wildcard tests/guest/*.h tests/guest/$1/*.h) $(B)/guest_numbers_$1.h
	$$(Q)mkdir -p $$(@D)
	$$(call say,GUEST,$$@)$$(CC) $$(GUEST_CFLAGS) -o $$@ $$(filter %.c,$$^)$(if $(OSABI_$1), && elfedit --output-osabi $(OSABI_$1) $$@)
endef
$(foreach s,$(GUEST_SYSTEMS),$(eval $(call guest_rules,$s,$(patsubst freebsd/,,$s/))))

# What tests/run runs.
$(B)/guests: FORCE
	$(Q)printf '%s\n' $(sort $(GUESTS)) > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# A root directory with a dynamic program, its interpreter and two libraries.
WORLD_CFLAGS := $(filter-out -static -fno-pie -no-pie,$(GUEST_CFLAGS)) -fvisibility=hidden \
	-Wl,--hash-style=sysv -Wl,-z,now
WORLD := $(addprefix $(B)/world/,libexec/ld-elf.so.1 lib/libone.so lib/libtwo.so bin/program bin/release)

$(B)/world/libexec/ld-elf.so.1: tests/world/rtld.c tests/world/elf.h tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,WORLD,$@)$(CC) $(WORLD_CFLAGS) -fPIC -shared -Wl,-e,_start -Wl,-Bsymbolic -o $@ $<

$(B)/world/lib/libone.so: tests/world/one.c
	$(Q)mkdir -p $(@D)
	$(call say,WORLD,$@)$(CC) $(WORLD_CFLAGS) -fPIC -shared -Wl,-soname,libone.so -o $@ $<

$(B)/world/lib/libtwo.so: tests/world/two.c $(B)/world/lib/libone.so
	$(Q)mkdir -p $(@D)
	$(call say,WORLD,$@)$(CC) $(WORLD_CFLAGS) -fPIC -shared -Wl,-soname,libtwo.so -o $@ $< $(B)/world/lib/libone.so

$(B)/world/bin/release: tests/world/release.c tests/world/elf.h tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,WORLD,$@)$(CC) $(GUEST_CFLAGS) -o $@ $< && elfedit --output-osabi FreeBSD $@

$(B)/world/bin/program: tests/world/program.c $(filter-out $(B)/world/bin/%,$(WORLD))
	$(Q)mkdir -p $(@D)
	$(call say,WORLD,$@)$(CC) $(WORLD_CFLAGS) -fPIE -pie -Wl,-dynamic-linker,/libexec/ld-elf.so.1 \
		-Wl,--allow-shlib-undefined -o $@ $< \
		$(filter %.so,$^) && elfedit --output-osabi FreeBSD $@

# The hostile program, for both systems, and what the host looks with (tests/escape/probes).
PROBES := $(wildcard tests/escape/probes/*.c)
PROBE_CFLAGS := $(GUEST_CFLAGS) $(if $(IS_CLANG),,-fno-toplevel-reorder)

$(B)/escape/probe.freebsd: $(PROBES) tests/escape/probes/probe.h tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,GUEST,$@)$(CC) $(PROBE_CFLAGS) -o $@ $(PROBES) && elfedit --output-osabi FreeBSD $@

$(B)/escape/probe.linux: $(PROBES) tests/escape/probes/probe.h tests/guest/guest.h
	$(Q)mkdir -p $(@D)
	$(call say,NATIVE,$@)$(CC) $(PROBE_CFLAGS) -DNATIVE -o $@ $(PROBES)

$(B)/escape/host: tests/escape/host.c
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(filter-out -MMD -MP,$(HOSTED_CFLAGS)) $(CFLAGS) -static -o $@ $<

$(B)/escape/%.native: tests/escape/%.c tests/guest/guest.h
	$(Q)mkdir -p $(@D)
	$(call say,NATIVE,$@)$(CC) $(GUEST_CFLAGS) -DNATIVE -o $@ $<

$(B)/escape/%: tests/escape/%.c tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,GUEST,$@)$(CC) $(GUEST_CFLAGS) -o $@ $< && elfedit --output-osabi FreeBSD $@

$(B)/probe: tests/cli/probe.c tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,GUEST,$@)$(CC) $(GUEST_CFLAGS) -o $@ $< && elfedit --output-osabi FreeBSD $@

# A known stack: described by DWARF alone, and by nothing but frame pointers; of a Linux program too.
STACKS := $(addprefix $(B)/stack.,dwarf pointers linux)
$(B)/stack.dwarf $(B)/stack.pointers: tests/cli/stack.c tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,GUEST,$@)$(CC) $(GUEST_CFLAGS) $(if $(filter %.pointers,$@),-g0 -fno-omit-frame-pointer) -o $@ $< && \
		elfedit --output-osabi FreeBSD $@

$(B)/stack.linux: tests/cli/stack.c tests/guest/guest.h
	$(Q)mkdir -p $(@D)
	$(call say,NATIVE,$@)$(CC) $(GUEST_CFLAGS) -DNATIVE -o $@ $<

$(B)/crash.linux: tests/cli/crash.c
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=gnu17 -Og -g -Wall -Wextra -pthread -o $@ $<

$(B)/bench/%: bench/%.c bench/stubs.h tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,GUEST,$@)$(CC) $(GUEST_CFLAGS) -o $@ $< && elfedit --output-osabi FreeBSD $@

# What a start costs at least, with the box's own filter; and what measures it.
$(B)/bench/floor: bench/floor.c $(B)/hosted/filter_native.o
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(filter-out -MMD -MP,$(HOSTED_CFLAGS)) $(CFLAGS) -static -o $@ $^

$(B)/bench/interleave $(B)/bench/steps $(B)/bench/tracers: $(B)/bench/%: bench/%.c
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(filter-out -MMD -MP,$(HOSTED_CFLAGS)) $(CFLAGS) -static -o $@ $<

# guise with unfiltered.c for the filter, which no sandbox may have.
UNFILTERED := $(B)/resident.d/bench/unfiltered.o $(filter-out %/resident/filter.o %/filter_gate.o,$(RESIDENT_OBJS))
$(B)/bench/unfiltered_resident: $(UNFILTERED) $(wildcard syscalls/engine/resident/*.ld)
	$(Q)mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(RESIDENT_LDFLAGS) -o $@ $(UNFILTERED) && strip $@

$(B)/bench/unfiltered_blob.S: $(B)/resident_blob.S
	$(Q)mkdir -p $(@D)
	$(Q)sed 's,resident.stripped,bench/unfiltered_resident,' $< > $@

$(B)/bench/unfiltered_blob.o: $(B)/bench/unfiltered_blob.S $(B)/bench/unfiltered_resident $(B)/supervisor.stripped
	$(call say,AS,$@)$(CC) -c -o $@ $<

UNFILTERED_GUISE := $(filter-out $(B)/resident_blob.o,$(GUISE_OBJS)) $(B)/bench/unfiltered_blob.o
$(B)/bench/unfiltered: $(UNFILTERED_GUISE)
	$(call say,LINK,$@)$(CC) $(CFLAGS) $(LDFLAGS) -static -o $@ $(UNFILTERED_GUISE) $(filter-out -no-pie,$(LDLIBS))

# The same source for Linux: NATIVE picks the numbers.
$(B)/bench/%.native: bench/%.c bench/stubs.h tests/guest/guest.h $(B)/guest_numbers_freebsd.h
	$(Q)mkdir -p $(@D)
	$(call say,NATIVE,$@)$(CC) $(GUEST_CFLAGS) -DNATIVE -o $@ $<

GO := /usr/lib/go-1.19/bin/go
GO_ENV := CGO_ENABLED=0 GOFLAGS=-mod=mod GOPROXY=off GO111MODULE=auto \
	GOCACHE=$(abspath $(B))/go-cache GOPATH=$(abspath $(B))/go-path GOTOOLCHAIN=local
GO_SRC := $(wildcard tests/real/storm/*.go tests/real/storm/go.mod)

$(B)/chain.%: $(wildcard tests/real/chain/*)
	$(call say,GO,$@)cd tests/real/chain && $(GO_ENV) GOOS=$* GOARCH=amd64 $(GO) build -trimpath -o $(abspath $@) .

$(B)/storm.%: $(GO_SRC)
	$(call say,GO,$@)cd tests/real/storm && $(GO_ENV) GOOS=$* GOARCH=amd64 $(GO) build -trimpath -o $(abspath $@) .

$(B)/watch.freebsd: $(wildcard tests/real/watch/*.go tests/real/watch/go.mod)
	$(call say,GO,$@)cd tests/real/watch && $(GO_ENV) GOOS=freebsd GOARCH=amd64 $(GO) build -trimpath -o $(abspath $@) .

FUZZ_CFLAGS := $(filter-out -Woverride-init -Winitializer-overrides,$(COMMON)) \
	-D_GNU_SOURCE -DGUISE_VERSION='"$(VERSION)"' -O1 -g \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
# What of the command reads files by itself.
FUZZ_CLI := cli/profile_file.c cli/options.c sandbox/failure.c
$(B)/fuzz/%: tests/fuzz/%.c $(wildcard loader/*.[ch] trace/*.[ch]) $(SHARED) $(wildcard syscalls/*.h) $(FUZZ_CLI)
	$(Q)mkdir -p $(@D)
	$(call say,FUZZ,$@)clang $(filter-out -MMD -MP,$(FUZZ_CFLAGS)) -o $@ $< $(wildcard loader/*.c trace/*.c) $(FUZZ_CLI) \
		$(SHARED) $(LOOP) $(LDLIBS)

inputs: $(B)/inputs/.complete
	@:

$(B)/inputs/.complete: tests/real/inputs.txt tests/real/fetch
	$(call say,FETCH,$@)tests/real/fetch $(B)/inputs

# What bench/count runs.
COUNTED := $(patsubst %,$(B)/bench/%,steps calls calls.native kevent kevent.native)
built-tests: $(B)/guise $(B)/unit $(B)/asan/unit $(GUEST_BINS) $(B)/guests $(WORLD) $(B)/probe $(STACKS) $(B)/crash.linux $(COUNTED) $(B)/escape/gate \
	$(B)/escape/bombs $(B)/escape/bombs.native $(B)/escape/far $(B)/escape/far.native $(B)/escape/traced \
	$(PROBE_BINS) $(foreach s,freebsd netbsd dragonfly linux,$(B)/storm.$s $(B)/chain.$s) $(B)/watch.freebsd $(FUZZ_BINS) inputs
	@:

# Use every processor unless told otherwise.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# The packages come first, and make must look at the world anew once they are there.
check:
	@$(SUBMAKE) deps-build deps-test
	@$(SUBMAKE) built-tests
	@B=$(B) tests/run $(T)

# The hostile ones alone.
check-escape:
	@$(MAKE) --no-print-directory check T="escape/*"

soak:
	@$(SUBMAKE) deps-build deps-test
	@$(SUBMAKE) built-tests
	@B=$(B) SOAK=1 tests/run $(T)

demo:
	@$(SUBMAKE) deps-build deps-demo
	@$(SUBMAKE) all inputs
	@B=$(B) tests/real/demo

BENCH_PAIRS := calls exit idle kevent spawn threads
BENCH := $(patsubst %,$(B)/bench/%,$(BENCH_PAIRS) $(addsuffix .native,$(BENCH_PAIRS)) floor interleave steps tracers unfiltered)
bench:
	@$(SUBMAKE) deps-build deps-demo deps-bench
	@$(SUBMAKE) -s all inputs $(BENCH)
	@rm -f $(B)/bench/rows
	@B=$(B) bench/run -o $(B)/bench/rows && failed= || failed=yes; \
	B=$(B) bench/trace && B=$(B) bench/supervised && B=$(B) bench/count && B=$(B) bench/launch -o $(B)/bench/rows && [ -z "$$failed" ]

# What `make bench` measured, as docs/performance.md and its picture.
bench-docs: bench
	@bench/report $(B)/bench/rows "$$(bench/run -m)" docs/performance.md docs/performance.svg README.md

# Go's toolchain at work on its own library, then the library's tests, all of them, beside native
# runs of the same.
conformance:
	@$(SUBMAKE) deps-build deps-test
	@$(SUBMAKE) all
	@B=$(B) tests/real/go-toolchain
	@B=$(B) tests/real/go-std -t 900 -p $(shell nproc) std
	@B=$(B) tests/real/go-std -o netbsd -s -p $(shell nproc) std
	@B=$(B) tests/real/go-std -o dragonfly -s -p $(shell nproc) std

# Style ----------------------------------------------------------------------------------

lint:
	@$(SUBMAKE) deps-build deps-lint
	@$(SUBMAKE) all
	@$(SUBMAKE) CC=clang B=$(B)/clang all $(B)/clang/unit $(GUEST_BINS:$(B)/%=$(B)/clang/%) $(B)/clang/escape/gate $(PROBE_BINS:$(B)/%=$(B)/clang/%)
	@B=$(B) tests/lint

format:
	clang-format -i $$(find . -path ./$(B) -prune -o \( -name '*.c' -o -name '*.h' \) -print)

docs: $(B)/guise
	$(call say,DOCS,docs)B=$(B) docs/renew

# Packages, install, clean ------------------------------------------------------------------

DEPS_BUILD := gcc libc6-dev linux-libc-dev binutils libseccomp-dev libelf-dev zlib1g-dev libjansson-dev libyaml-dev \
	libunwind-dev liblzma-dev musl-dev
DEPS_DEMO := command:npm curl ca-certificates
DEPS_TEST := $(DEPS_DEMO) command:python3 check pkg-config golang-1.19-go golang-1.19-src tzdata zip clang \
	libclang-rt-14-dev util-linux procps iproute2 strace gdb lldb-14
DEPS_BENCH := bubblewrap crun procps proot runsc strace
DEPS_LINT := git golang-1.19-go clang clang-format cppcheck shellcheck man-db pkg-config check \
	zsh fish

.PHONY: deps-demo deps-bench
deps-build:
	@.ci/deps $(DEPS_BUILD)
# What guise is measured beside.
deps-bench:
	@.ci/deps $(DEPS_BENCH)
deps-demo:
	@.ci/deps $(DEPS_DEMO)
deps-test:
	@.ci/deps $(DEPS_TEST)
deps-lint:
	@.ci/deps $(DEPS_LINT)

MAN := $(wildcard docs/*.[15])

# Where each shell looks for what completes a command of that name.
SHARE := $(DESTDIR)$(PREFIX)/share
COMPLETION_bash := bash-completion/completions/guise
COMPLETION_zsh := zsh/site-functions/_guise
COMPLETION_fish := fish/vendor_completions.d/guise.fish

install: $(B)/guise
	install -D -m 755 $(B)/guise $(DESTDIR)$(PREFIX)/bin/guise
	for page in $(MAN); do \
		install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/} || exit 1; done
	$(foreach shell,bash zsh fish,$(B)/guise completion $(shell) > $(B)/completion.$(shell) && \
		install -D -m 644 $(B)/completion.$(shell) $(SHARE)/$(COMPLETION_$(shell)) &&) :
	sed 's,@PREFIX@,$(PREFIX),' packaging/apparmor/guise > $(B)/apparmor
	install -D -m 644 $(B)/apparmor $(SHARE)/guise/apparmor.d/guise

uninstall:
	rm -f $(SHARE)/guise/apparmor.d/guise
	rm -f $(DESTDIR)$(PREFIX)/bin/guise
	for page in $(MAN); do rm -f $(SHARE)/man/man$${page##*.}/$${page##*/}; done
	rm -f $(foreach shell,bash zsh fish,$(SHARE)/$(COMPLETION_$(shell)))

# Downloads stay: fetching them again costs minutes and says nothing new.
clean:
	$(Q)[ ! -d $(B) ] || { chmod -R u+w $(B); find $(B) -mindepth 1 -maxdepth 1 ! -name inputs -exec rm -rf {} +; }

distclean: clean
	$(Q)rm -rf $(B)

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
