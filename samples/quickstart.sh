#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what is needed, builds mzinit, hostbridge, hostbridge.exe and the sample programs, and runs some of them the
# whole way: kernel -> mzinit -> socket -> hostbridge -> Windows program. Nothing on the machine changes but its packages.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/support/setup.sh

install_packages "${build_packages[@]}" "${wine_packages[@]}"

quietly() {
    local log=build/quickstart.log
    "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; echo "quickstart: failed: $* (all of it in $log)" >&2; exit 1; }
}

mkdir -p build
echo "Building (minutes the first time, seconds later)"
quietly hostbridge/cmake/build_windows_libraries.sh build/windows-libraries
quietly cmake --preset release -DMZINIT_BUILD_TESTS=OFF
quietly cmake --build --preset release --target mzinit hostbridge mzexit
quietly cmake --preset mingw -DMZINIT_BUILD_TESTS=OFF
quietly cmake --build --preset mingw --target hostbridge samples
make_wine_prefix build/wine-prefix

# mzinit is process 1 of a PID namespace and registers itself in a rule table that is not the machine's.
if has_private_binfmt_misc; then
    exec unshare -Urmpf --mount-proc build/release/init/mzinit --register -- samples/quickstart_tour.sh
fi
echo "This kernel ($(uname -r)) has one rule table for the whole machine; the tour runs in a small virtual machine instead"
install_packages "${guest_packages[@]}"
exec tests/support/guest/run_in_guest.sh -- \
    unshare -pf --mount-proc build/release/init/mzinit --register -- samples/quickstart_tour.sh
