#!/bin/sh
# Checks the rules that a compiler does not: style, the arrows between rooms,
# what each room may mention, exported names. Reads the sources and the library
# in $BUILD; changes nothing. Exit status 1 when something is wrong.
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
found=$(mktemp) || exit 1
trap 'rm -f "$found"' EXIT
wrong=0

# verdict RULE: prints the rule, and what was written to $found against it.
verdict()
{
	if test -s "$found"; then
		echo "WRONG: $1"
		sed 's/^/  /' "$found"
		wrong=1
	else
		echo "ok: $1"
	fi
	: >"$found"
}

# skip RULE PROGRAM: true, after saying so, when the program is not here.
skip()
{
	command -v "$2" >/dev/null 2>&1 && return 1
	echo "SKIP: $1: no $2 here"
}

c_files()
{
	find include src tests cl examples -name '*.[ch]' | sort
}

above_device()
{
	find src/base src/data src/nn src/lab src/report src/cli include \
		-name '*.[ch]' 2>/dev/null | sort
}

below_cli()
{
	find src -name '*.[ch]' ! -path 'src/cli/*' | sort
}

# Style --------------------------------------------------------------------

rule='formatted as .clang-format says (make format)'
if ! skip "$rule" clang-format; then
	for file in $(c_files); do
		clang-format "$file" | cmp -s - "$file" || echo "$file"
	done >"$found"
	verdict "$rule"
fi

rule='shell scripts pass shellcheck'
if ! skip "$rule" shellcheck; then
	for file in configure .ci/run data/fetch scripts/*.sh tests/*.sh \
		cl/*.sh src/report/*.sh; do
		test ! -f "$file" || shellcheck "$file"
	done >"$found"
	verdict "$rule"
fi

# Rooms --------------------------------------------------------------------

# cli -> lab -> {nn, data, report} -> device -> base. A public header belongs
# to the room of the source of the same name; status.h is base/error.c's.
c_files | grep -v '^tests/\|^cl/\|^examples/' | awk '
function room_of(path,    part, n) {
	n = split(path, part, "/")
	if (part[1] == "src")
		return part[3] ~ /^(host|opencl)$/ ? part[3] : part[2]
	sub(/\.h$/, "", part[n])
	return part[n] in public ? public[part[n]] : "?"
}
function complain(text) {
	print path ": " text
}
BEGIN {
	split("base 0 device 1 host 1 opencl 1 nn 2 data 2 report 2 " \
	      "lab 3 cli 4", words, " ")
	for (i = 1; i in words; i += 2)
		rank[words[i]] = words[i + 1]
	public["status"] = "base"
	public["ops"] = public["device"] = "device"
	public["undertone"] = "cli"
}
{ files[NR] = $0 }
END {
	for (i = 1; i <= NR; ++i)
		if (files[i] ~ /^src\/.*\.c$/) {
			n = split(files[i], part, "/")
			stem = part[n]
			sub(/\.c$/, "", stem)
			if (!(stem in public))
				public[stem] = part[2]
		}
	for (i = 1; i <= NR; ++i) {
		path = files[i]
		from = room_of(path)
		if (from == "?") {
			complain("of which room? no source has its name")
			continue
		}
		while ((getline line < path) > 0) {
			if (line !~ /^#[ \t]*include/)
				continue
			split(line, part, /["<>]/)
			name = part[2]
			if (name ~ /^undertone\//)
				to = room_of(name)
			else if (name ~ /^[a-z]+\//)
				to = room_of("src/" name)
			else
				continue
			if (!(to in rank))
				continue
			if (name ~ /^device\// && rank[from] != 1)
				complain("looks behind the seam: " name)
			else if (from != to && rank[from] <= rank[to] &&
				 !(rank[from] == 1 && rank[to] == 1))
				complain("arrow from " from " to " to ": " name)
			else if (from ~ /^(host|opencl)$/ &&
				 to ~ /^(host|opencl)$/ && from != to)
				complain("backends see each other: " name)
		}
		close(path)
	}
}' >"$found"
verdict 'includes follow cli -> lab -> {nn, data, report} -> device -> base'

above_device | xargs grep -nE \
	'\bcl_[a-z]|<CL/|clblast|#[[:space:]]*pragma omp|<omp\.h>' >"$found"
verdict 'nothing above src/device mentions OpenCL, CLBlast or OpenMP'

find src include -name '*.[ch]' ! -path 'src/device/opencl/*' \
	! -path src/device/backends.c -exec \
	grep -nE 'UT_HAVE_(OPENCL|CLBLAST)' {} + >"$found"
verdict 'only backends.c knows which backends there are'

below_cli | xargs grep -nE \
	'(^|[^_[:alnum:].>])(printf|puts|putchar|perror|exit|abort|s?rand) *\(|\<(stdout|stderr)\>' \
	>"$found"
verdict 'nothing below src/cli prints, exits or rolls dice'

find cl -name '*.cl' | while read -r file; do
	grep -m 1 '^#' "$file" | grep -qE '^#include "[a-z_]+\.h"$' ||
		echo "$file"
done >"$found"
# a header that includes another includes scalar.h in the end, and first
grep -L '^#include "' cl/*.h | grep -v '^cl/scalar\.h$' >>"$found"
verdict 'every kernel file begins with scalar.h, and so with FP_CONTRACT OFF'

find cl -name '*.cl' -exec grep -nE \
	'\b(mad|native_[a-z0-9]+|half_[a-z]+|exp|log|pow|sin|cos|rsqrt|work_group_[a-z_]+|sub_group_[a-z_]+) *\(' \
	{} + | grep -vE ':[[:space:]]*(/?\*|//)' >"$found"
verdict 'no kernel calls what may round differently elsewhere'

# Names --------------------------------------------------------------------

nm -g --defined-only "$build/libundertone.a" |
	awk 'NF == 3 && $3 !~ /^ut_/ { print $3 }' | sort -u >"$found"
nm -D --defined-only "$build"/libundertone.so |
	awk 'NF == 3 && $2 != "A" && $3 !~ /^ut_/ { print $3 }' >>"$found"
verdict 'every exported name begins with ut_'

# The functions of the headers but for the inline ones.
declared=$(mktemp) || exit 1
sh scripts/exports.sh include/undertone/*.h |
	sed -n 's/^\t\t\(ut_.*\);$/\1/p' |
	grep -vxF "$(sed -n 's/^static inline .*\(ut_[a-z0-9_]*\)(.*/\1/p' \
		include/undertone/*.h)" >"$declared"
nm -D --defined-only "$build/libundertone.so" |
	awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort |
	diff "$declared" - >"$found"
rm -f "$declared"
verdict 'the shared library exports what include/undertone declares, no more'

objdump -t "$build/libundertone.a" | awk '
/^[0-9a-f]+ / && / O \.(data|bss)[ \t]/ && $NF !~ /^(__gcov|__asan)/ {
	print $NF
}' | sort -u >"$found"
verdict 'no mutable globals'

exit $wrong
