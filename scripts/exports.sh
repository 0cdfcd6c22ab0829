#!/bin/sh
# Writes the linker's list of what the shared library gives to programs: the
# functions that the headers named declare, and nothing else.
#
#   scripts/exports.sh include/undertone/*.h >exports.map
set -eu

echo 'UNDERTONE_0 {'
echo '	global:'
# without comments: what is called, or declared, is followed by a bracket
cat "$@" | awk '
{
	line = line " " $0
}
END {
	while (match(line, /\/\*/)) {
		rest = substr(line, RSTART + 2)
		line = substr(line, 1, RSTART - 1)
		if (match(rest, /\*\//))
			line = line substr(rest, RSTART + 2)
	}
	while (match(line, /ut_[a-z0-9_]+\(/)) {
		print substr(line, RSTART, RLENGTH - 1)
		line = substr(line, RSTART + RLENGTH)
	}
}' | sort -u | sed 's/.*/		&;/'
echo '	local:'
echo '		*;'
echo '};'
