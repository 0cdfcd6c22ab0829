#!/bin/sh
# Installs into a folder of its own and uses that copy as a programmer would:
# headers that compile alone, as C and as C++, the examples built with what
# pkg-config says, against the shared library and the static one, and run on
# every device that is here. All must say the same numbers.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
CC=${CC:-cc}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
${MAKE:-make} -s BUILD="$build" prefix="$root" install
# the prefix is what pkg-config tells, so it must be the folder's
sed "s|^prefix=.*|prefix=$root|" "$build/undertone.pc" \
	>"$root/lib/pkgconfig/undertone.pc"
PKG_CONFIG_PATH=$root/lib/pkgconfig
RUSTICL_ENABLE=${RUSTICL_ENABLE-llvmpipe}
export PKG_CONFIG_PATH RUSTICL_ENABLE
intel=${UNDERTONE_INTEL_OPENCL:-build/intel-opencl}
if test -f "$intel/env"; then
	# shellcheck disable=SC1091  # written by scripts/intel-opencl.sh
	. "$intel/env"
fi
LD_LIBRARY_PATH=$root/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
strict='-O2 -Wall -Wextra -Wpedantic -Werror'

for header in "$root"/include/undertone/*.h; do
	name=undertone/${header##*/}
	# shellcheck disable=SC2086,SC2046  # words
	echo "#include <$name>" | $CC -std=c11 $strict -fsyntax-only -xc \
		$(pkg-config --cflags undertone) -
	if command -v c++ >/dev/null 2>&1; then
		# shellcheck disable=SC2086,SC2046  # words
		echo "#include <$name>" | c++ $strict -fsyntax-only -xc++ \
			$(pkg-config --cflags undertone) -
	fi
	echo "ok: <$name> alone"
done

cflags=$(pkg-config --cflags undertone)
shared=$(pkg-config --libs undertone)
# the archive by name, and what it needs: the rest is as for the shared library
static=$(pkg-config --static --libs undertone |
	sed "s|-lundertone|$root/lib/libundertone.a|")
for example in gemm spirals; do
	for kind in shared static; do
		libs=$shared
		test $kind = shared || libs=$static
		# shellcheck disable=SC2086  # words
		$CC -std=c11 $strict $cflags "examples/$example.c" $libs -lm \
			-o "$root/$example-$kind"
	done
done

status=0
for example in gemm spirals; do
	rm -f "$root/first"
	for run in 'shared host' 'static host' 'shared pocl' 'shared intel' \
		'shared rusticl'; do
		kind=${run% *} device=${run#* } size=
		test $example = spirals || size='100 75 130'
		# shellcheck disable=SC2086  # numbers
		test "$example $device" != 'spirals rusticl' || continue
		# shellcheck disable=SC2086  # numbers
		if ! "$root/$example-$kind" "$device" $size \
			>"$root/out" 2>"$root/log"; then
			if grep -q 'no device matches' "$root/log"; then
				echo "SKIP: $example on $device: not here"
				continue
			fi
			cat "$root/log"
			status=1
			continue
		fi
		# the device's name and speed are its own
		sed 's/.*bits/bits/' "$root/out" >"$root/this"
		if ! test -f "$root/first"; then
			mv "$root/this" "$root/first"
			cat "$root/out"
		elif ! cmp -s "$root/first" "$root/this"; then
			echo "DIFFERENT: $example, $kind, on $device:"
			cat "$root/out"
			status=1
		else
			echo "same: $example, $kind, on $device"
		fi
	done
done
exit $status
