#!/bin/sh
# Runs the checks of the kernels, in both shapes, in oclgrind's simulator, which
# sees reads and writes out of bounds, data races, values never written and wrong
# calls of the OpenCL API. Build the tests first. UNDERTONE_TEST_JOBS is how many
# run side by side (as many as processors).
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
jobs=${UNDERTONE_TEST_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}

# What the simulator does not know of the compiler it carries: the built-in
# forms of fma and sqrt, and what `restrict` becomes when a call is inlined.
options='-Drestrict= -D__builtin_fmaf=fma -D__builtin_sqrtf=sqrt'

# One program, and what it wrote; called below for each.
check()
{
	program=$1 out=$folder/$(basename "$1").out log=$folder/$(basename "$1").log
	case $program in
	*/check_linear) watch= ;; # takes a minute already
	*/check_conv | */check_pool) watch= ;; # "unsupported: freeze"
	*) watch=--uninitialized ;;
	esac
	# shellcheck disable=SC2086  # a word or none
	timeout 900 oclgrind --build-options "$options" --data-races \
		--check-api $watch "$program" >"$out" 2>"$log"
	status=$?
	shapes=$(grep -c '^device: Oclgrind.* shape' "$out")
	# Nothing but complaints is written to the log.
	if test $status -eq 0 && ! test -s "$log" && test "$shapes" -eq 2; then
		echo "ok     $program"
	else
		echo "FAILED $program, status $status, shapes of kernels: $shapes"
		tail -n 20 "$out"
		head -n 60 "$log"
	fi
}

if test "${1-}" = --one; then
	check "$2"
	exit
fi
if ! command -v oclgrind >/dev/null 2>&1; then
	echo 'SKIP: oclgrind: not installed'
	exit 0
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# what is built is kept meanwhile; a proof before each of the tests takes minutes
UNDERTONE_CACHE=$folder/cache UNDERTONE_SELFTEST=off
export folder UNDERTONE_CACHE UNDERTONE_SELFTEST

# Those that open every device, but for check_tuning, which trains on it.
grep -l 'return test_main(' tests/device/check_*.c | while read -r source; do
	case $source in
	*/check_tuning.c) ;;
	*) echo "$build/${source%.c}" ;;
	esac
done | xargs -n 1 -P "$jobs" sh scripts/oclgrind.sh --one | tee "$folder/all"
passed=$(grep -c '^ok ' "$folder/all")
failed=$(grep -c '^FAILED ' "$folder/all")
echo "oclgrind: $passed programs without complaint, $failed with"
test "$failed" -eq 0 && test "$passed" -gt 0
