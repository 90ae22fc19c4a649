#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# count_skips.sh BUILD_TREES: what the last test run of every preset below skipped, with the reasons, and how many that were.
set -uo pipefail
total=0
for log in "${1:?}"/*/Testing/Temporary/LastTest.log; do
    [ -e "$log" ] || continue
    preset=${log#"$1"/}
    preset=${preset%%/*}
    # unittest: "test_x (...) ... skipped 'reason'"; our scripts: "skipped: reason"; GoogleTest: "[  SKIPPED ] Suite.Test"
    while IFS= read -r line; do
        echo "skipped in $preset: $line"
        total=$((total + 1))
    done < <(grep -aE "\.\.\. skipped |^skipped: |^\[  SKIPPED \] [^ ]+\.[^ ]+ \(" "$log")
done
echo "$total skipped"
