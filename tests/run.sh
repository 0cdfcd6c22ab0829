#!/bin/sh
# Runs every test program of $BUILD/tests from the repository's root and adds up
# what they report. The last line is `N passed, N failed, N skipped`; the exit
# status is 1 when a test failed or none ran.
#
#   tests/run.sh [PART...]    only programs whose path holds one of the parts
#
# UNDERTONE_TEST_SECONDS is the most that one program may take (600).
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
seconds=${UNDERTONE_TEST_SECONDS:-600}
log=$build/tests/log
passed=0 failed=0 skipped=0

# Mesa shows its processor device only when asked to.
RUSTICL_ENABLE=${RUSTICL_ENABLE-llvmpipe}
# The program looks beside its own folder, and $BUILD may be anywhere.
UNDERTONE_RECIPES=${UNDERTONE_RECIPES:-data/recipes}
export RUSTICL_ENABLE UNDERTONE_RECIPES
# Threads that wait give their processor away: on a busy machine, waiting in a
# loop makes tests of small problems take minutes.
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export OMP_WAIT_POLICY
# cairo's fonts are never given back.
leaks="suppressions='$PWD/scripts/leaks':print_suppressions=0"
LSAN_OPTIONS=${LSAN_OPTIONS:-$leaks}
export LSAN_OPTIONS
# Intel's runtime, if scripts/intel-opencl.sh put it here.
intel=${UNDERTONE_INTEL_OPENCL:-build/intel-opencl}
if test -f "$intel/env"; then
	# shellcheck disable=SC1091  # written by scripts/intel-opencl.sh
	. "$intel/env"
fi

wanted()
{
	test $# -gt 1 || return 0
	program=$1
	shift
	for part; do
		case $program in *"$part"*) return 0 ;; esac
	done
	return 1
}

# run_one PROGRAM: runs it and counts its checks. Check's summary line is
# "85%: Checks: 20, Failures: 2, Errors: 1"; several suites print several.
run_one()
{
	start=$(date +%s)
	timeout -k 10 "$seconds" "$1" >"$log" 2>&1
	status=$?
	took=$(($(date +%s) - start))
	counts=$(awk '
	/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
		gsub(/[^0-9 ]/, "")
		checks += $2; bad += $3 + $4
	}
	/^SKIP:/ { skips++ }
	END { print checks + 0, bad + 0, skips + 0 }' "$log")
	# shellcheck disable=SC2086  # three numbers
	set -- "$1" $counts
	bad=$3
	if test $status -eq 0 && test "$bad" -eq 0; then
		word=ok
	else
		word=FAILED
		test "$bad" -gt 0 || bad=1
	fi
	good=$(($2 - $3))
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + $4))
	printf '%-6s %s: %d passed, %d failed, %d skipped (%d s)\n' \
		$word "$1" $good "$bad" "$4" $took
	if test $word = ok; then
		grep '^SKIP:' "$log" | sort | uniq -c
		return
	fi
	case $status in
	124 | 137) echo "stopped after $seconds s" ;;
	esac
	tail -n 60 "$log"
	echo "exit status $status"
}

devices=
if test -x "$build/undertone"; then
	echo 'devices:'
	devices=$(timeout 120 "$build/undertone" devices 2>&1) ||
		devices="none listed: $devices"
	printf '%s\n' "$devices"
fi

for program in "$build"/tests/*/check_*; do
	if test -x "$program" && wanted "$program" "$@"; then
		run_one "$program"
	fi
done

test $((passed + failed)) -gt 0 || echo 'no test ran'
echo "$passed passed, $failed failed, $skipped skipped"
test $failed -eq 0 && test $passed -gt 0
