#!/bin/sh
# Puts Intel's OpenCL runtime for processors (it also runs on AMD's) into a
# folder of its own, from Intel's wheels on PyPI: one more device to agree with.
# Nothing is installed on the system.
#
#   scripts/intel-opencl.sh [--optional] [FOLDER]
#
# FOLDER is build/intel-opencl. `. FOLDER/env` makes a shell's programs see the
# runtime; `make check` does that by itself. With --optional a machine that
# cannot have it is no failure. pip's own settings hold (PIP_NO_INDEX,
# PIP_FIND_LINKS, ...). The licence is Intel's, in FOLDER/licence.
set -eu

wheels='intel-opencl-rt==2026.2.0 intel-cmplr-lib-rt==2026.2.0'

optional=no
if test "${1-}" = --optional; then
	optional=yes
	shift
fi
folder=${1:-$(dirname "$0")/../build/intel-opencl}

give_up()
{
	echo "SKIP: Intel's OpenCL runtime: $*"
	test $optional = yes
	exit
}

if test -f "$folder/env"; then
	echo "Intel's OpenCL runtime is in $folder already"
	exit 0
fi
test "$(uname -s)-$(uname -m)" = Linux-x86_64 ||
	give_up 'it is for Linux on x86-64 only'
command -v python3 >/dev/null 2>&1 ||
	give_up 'no python3 here (Debian: python3 python3-pip)'
python3 -m pip --version >/dev/null 2>&1 ||
	give_up 'no pip here (Debian: python3-pip)'

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
scratch=$folder/download
rm -rf "$scratch"
mkdir "$scratch"
trap 'rm -rf "$scratch"' EXIT

# shellcheck disable=SC2086  # a list of wheels
python3 -m pip download --quiet --disable-pip-version-check \
	--only-binary :all: --dest "$scratch" $wheels ||
	give_up 'pip could not get its wheels (no network?)'

for wheel in "$scratch"/*.whl; do
	python3 -m zipfile -e "$wheel" "$scratch/files"
done

(cd "$folder" && rm -rf lib vendors licence)
mkdir "$folder/lib" "$folder/vendors" "$folder/licence"
# Not their libOpenCL.so: it would stand before the system's loader.
rm -f "$scratch"/files/*.data/data/lib/libOpenCL.so* \
	"$scratch"/files/*.data/data/lib/icx-lto.so \
	"$scratch"/files/*.data/data/lib/*_debug.so*
mv "$scratch"/files/*.data/data/lib/* "$folder/lib"
for licence in "$scratch"/files/*.dist-info/LICENSE.txt; do
	package=$(basename "$(dirname "$licence")" .dist-info)
	mv "$licence" "$folder/licence/$package.txt"
done

# A wheel holds no links: the same library is there under each of its names.
for long in "$folder"/lib/*.so.*.*; do
	for name in "${long%.so.*}".so "${long%.so.*}".so.*; do
		if test "$name" != "$long" && cmp -s "$name" "$long"; then
			ln -sf "$(basename "$long")" "$name"
		fi
	done
done

# This folder stands in for the system's, so it names those runtimes too.
echo "$folder/lib/libintelocl.so" >"$folder/vendors/intel-cpu.icd"
cat >"$folder/env" <<END
# For sh: \`. $folder/env\`
OCL_ICD_VENDORS='$folder/vendors'
LD_LIBRARY_PATH='$folder/lib'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export OCL_ICD_VENDORS LD_LIBRARY_PATH
for icd in /etc/OpenCL/vendors/*.icd; do
	if test -f "\$icd"; then ln -sf "\$icd" "\$OCL_ICD_VENDORS"; fi
done
END
echo "Intel's OpenCL runtime is in $folder; \`. $folder/env\` to use it"
