#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a command as root in a virtual machine with Debian's kernel, on this machine's own files. See README.md.
set -euo pipefail
guest=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$guest/../../.." && pwd)

usage() {
  cat <<USAGE
usage: run_in_guest.sh [options] -- COMMAND [ARGUMENT...]
  --memory SIZE     the guest's memory, as QEMU spells it (1G)
  --cpus N          its processors (2)
  --timeout SECONDS then the guest is ended and the status is 124 (1800)
  --env NAME        hand over this variable (may be given again)
  --writable DIR    what the command writes below DIR stays; everything else it changes is gone afterwards
  --prepare         only fetch the kernel; the next run needs no network
The status is the command's; 125 when the guest did not come so far.
USAGE
}
say() { echo "run_in_guest: $*" >&2; }
die() { say "$@"; exit 125; }

memory=1G cpus=2 timeout=1800 writable='' names=() prepare=
while (($#)); do
  case $1 in
    --memory) memory=${2:?} ; shift ;;
    --cpus) cpus=${2:?} ; shift ;;
    --timeout) timeout=${2:?} ; shift ;;
    --env) names+=("${2:?}") ; shift ;;
    --writable) writable=$(realpath -e "${2:?}") ; shift ;;
    --prepare) prepare=1 ;;
    --help) usage ; exit ;;
    --) shift ; break ;;
    *) usage >&2 ; exit 125 ;;
  esac
  shift
done
[[ $prepare || $# -gt 0 ]] || { usage >&2 ; exit 125; }

cache=$(realpath -m "${MZINIT_GUEST_CACHE:-$source_dir/build/guest}")

for program in qemu-system-x86_64 busybox cpio apt-get dpkg-deb; do
  command -v "$program" >/dev/null || die "$program is missing (packages: qemu-system-x86 busybox-static cpio)"
done
"$guest/fetch_kernel.sh" "$cache/kernel" || die "there is no kernel to boot"
[[ ! $prepare ]] || exit 0

# Not in the cache: its path may be too long for a socket.
run=$(mktemp -d "${TMPDIR:-/tmp}/guest.XXXXXX")
ended=0
cleanup() {
  local pid
  for pid in $(jobs -pr); do
    kill "$pid" 2>/dev/null || true
  done
  wait
  rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

quote() { # as one word of a shell's, whatever is in it
  printf "'%s' " "${1//\'/\'\\\'\'}"
}

write_settings() {
  local modules=("$cache"/kernel/lib/modules/*)
  printf 'guest_writable='; quote "$writable"; echo
  printf 'guest_modules='; quote "${modules[0]}"; echo
}

write_command() {
  local name argument
  echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LOGNAME=root'
  for name in "${names[@]}"; do
    [[ ! ${!name+set} ]] || { printf 'export %s=' "$name"; quote "${!name}"; echo; }
  done
  printf 'cd '; quote "$PWD"; echo '|| exit 125'
  printf 'exec '
  for argument; do quote "$argument"; done
  echo
}

make_initramfs() {
  local root=$run/initramfs modules
  modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console fuse virtiofs overlay"
  mkdir -p "$root"/{bin,dev,proc,machine,changes,root,modules}
  cp "$(command -v busybox)" "$root/bin/busybox"
  cp "$guest/initramfs_init" "$root/init"
  cp "$guest/start_command" "$root/start_command"
  chmod 755 "$root/init"
  write_settings >"$root/settings"
  write_command "$@" >"$root/command"
  for module in $modules; do
    find "$cache/kernel/lib/modules" -name "$module.ko" -exec cp {} "$root/modules/" \;
  done
  echo "$modules" >"$root/modules/order"
  (cd "$root" && find . | cpio --quiet --create --format newc) >"$run/initramfs.cpio"
}
make_initramfs "$@"

# The server of this machine's files; returns when QEMU can connect to it at $run/files.
start_file_server() {
  # It gets its socket ready-made: told a path, it wants to write to /run, which is root's.
  local listen='import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
listener.set_inheritable(True)
os.execvp(sys.argv[2], sys.argv[2:] + [f"--fd={listener.fileno()}"])'
  # cache=auto would let go of a library's pages whenever it is opened: starting a program takes five times as long.
  local server=(/usr/lib/qemu/virtiofsd -o "source=/,cache=always,sandbox=chroot")
  if ((EUID != 0)); then
    # Root in a user namespace, where all other users' files belong to nobody.
    cc -O2 -shared -fPIC -o "$run/ignore_noatime.so" "$guest/ignore_noatime.c"
    server=(unshare --user --map-root-user env "LD_PRELOAD=$run/ignore_noatime.so" "${server[@]}")
  fi
  mkfifo "$run/server_log"
  python3 -c "$listen" "$run/files" "${server[@]}" >"$run/server_log" 2>&1 &
  local log line=''
  exec {log}<"$run/server_log"
  until [[ $line == *"Waiting for vhost-user socket"* ]]; do
    IFS= read -r -t 60 -u "$log" line || die "the server of this machine's files did not start: $line"
  done
  cat <&"$log" >/dev/null &
  exec {log}<&-
}

# Returns when the guest has ended, QEMU's status in $ended.
run_machine() {
  # smap=off: before QEMU 9.1, emulated user code that returns by iretq (Wine does) is taken for the kernel, and killed.
  local machine=(-machine "pc,memory-backend=memory" -accel "tcg,thread=multi" -cpu "max,smap=off" -smp "$cpus"
    -object "memory-backend-memfd,id=memory,size=$memory,share=on"
    -nodefaults -no-user-config -no-reboot -display none
    -kernel "$cache"/kernel/boot/vmlinuz-* -initrd "$run/initramfs.cpio"
    -append "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off"
    -serial "file:$run/console"
    -chardev "socket,id=files,path=$run/files" -device "vhost-user-fs-pci,chardev=files,tag=machine"
    -netdev "user,id=network" -device "virtio-net-pci,netdev=network,romfile="
    -device virtio-serial-pci)
  local port readers=()
  touch "$run/status"
  # QEMU makes what it writes to non-blocking: it gets pipes of its own, not the caller's streams.
  mkfifo "$run/stdout" "$run/stderr"
  cat "$run/stdout" &
  readers+=($!)
  cat "$run/stderr" >&2 &
  readers+=($!)
  for port in stdout stderr status; do
    machine+=(-chardev "file,id=$port,path=$run/$port,append=on" -device "virtserialport,chardev=$port,name=$port")
  done
  timeout --kill-after=5 "$timeout" qemu-system-x86_64 "${machine[@]}" </dev/null >"$run/qemu_log" 2>&1 &
  wait $! || ended=$?
  # A machine that did not start opened neither: end of input for both.
  : 1<>"$run/stdout" 1<>"$run/stderr"
  wait "${readers[@]}"
}

start_file_server
run_machine
status=$(<"$run/status")
[[ ! $status ]] || exit "$status"
if ((ended == 124)); then
  say "ended after $timeout seconds"
else
  say "the guest ended before its command did (QEMU's status: $ended)" \
    "$(grep -a -o -m1 'Kernel panic.*' "$run/console" 2>/dev/null)"
fi
cat "$run/qemu_log" >&2
if [[ -s $run/console ]]; then
  say "the end of its console:"
  tail -n 60 "$run/console" >&2
fi
((ended == 124)) && exit 124
exit 125
