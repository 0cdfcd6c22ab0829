#!/bin/sh
# Runs every test program of $BUILD/tests from the repository's root and adds up
# what they report. The last line is `N passed, N failed, N skipped`; the exit
# status is 1 when a test failed or none ran.
#
#   tests/run.sh [PART...]    only programs whose path holds one of the parts,
#                             and none that holds a part written as -PART
#
# UNDERTONE_TEST_SECONDS is the most that one program may take (600), and
# UNDERTONE_TEST_JOBS how many run side by side (as many as processors).
set -u
cd "$(dirname "$0")/.." || exit 1

build=${BUILD:-build}
jobs=${UNDERTONE_TEST_JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)}
programs=

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
	program=$1
	chosen=yes
	shift
	for part; do
		case $part in
		-*) case $program in *"${part#-}"*) return 1 ;; esac ;;
		*) test "$chosen" = here || chosen=no
		   case $program in *"$part"*) chosen=here ;; esac ;;
		esac
	done
	test $chosen != no
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
		programs="$programs $program"
		rm -f "$program.counts"
	fi
done

# shellcheck disable=SC2086  # paths of programs, which hold no spaces
printf '%s\n' $programs | xargs -n 1 -P "$jobs" sh tests/run_one.sh

passed=0 failed=0 skipped=0
for program in $programs; do
	good=0 bad=1 skips=0
	test ! -f "$program.counts" || read -r good bad skips <"$program.counts"
	passed=$((passed + good))
	failed=$((failed + bad))
	skipped=$((skipped + skips))
done
test $((passed + failed)) -gt 0 || echo 'no test ran'
echo "$passed passed, $failed failed, $skipped skipped"
test $failed -eq 0 && test $passed -gt 0
