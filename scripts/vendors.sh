#!/bin/sh
# Puts Intel's and NVIDIA's offline compilers into a folder of their own, where
# `make check-vendors` finds them. Nothing is installed on the system: Intel's
# package would register an OpenCL runtime there.
#
#   scripts/vendors.sh [--optional] [FOLDER]
#   scripts/vendors.sh --packages
#
# FOLDER is $BUILD/vendors. Intel's ocloc and iga64 come from Debian's packages,
# NVIDIA's ptxas and nvdisasm from its wheels on PyPI (their licence is in
# FOLDER/licence). With --optional a machine that cannot have them is no failure.
# --packages names the packages of Debian to install for AMD's compiler, and for
# what both of the others need.
set -eu

packages='clang-15 libclc-15 rocm-device-libs libllvm14'
intel='intel-opencl-icd libigdgmm12 libigc1 libigdfcl1 libigc-tools
libopencl-clang14 libllvmspirvlib14'
# The newest ptxas that still knows sm_60; a disassembler for sm_75 and later.
nvidia='nvidia-cuda-nvcc-cu12==12.9.86 nvidia-cuda-nvdisasm==13.2.51'

optional=no
case ${1-} in
--packages) echo "$packages"; exit ;;
--optional) optional=yes; shift ;;
esac
folder=${1:-${BUILD:-$(dirname "$0")/../build}/vendors}

give_up()
{
	echo "SKIP: $*"
	wrong=1
}

wrong=0
test "$(uname -s)-$(uname -m)" = Linux-x86_64 || {
	give_up "the vendors' compilers are for Linux on x86-64 only"
	test $optional = yes
	exit
}
mkdir -p "$folder/bin" "$folder/lib" "$folder/licence"
folder=$(cd "$folder" && pwd)
scratch=$folder/download
rm -rf "$scratch"
mkdir "$scratch"
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"

# A program of the folder, with the folder's libraries.
wrap()
{
	cat >"$folder/bin/$1" <<END
#!/bin/sh
LD_LIBRARY_PATH='$folder/lib' exec '$folder/lib/$1' "\$@"
END
	chmod 755 "$folder/bin/$1"
}

take_intel()
(
	set -e
	cd "$scratch"
	# shellcheck disable=SC2086  # a list of packages
	apt-get download -q $intel >log 2>&1 || { tail -n 3 log; exit 1; }
	for package in *.deb; do
		dpkg -x "$package" files
	done
	cp -a files/usr/lib/x86_64-linux-gnu/*.so* "$folder/lib"
	rm "$folder"/lib/libze_intel_gpu.so*
	mv files/usr/bin/ocloc files/usr/bin/iga64 "$folder/lib"
	for name in $intel; do
		cp "files/usr/share/doc/$name/copyright" \
			"$folder/licence/$name.txt"
	done
)

take_nvidia()
(
	set -e
	cd "$scratch"
	# shellcheck disable=SC2086  # a list of wheels
	python3 -m pip download --quiet --disable-pip-version-check \
		--no-deps --only-binary :all: $nvidia
	for wheel in *.whl; do
		python3 -m zipfile -e "$wheel" wheels
	done
	for name in ptxas nvdisasm; do
		find wheels -path "*/bin/$name" -exec mv {} "$folder/bin/" \;
		chmod 755 "$folder/bin/$name"
	done
	find wheels -name License.txt -exec cp {} "$folder/licence/nvidia.txt" \;
)

if test -x "$folder/bin/ocloc"; then
	echo "Intel's compiler is in $folder already"
elif ! command -v apt-get >/dev/null 2>&1; then
	give_up "Intel's compiler: no apt-get here"
elif take_intel; then
	wrap ocloc
	wrap iga64
	echo "Intel's compiler is in $folder"
else
	give_up "Intel's compiler: apt-get could not get it"
fi

if test -x "$folder/bin/ptxas"; then
	echo "NVIDIA's assembler is in $folder already"
elif ! python3 -m pip --version >/dev/null 2>&1; then
	give_up "NVIDIA's assembler: no pip here (Debian: python3-pip)"
elif take_nvidia; then
	echo "NVIDIA's assembler is in $folder"
else
	give_up "NVIDIA's assembler: pip could not get it"
fi
test $wrong = 0 || test $optional = yes
