#!/bin/sh
# Runs the kernels in oclgrind's simulator, which sees data races, reads and
# writes out of bounds, and values never written. Slow, so on a tiny recipe.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
UNDERTONE_RECIPES=${UNDERTONE_RECIPES:-data/recipes}
export UNDERTONE_RECIPES
if ! command -v oclgrind >/dev/null 2>&1; then
	echo 'SKIP: oclgrind is not installed'
	exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

UNDERTONE_CACHE=off oclgrind --data-races --uninitialized --check-api \
	--log "$folder/log" "$build/undertone" run "${RECIPE:-tiny}" \
	--device oclgrind --out "$folder/run" "$@"
if test -s "$folder/log"; then
	head -n 100 "$folder/log"
	echo 'FAILED: oclgrind has complaints'
	exit 1
fi
echo 'oclgrind: no complaints'
