#!/bin/sh
# Packs the sources as undertone-VERSION.tar.gz: the files git knows, or without
# git everything but what was built.
set -eu
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version=//p' configure)
name=undertone-$version
{
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files
	else
		find . -type f ! -path './build*' ! -path './runs/*' \
			! -name "$name.tar.gz" | sed 's|^\./||' | sort
	fi
} | tar -czf "$name.tar.gz.tmp" --transform "s|^|$name/|" \
	--owner=0 --group=0 --numeric-owner -T -
mv "$name.tar.gz.tmp" "$name.tar.gz"
echo "$name.tar.gz"
