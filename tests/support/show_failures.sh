#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# show_failures.sh BUILD: what failed in the last runs of ctest below BUILD, and how, again and without what passed: whoever reads
# only the end of a long output finds it there.
set -uo pipefail

for log in "$1"/*/Testing/Temporary/LastTest.log; do
    [ -e "$log" ] || continue
    preset=$(basename "$(dirname "$(dirname "$(dirname "$log")")")")
    # A Python test's report runs from FAIL: or ERROR: to the next rule; GoogleTest's lines and sanitizers' reports name themselves.
    awk -v preset="$preset" '
        /^(FAIL|ERROR): / { reporting = 40 }
        /: Failure$/ || /ERROR: (Address|Leak|Thread)Sanitizer/ || /runtime error:/ { reporting = reporting > 12 ? reporting : 12 }
        /^={60,}$/ || /^Ran [0-9]+ tests/ { reporting = 0 }
        reporting > 0 { print "failed in " preset ": " substr($0, 1, 400); --reporting }
    ' "$log"
done | head -n 150
