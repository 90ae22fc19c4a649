#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fetch_kernel.sh DIRECTORY: unpacks Debian's cloud kernel there (boot/vmlinuz-*, lib/modules/*), unless it is there.
set -euo pipefail
directory=${1:?}
mkdir -p "$directory"
exec {lock}>"$directory.lock"
flock "$lock"
[[ ! -e $directory/complete ]] || exit 0

package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p')
[[ $package ]] || { echo "fetch_kernel: apt does not know linux-image-cloud-amd64; try apt-get update" >&2; exit 1; }
rm -rf "$directory"
mkdir -p "$directory"
cd "$directory"
options=()
# apt's own user may not be allowed to write here.
((EUID)) || options=(-o APT::Sandbox::User=root)
apt-get "${options[@]}" download "$package" >&2
dpkg-deb --extract "$package"_*.deb .
rm "$package"_*.deb
# What the package's own installation script would do.
busybox depmod -b . "$(ls lib/modules)"
touch complete
