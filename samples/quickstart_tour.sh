#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What quickstart.sh shows, run below `mzinit --register`: a Linux agent on a unix socket, then hostbridge.exe under Wine,
# which stands for a Windows host, on tcp with a key.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
agent=$root/build/release/hostbridge/hostbridge
windows_agent=$root/build/mingw/hostbridge/hostbridge.exe
export WINEPREFIX=$root/build/wine-prefix WINEDEBUG=-all
work=$(mktemp -d)
agents=()
trap 'kill "${agents[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

# Prints a command as one would type it, and runs it.
show() {
    printf '\n$ %s\n' "$1"
    local status=0
    bash -c "$1" || status=$?
    [ "$status" -eq 0 ] || echo "[exit status $status]"
}

tour() {
    cd "$root/build/mingw/samples"
    show './hello.exe "an argument" ü'
    show './cwd.exe'
    show 'printf "pear\nfig\n" | ./cat.exe | sort'
    show '{ ./head1.exe; echo "-- and what it left:"; cat; } < ../../../samples/README.md | head -n 4'
    show './mixed.exe 2 2>/dev/null'
    show 'echo "from Linux" | ./clip.exe; ./paste.exe'
    show './exit.exe 42'
    show './crash.exe'
}

# wait_for_file PID FILE: until the file is there; fails if the process is gone.
wait_for_file() {
    until [ -s "$2" ]; do
        kill -0 "$1" 2>/dev/null || { echo "the agent did not start" >&2; exit 1; }
        sleep 0.05
    done
}

echo "== A Linux host: hostbridge on a unix socket; it starts Windows programs with Wine"
"$agent" --listen "unix:$work/agent.sock" --exit-object "$root/build/release/hostbridge/libmzexit.so" \
    --ready-file "$work/ready" 2>"$work/agent.log" &
agents+=($!)
wait_for_file $! "$work/ready"
MZINIT_HOST=$(cat "$work/ready"); export MZINIT_HOST
tour
kill "${agents[0]}"; wait "${agents[0]}" || true; agents=()

echo
echo "== A Windows host: hostbridge.exe on tcp with a key (under Wine here)"
"$agent" keygen "$work/key"
# As on a Windows host, no debugger writes its report into the output of a program that crashed.
WINEDLLOVERRIDES=winedbg.exe=d wine "$windows_agent" --listen tcp:127.0.0.1:0 --key-file "Z:$work/key" --map '/=Z:\' --ready-file "Z:$work/ready.tcp" \
    </dev/null 2>"$work/windows-agent.log" &
agents+=($!)
wait_for_file $! "$work/ready.tcp"
MZINIT_HOST=$(tr -d '\r' <"$work/ready.tcp"); export MZINIT_HOST
printf '[host]\nkey = %s\n' "$work/key" >"$work/mzinit.conf"
export MZINIT_CONF=$work/mzinit.conf
tour
