# SPDX-License-Identifier: MIT
# Sourced by tests/run.sh and samples/quickstart.sh: what they need from Debian, and what both prepare once per build tree.

# Everything that the two programs and the samples are built with.
build_packages=(
    build-essential cmake ninja-build pkg-config
    protobuf-compiler libprotobuf-dev libasio-dev libuv1-dev libmbedtls-dev libinih-dev libcli11-dev
    g++-mingw-w64-x86-64-posix g++-mingw-w64-i686-posix
    dpkg-dev patch nasm
)
# What runs Windows programs here, and plays a Windows host.
wine_packages=(wine wine64)
# Kernels before 6.7 have no rule table for a user namespace: there everything runs inside a guest.
guest_packages=(qemu-system-x86 busybox-static cpio python3)
# What only the tests use.
test_packages=(
    googletest libbenchmark-dev clang libclang-rt-14-dev
    python3 socat strace tmux file dosbox e2fsprogs zsh
    nsis systemd-boot-efi grub-efi-amd64-bin mono-runtime mono-mcs
)

# Installs what is missing of the packages named; nothing, and no question to apt, if all are there.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "Installing ${missing[*]}"
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Whether a user namespace can have a binfmt_misc table of its own (Linux 6.7), tried rather than compared.
has_private_binfmt_misc() {
    unshare -Urmpf --mount-proc sh -c 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc' 2>/dev/null
}

# make_wine_prefix DIRECTORY: creates it unless it is there. A half-made one is thrown away.
make_wine_prefix() {
    local prefix
    prefix=$(realpath -m "$1")  # Wine takes no other
    [ -e "$prefix/.complete" ] && return 0
    echo "Making a Wine prefix (once, about 15 seconds)"
    rm -rf "$prefix"
    mkdir -p "$prefix"
    # Nothing of it may outlive this call or keep our descriptors; offers to download things would only wait for a display.
    env WINEPREFIX="$prefix" WINEDEBUG=-all WINEDLLOVERRIDES="winemenubuilder.exe=d;mscoree=;mshtml=" DISPLAY= \
        wineboot --init </dev/null >/dev/null 2>&1
    env WINEPREFIX="$prefix" wineserver --wait </dev/null >/dev/null 2>&1
    [ -e "$prefix/system.reg" ] || { echo "Wine did not make its prefix $prefix" >&2; return 1; }
    touch "$prefix/.complete"
}

# fetch_upx DIRECTORY: unpacks UPX there (usr/bin/upx-ucl), unless it is there. Debian 12 has it in bookworm-backports
# only: it is looked up with a source list and an index of our own, checked by apt like every package, and not installed.
# $MZINIT_DEBIAN_MIRROR replaces http://deb.debian.org.
fetch_upx() {
    local directory apt
    directory=$(realpath -m "$1")
    [ -e "$directory/usr/bin/upx-ucl" ] && return 0
    echo "Fetching UPX"
    apt=$directory.apt
    rm -rf "$directory" "$apt"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    echo "deb ${MZINIT_DEBIAN_MIRROR:-http://deb.debian.org}/debian bookworm-backports main" >"$apt/sources.list"
    local options=(-q=2 -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State=$apt"
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)")
    apt-get "${options[@]}" update && (cd "$apt" && apt-get "${options[@]}" download upx-ucl) &&
        dpkg-deb --extract "$apt"/upx-ucl_*.deb "$directory.new" && mv "$directory.new" "$directory"
    rm -rf "$apt" "$directory.new"
    [ -e "$directory/usr/bin/upx-ucl" ]
}
