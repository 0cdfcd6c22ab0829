#!/bin/sh
# Runs the checks of the kernels in oclgrind's simulator, which sees reads and
# writes out of bounds, data races, values never written and wrong calls of the
# OpenCL API. Build the tests first.
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
if ! command -v oclgrind >/dev/null 2>&1; then
	echo 'SKIP: oclgrind: not installed'
	exit 0
fi
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

# What the simulator does not know of the compiler it carries: the built-in
# forms of fma and sqrt, and what `restrict` becomes when a call is inlined.
options='-Drestrict= -D__builtin_fmaf=fma -D__builtin_sqrtf=sqrt'
UNDERTONE_CACHE=off
# not before each of the tests
UNDERTONE_SELFTEST=off
export UNDERTONE_CACHE UNDERTONE_SELFTEST

failed=0 passed=0
for program in "$build"/tests/device/check_*; do
	case $program in
	*/check_device) continue ;; # makes calls fail, to see what we say
	*/check_linear) watch= ;; # takes minutes already
	*/check_conv | */check_pool) watch= ;; # "unsupported: freeze"
	*) watch=--uninitialized ;;
	esac
	# shellcheck disable=SC2086  # a word or none
	timeout 300 oclgrind --build-options "$options" --data-races \
		--check-api $watch "$program" >"$folder/out" 2>"$folder/log"
	status=$?
	# Nothing but complaints is written to the log.
	if test $status -eq 0 && ! test -s "$folder/log"; then
		grep -q '^device: Oclgrind' "$folder/out" || continue
		echo "ok     $program"
		passed=$((passed + 1))
	else
		echo "FAILED $program, status $status"
		tail -n 20 "$folder/out"
		head -n 60 "$folder/log"
		failed=$((failed + 1))
	fi
done
echo "oclgrind: $passed programs without complaint, $failed with"
test $failed -eq 0 && test $passed -gt 0
