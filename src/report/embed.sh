#!/bin/sh
# usage: embed.sh FILE ...
# Writes C on stdout: every file as an array of lines, ut_page_ENDING
# (src/report/page.h). Arrays, because a C compiler need not take one string
# this long.
set -eu

echo '/* Written by src/report/embed.sh: do not edit. */'
echo '#include "report/page.h"'
for file in "$@"; do
	echo
	echo "const char *const ut_page_${file##*.}[] = {"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/	/\\t/g' \
	    -e 's/^/	"/' -e 's/$/\\n",/' "$file"
	echo '	0'
	echo '};'
done
