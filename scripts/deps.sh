#!/bin/sh
# Installs what Undertone needs, on Debian and its relatives. The one list.
set -eu

packages='
gcc make pkg-config libc6-dev
zlib1g-dev libjpeg-dev libjansson-dev libinih-dev libxxhash-dev
libcairo2-dev fonts-dejavu-core
ocl-icd-opencl-dev opencl-headers libclblast-dev pocl-opencl-icd
check
dataset-fashion-mnist
'

missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
		grep -q 'ok installed' || missing="$missing $package"
done
if test -z "$missing"; then
	echo 'everything needed is installed'
	exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
	echo "error: no apt-get here; install what these packages of Debian" \
		"hold:$missing" >&2
	exit 1
fi
run=
if test "$(id -u)" != 0; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "error: neither root nor sudo; as root:" \
			"apt-get install$missing" >&2
		exit 1
	fi
	run=sudo
fi

# The list of packages is absent on a fresh system, and old ones name files that
# the mirror has no more.
install_missing()
{
	# shellcheck disable=SC2086  # a list of packages, and a word or none
	$run env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $missing
}
if find /var/lib/apt/lists -name '*_Packages*' | grep -q .; then
	install_missing && exit
fi
$run apt-get update
install_missing
