#!/bin/sh
# usage: embed.sh FILE.cl ...
# Writes C on stdout: every kernel file, its #include "x.h" resolved (once each),
# as an array of lines, and the table of them (src/device/opencl/kernels.h).
# Arrays of lines, because a C compiler need not take one string this long.
set -eu

resolve() {
	awk -v folder="$(dirname "$1")" '
	function take(name,   line, part) {
		if (name in seen)
			return
		seen[name] = 1
		while ((status = (getline line < name)) > 0) {
			if (line ~ /^#include "[^"]*"/) {
				split(line, part, "\"")
				take(folder "/" part[2])
			} else
				print line
		}
		if (status < 0) {
			print "embed.sh: cannot read " name > "/dev/stderr"
			exit 1
		}
		close(name)
	}
	BEGIN { take(ARGV[1]) }' "$1"
}

echo '/* Written by cl/embed.sh: do not edit. */'
echo '#include "device/opencl/kernels.h"'
for file in "$@"; do
	name=$(basename "$file" .cl)
	text=$(resolve "$file")
	echo
	echo "static const char *const ${name}[] = {"
	printf '%s\n' "$text" |
		sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' \
		    -e 's/^/	"/' -e 's/$/\\n",/'
	echo '	0'
	echo '};'
done
echo
echo 'const struct ut_kernel_file ut_kernel_files[] = {'
for file in "$@"; do
	name=$(basename "$file" .cl)
	printf '\t{"%s", %s},\n' "$name" "$name"
done
printf '\t{0, 0}\n};\n'
