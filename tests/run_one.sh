#!/bin/sh
# Runs one test program, says what came of it, and leaves what it counted,
# "passed failed skipped", in PROGRAM.counts. Called by tests/run.sh, several
# times at once.
set -u

program=$1
# Runs of small problems wait more than they work with several threads. What
# threads do to bits is for the other rooms' tests and scripts/agree.sh.
case $program in
*/lab/* | */cli/*) export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" ;;
esac
seconds=${UNDERTONE_TEST_SECONDS:-600}
log=$program.log

start=$(date +%s)
timeout -k 10 "$seconds" "$program" >"$log" 2>&1
status=$?
took=$(($(date +%s) - start))

# Check's summary line is "85%: Checks: 20, Failures: 2, Errors: 1"; several
# suites print several.
counts=$(awk '
/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
	gsub(/[^0-9 ]/, "")
	checks += $2; bad += $3 + $4
}
/^SKIP:/ { skips++ }
END { print checks + 0, bad + 0, skips + 0 }' "$log")
# shellcheck disable=SC2086  # three numbers
set -- $counts
good=$(($1 - $2)) bad=$2 skips=$3
if test $status -eq 0 && test "$bad" -eq 0; then
	word=ok
else
	word=FAILED
	test "$bad" -gt 0 || bad=1
fi
echo "$good $bad $skips" >"$program.counts"

# In one piece: others print at the same time.
report=$(
	printf '%-6s %s: %d passed, %d failed, %d skipped (%d s)\n' \
		$word "$program" "$good" "$bad" "$skips" $took
	if test $word = ok; then
		grep '^SKIP:' "$log" | sort | uniq -c
	else
		case $status in
		124 | 137) echo "stopped after $seconds s" ;;
		esac
		tail -n 60 "$log"
		echo "exit status $status"
	fi
)
printf '%s\n' "$report"
