#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Cross-builds for 64-bit Windows the libraries of hostbridge.exe that Debian has no mingw-w64 packages of: libuv,
# protobuf-lite, mbedTLS's crypto library and inih from Debian's source packages, and the headers of CLI11.
#
#   build_windows_libraries.sh [PREFIX]      (default: $MZINIT_WINDOWS_LIBRARIES, else build/windows-libraries)
#
# PREFIX is complete or absent: it is built beside its place and renamed into it last, with the file `stamp` that
# says from what. A run that finds a stamp of the same script and compilers does nothing and needs no network. Root
# is not needed: apt's state is private to the run. $MZINIT_DEBIAN_MIRROR replaces http://deb.debian.org.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=${1:-${MZINIT_WINDOWS_LIBRARIES:-$here/../../build/windows-libraries}}
mirror=${MZINIT_DEBIAN_MIRROR:-http://deb.debian.org}
toolchain=$here/mingw-w64-x86_64.cmake
triple=x86_64-w64-mingw32

die() {
    echo "build_windows_libraries: $*" >&2
    exit 1
}

for tool in cmake ninja protoc dpkg-source flock $triple-gcc-posix $triple-g++-posix; do
    command -v "$tool" >/dev/null || die "$tool is not installed"
done
mkdir -p "$(dirname "$prefix")"
prefix=$(cd "$(dirname "$prefix")" && pwd)/$(basename "$prefix")
work=$prefix.work

# The part of the stamp that decides whether PREFIX is current; the versions of the sources follow it for the reader.
recipe() {
    echo "script $(cat "${BASH_SOURCE[0]}" "$toolchain" "$here/mingw-w64.cmake" | sha256sum | cut -d' ' -f1)"
    echo "compiler $($triple-g++-posix --version | head -n 1)"
    echo "protoc $(protoc --version)"
}

# Source packages are looked up with a source list and an index of our own, so that neither the machine's list
# (which usually has no deb-src) nor its package index is touched.
apt_for() {
    local suites=$1
    shift
    "$@" -q=2 -o Dir::Etc::sourcelist="$work/apt-$suites/sources.list" -o Dir::Etc::sourceparts=- \
        -o Dir::State="$work/apt-$suites" -o Dir::State::lists="$work/apt-$suites/lists" \
        -o Dir::Cache="$work/apt-$suites/cache" -o APT::Sandbox::User="$(id -un)"
}

update_index() {
    local suites=$1 directory=$work/apt-$1
    mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
    cat >"$directory/sources.list"
    apt_for "$suites" apt-get update
}

# fetch PACKAGE DIRECTORY: unpacks the source package, with Debian's patches, as $work/DIRECTORY.
fetch() {
    local package=$1 directory=$2 suites=bookworm
    mkdir -p "$work/download/$package"
    cd "$work/download/$package"
    if ! apt_for $suites apt-get source "$package"; then
        # Some mirrors no longer hold every source file of the stable release.
        suites=trixie
        echo "build_windows_libraries: $package: trying the source package of $suites" >&2
        rm -f ./*
        [ -d "$work/apt-$suites" ] || update_index $suites <<<"deb-src $mirror/debian trixie main"
        apt_for $suites apt-get source "$package"
    fi
    mv "$(find . -mindepth 1 -maxdepth 1 -type d)" "$work/$directory"
    echo "source $package $(sed -n 's/^Version: //p' ./*.dsc | head -n 1)" >>"$work/sources"
}

# cross_cmake DIRECTORY TARGET OPTIONS...
#
# The messages of the libraries contain __FILE__, which must not tell the paths of the machine that built them.
cross_cmake() {
    local source=$work/$1 target=$2 flags="-w -ffunction-sections -fdata-sections -ffile-prefix-map=$work/="
    shift 2
    cmake -G Ninja -S "$source" -B "$source/cross" --log-level=WARNING -Wno-dev --no-warn-unused-cli \
        -DCMAKE_TOOLCHAIN_FILE="$toolchain" -DCMAKE_BUILD_TYPE=Release -DCMAKE_POLICY_DEFAULT_CMP0054=NEW \
        -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" "$@"
    cmake --build "$source/cross" --target "$target" -- --quiet
}

build_libuv() {
    fetch libuv1 libuv
    cross_cmake libuv uv_a -DLIBUV_BUILD_TESTS=OFF -DLIBUV_BUILD_BENCH=OFF
    cp "$work/libuv/cross/libuv_a.a" "$work/prefix/lib/"
    cp -R "$work/libuv/include/." "$work/prefix/include/"
}

build_protobuf_lite() {
    fetch protobuf protobuf
    cross_cmake protobuf libprotobuf-lite -Dprotobuf_BUILD_TESTS=OFF -Dprotobuf_BUILD_PROTOC_BINARIES=OFF \
        -Dprotobuf_WITH_ZLIB=OFF
    cp "$work/protobuf/cross/libprotobuf-lite.a" "$work/prefix/lib/"
    (cd "$work/protobuf/src" && find google/protobuf -path '*/compiler' -prune -o \
        \( -name '*.h' -o -name '*.inc' \) -exec cp --parents -t "$work/prefix/include" {} +)
    # Generated code compiles only with the headers of the very release of the generator.
    local generator header
    generator=$(protoc --version | sed -n 's/^libprotoc 3\.\([0-9]*\)\.\([0-9]*\).*/\1 \2/p')
    header=$(sed -n 's/^#define GOOGLE_PROTOBUF_VERSION //p' "$work/prefix/include/google/protobuf/stubs/common.h")
    # shellcheck disable=SC2086  # two words
    [ "$header" = "$(printf '3%03d%03d' $generator)" ] ||
        die "the source package has the headers $header, $(protoc --version) makes code for another release"
}

build_mbedcrypto() {
    fetch mbedtls mbedtls
    cross_cmake mbedtls mbedcrypto -DENABLE_PROGRAMS=OFF -DENABLE_TESTING=OFF -DUSE_STATIC_MBEDTLS_LIBRARY=ON \
        -DUSE_SHARED_MBEDTLS_LIBRARY=OFF -DMBEDTLS_FATAL_WARNINGS=OFF
    cp "$work/mbedtls/cross/library/libmbedcrypto.a" "$work/prefix/lib/"
    cp -R "$work/mbedtls/include/mbedtls" "$work/mbedtls/include/psa" "$work/prefix/include/"
}

build_inih() {
    fetch libinih inih
    cd "$work/inih"
    # Two files; its own build (meson) would need a second toolchain file.
    $triple-gcc-posix -O2 -ffunction-sections -fdata-sections -ffile-prefix-map="$work/=" -c ini.c -o ini.o
    $triple-ar rcs "$work/prefix/lib/libinih.a" ini.o
    cp ini.h "$work/prefix/include/"
}

copy_cli11() {
    if [ -e /usr/include/CLI/CLI.hpp ]; then
        cp -R /usr/include/CLI "$work/prefix/include/"
        echo "headers libcli11-dev $(dpkg-query -Wf '${Version}' libcli11-dev 2>/dev/null || echo unpackaged)" \
            >>"$work/sources"
    else
        fetch cli11 cli11
        cp -R "$work/cli11/include/CLI" "$work/prefix/include/"
    fi
}

# Two build trees may be configured at once.
exec 9>"$prefix.lock"
flock 9

wanted=$(recipe)
lines=$(wc -l <<<"$wanted")
if [ -e "$prefix/stamp" ] && [ "$(head -n "$lines" "$prefix/stamp")" = "$wanted" ]; then
    exit 0
fi

rm -rf "$work"
mkdir -p "$work/prefix/include" "$work/prefix/lib"
update_index bookworm <<END
deb-src $mirror/debian bookworm main
deb-src $mirror/debian bookworm-updates main
deb-src $mirror/debian-security bookworm-security main
END
build_libuv
build_protobuf_lite
build_mbedcrypto
build_inih
copy_cli11

{
    echo "$wanted"
    cat "$work/sources"
} >"$work/prefix/stamp"
rm -rf "$prefix"
mv "$work/prefix" "$prefix"
rm -rf "$work"
echo "build_windows_libraries: $prefix is ready" >&2
