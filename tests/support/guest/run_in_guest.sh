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

run=$(mktemp -d "$cache/run.XXXXXX")
pids=()
cleanup() {
  ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
  rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# What the guest is to do, as shell scripts: every argument and variable arrives as it is here.
{
  printf 'guest_writable=%q\n' "$writable"
  printf 'guest_modules=%q\n' "$(echo "$cache"/kernel/lib/modules/*)"
} >"$run/settings"
quote() { # in single quotes, for any shell
  printf "'%s' " "${1//\'/\'\\\'\'}"
}
{
  echo 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root'
  for name in "${names[@]}"; do
    [[ ! ${!name+set} ]] || { printf 'export %s=' "$name"; quote "${!name}"; echo; }
  done
  printf 'cd '; quote "$PWD"; echo '|| exit 125'
  printf 'exec '
  for argument; do quote "$argument"; done
  echo
} >"$run/command"

make_initramfs() {
  local root=$run/initramfs modules
  modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_console fuse virtiofs overlay"
  mkdir -p "$root"/{bin,dev,proc,machine,changes,root,modules}
  cp "$(command -v busybox)" "$root/bin/busybox"
  cp "$guest/initramfs_init" "$root/init"
  cp "$guest/start_command" "$root/start_command"
  chmod 755 "$root/init"
  for module in $modules; do
    find "$cache/kernel/lib/modules" -name "$module.ko" -exec cp {} "$root/modules/" \;
  done
  echo "$modules" >"$root/modules/order"
  (cd "$root" && find . | cpio --quiet --create --format newc) >"$run/initramfs.cpio"
}
make_initramfs

start_file_server() {
  local server=(/usr/lib/qemu/virtiofsd --socket-path="$run/files" -o source=/,cache=auto,sandbox=chroot)
  # Without root's rights: root in a user namespace, whose other users are all nobody.
  ((EUID == 0)) || server=(unshare --user --map-root-user "${server[@]}")
  exec {log}< <(exec "${server[@]}" 2>&1)
  pids+=($!)
  local line
  while IFS= read -r -t 30 -u "$log" line; do
    [[ $line != *"Waiting for vhost-user socket"* ]] || break
    echo "$line" >&2
  done
  [[ -S $run/files ]] || die "the server of the machine's files did not start"
  cat <&"$log" >"$run/files.log" &
}
start_file_server

touch "$run/status"
machine=(-accel tcg,thread=multi -machine pc,memory-backend=memory -object "memory-backend-memfd,id=memory,size=$memory,share=on"
  -cpu max -smp "$cpus" -nodefaults -no-user-config -no-reboot -display none
  -kernel "$cache"/kernel/boot/vmlinuz-* -initrd "$run/initramfs.cpio"
  -append "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off guest_run=$run"
  -serial "file:$run/console"
  -chardev "socket,id=files,path=$run/files" -device vhost-user-fs-pci,chardev=files,tag=machine
  -netdev user,id=network -device virtio-net-pci,netdev=network,romfile=
  -device virtio-serial-pci
  -chardev file,id=stdout,path=/dev/fdset/1,append=on -device virtserialport,chardev=stdout,name=stdout
  -chardev file,id=stderr,path=/dev/fdset/2,append=on -device virtserialport,chardev=stderr,name=stderr
  -chardev "file,id=status,path=$run/status" -device virtserialport,chardev=status,name=status)

# QEMU makes what it writes to non-blocking: it gets pipes of its own, not the caller's streams.
exec {stdout}> >(exec cat)
stdout_reader=$!
exec {stderr}> >(exec cat >&2)
stderr_reader=$!
timeout --kill-after=5 "$timeout" qemu-system-x86_64 "${machine[@]}" \
  -add-fd "fd=$stdout,set=1" -add-fd "fd=$stderr,set=2" </dev/null >"$run/qemu.log" 2>&1 &
pids+=($!)
exec {stdout}>&- {stderr}>&-
ended=0
wait "${pids[-1]}" || ended=$?
wait "$stdout_reader" "$stderr_reader"

status=$(<"$run/status")
if [[ $status ]]; then
  exit "$status"
elif ((ended == 124)); then
  say "ended after $timeout seconds"
else
  say "the guest ended (QEMU: $ended) before its command did; the end of its console:"
fi
cat "$run/qemu.log" >&2
tail -n 20 "$run/console" >&2
((ended == 124)) && exit 124
exit 125
