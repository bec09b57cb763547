#!/bin/sh
# need-node.sh VERSION WHAT: succeeds if Node is at least VERSION (major.minor); else says what is left out.
wanted=$1
what=$2
found=$(node --version 2>/dev/null | tr -d v)
if [ -z "$found" ]; then
  echo "$what needs Node $wanted or newer, and there is none here: left out. All else works without it." >&2
  exit 1
fi
oldest=$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)
if [ "$oldest" != "$wanted" ]; then
  echo "$what needs Node $wanted or newer; here is $found: left out. All else works without it." >&2
  exit 1
fi
