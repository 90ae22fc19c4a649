#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is needed, builds every variant and runs all tests. Safe to run again; what is expensive stays in build/.
#
#   tests/run.sh                 everything
#   tests/run.sh release asan    only these presets (and what they need)
set -uo pipefail
cd "$(dirname "$0")/.."
. tests/support/setup.sh

presets=("$@")
[ ${#presets[@]} -gt 0 ] || presets=(mingw32 mingw mingw-ubsan release asan tsan fuzz)

mkdir -p build
export MZINIT_WINE_PREFIX=$PWD/build/wine-prefix
install_packages "${build_packages[@]}" "${wine_packages[@]}" "${guest_packages[@]}" "${test_packages[@]}" || exit 1
hostbridge/cmake/build_windows_libraries.sh build/windows-libraries || exit 1
fetch_upx build/upx || echo "UPX cannot be had: its test is skipped" >&2
make_wine_prefix "$MZINIT_WINE_PREFIX" || exit 1
# Unit tests under Wine use a prefix of their own, so that no test meets another's server.
make_wine_prefix "$PWD/build/wine-prefix-unit" || exit 1

failed=()
started=$SECONDS
run() {
    local from=$SECONDS
    echo "--- $*"
    "$@" || failed+=("$*")
    echo "--- took $((SECONDS - from)) s: $*"
}

# What one variant has shown the next need not show again: the asan preset has all unit tests, release adds what runs the
# static programs, tsan looks at the agent, the only program with threads.
configure() {
    local options=()
    case $1 in
        mingw32 | mingw-ubsan) options=(-DMZINIT_BUILD_TESTS=OFF) ;;
        release) options=(-DMZINIT_BUILD_TESTS=ON -DMZINIT_UNIT_TESTS=) ;;
        tsan) options=(-DMZINIT_BUILD_TESTS=ON -DMZINIT_UNIT_TESTS=hostbridge -DMZINIT_BUILD_BENCHMARKS=OFF) ;;
        fuzz) ;;
        *) options=(-DMZINIT_BUILD_TESTS=ON) ;;
    esac
    run cmake --preset "$1" "${options[@]}"
}
build() {
    local targets=()
    [ "$1" != tsan ] || targets=(--target hostbridge hostbridge_test)
    run cmake --build --preset "$1" "${targets[@]}"
}
test_preset() {
    case $1 in
        mingw32 | mingw-ubsan) ;;  # what they build is run by the others' tests
        mingw) WINEPREFIX=$PWD/build/wine-prefix-unit run ctest --preset mingw ;;
        # ThreadSanitizer makes a fork of every vfork, and a keeper's program shares its keeper's memory until it executes.
        tsan) run ctest --preset tsan -R '^hostbridge' -E 'PosixLauncher' ;;
        *) run ctest --preset "$1" ;;
    esac
}

# Build all first: the integration tests of one preset use programs of others.
for preset in "${presets[@]}"; do
    configure "$preset"
    build "$preset"
done
for preset in "${presets[@]}"; do
    test_preset "$preset"
done
if [[ " ${presets[*]} " == *" release "* ]]; then
    run tests/bench/run.sh build/release build/mingw
fi

echo
tests/support/count_skips.sh build
echo "tests/run.sh: $((SECONDS - started)) s"
if [ ${#failed[@]} -ne 0 ]; then
    tests/support/show_failures.py build
    printf 'FAILED: %s\n' "${failed[@]}"
    exit 1
fi
echo "All presets passed: ${presets[*]}"
