#!/bin/sh
# Fuzzes the readers of files: tests/fuzz/fuzz_*.c, each for FUZZ_SECONDS (20),
# with sanitizers, by clang's libFuzzer or else by tests/fuzz/mutate.c. Begins with
# the files of tests/fixtures/NAME and what earlier runs kept in $BUILD/fuzz/NAME.
# `make fuzz` runs it; CC, CPPFLAGS and LIBS come from there.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
seconds=${FUZZ_SECONDS:-20}
flags="-std=c11 -g -O1 -fno-omit-frame-pointer ${CPPFLAGS-}"
sources=$(find src/base src/data -name '*.c')
mkdir -p "$build/fuzz"

# try COMPILER FLAG...: can it make such a program?
try()
{
	echo '#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{ return data && bytes ? 0 : 0; }' >"$build/fuzz/try.c"
	"$@" -o "$build/fuzz/try" "$build/fuzz/try.c" >/dev/null 2>&1
}

sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
# shellcheck disable=SC2086  # lists of flags
if try clang -fsanitize=fuzzer $sanitizers; then
	compiler=clang
	flags="$flags -fsanitize=fuzzer $sanitizers"
	driver=
else
	compiler=${CC:-cc}
	driver=tests/fuzz/mutate.c
	if try "$compiler" -shared -fPIC $sanitizers; then
		flags="$flags $sanitizers"
	fi
fi
rm -f "$build"/fuzz/try*

# A few small IDX files: three images of 2 x 2, three labels, and both gzipped.
idx_files()
{
	printf '\0\0\10\3\0\0\0\3\0\0\0\2\0\0\0\2abcdefghijkl' >"$1/images"
	printf '\0\0\10\1\0\0\0\3\1\2\3' >"$1/labels"
	gzip -nc "$1/images" >"$1/images.gz"
	gzip -nc "$1/labels" >"$1/labels.gz"
}

for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	corpus=$build/fuzz/$name
	mkdir -p "$corpus"
	test "$name" != idx || idx_files "$corpus"
	# shellcheck disable=SC2086
	"$compiler" $flags -Itests/fuzz -o "$build/fuzz/fuzz_$name" "$source" \
		$driver $sources ${LIBS-}
	set -- "$corpus"
	test ! -d "tests/fixtures/$name" || set -- "$@" "tests/fixtures/$name"
	echo "fuzz $name: $seconds s, $compiler${driver:+, $driver}"
	log=$build/fuzz/$name.log
	if ! "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=20 \
		-rss_limit_mb=4096 -max_len=65536 \
		-artifact_prefix="$build/fuzz/" "$@" >"$log" 2>&1; then
		tail -n 60 "$log"
		echo "fuzz $name: FAILED; the file is in $build/fuzz"
		exit 1
	fi
	tail -n 1 "$log"
done
