#!/bin/sh
# Runs one recipe with every build named, on every device, with one thread and
# two, and compares the fingerprints of all epochs: they are the same bits, or
# this fails and shows where they part.
#
#   [RECIPE='tiny KEY=VALUE...'] [DEVICES='pocl intel'] scripts/agree.sh BUILD...
set -eu
cd "$(dirname "$0")/.."

recipe=${RECIPE:-tiny}
devices=${DEVICES:-pocl intel rusticl}
RUSTICL_ENABLE=${RUSTICL_ENABLE-llvmpipe}
UNDERTONE_RECIPES=${UNDERTONE_RECIPES:-data/recipes}
leaks="suppressions='$PWD/scripts/leaks':print_suppressions=0"
LSAN_OPTIONS=${LSAN_OPTIONS:-$leaks}
export RUSTICL_ENABLE UNDERTONE_RECIPES LSAN_OPTIONS
if test -f build/intel-opencl/env; then
	# shellcheck disable=SC1091  # written by scripts/intel-opencl.sh
	. build/intel-opencl/env
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
first=
status=0

# one BUILD DEVICE THREADS
one()
{
	name="$1, $2, $3 thread(s)"
	# shellcheck disable=SC2086  # a recipe and its changes
	if ! OMP_NUM_THREADS=$3 "$1/undertone" run $recipe --device "$2" \
		--out "$folder/run" --force >"$folder/log" 2>&1; then
		if grep -q 'no device matches' "$folder/log"; then
			echo "SKIP: $name: no such device here"
			return
		fi
		cat "$folder/log"
		echo "FAILED: $name"
		status=1
		return
	fi
	"$1/undertone" fingerprint "$folder/run" >"$folder/this"
	test -s "$folder/this"
	if test -z "$first"; then
		first=$name
		mv "$folder/this" "$folder/first"
		echo "reference: $name: $(tail -n 1 "$folder/first")"
	elif cmp -s "$folder/first" "$folder/this"; then
		echo "same: $name"
	else
		echo "DIFFERENT: $name (>) and $first (<)"
		diff "$folder/first" "$folder/this" || status=1
	fi
}

for build; do
	one "$build" host 1
	one "$build" host 2
	grep -q 'UT_HAVE_OPENCL 1' "$build/config.h" || continue
	for device in $devices; do
		one "$build" "$device" 2
	done
done
exit $status
