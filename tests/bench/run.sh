#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh BUILD [WINDOWS_BUILD]: measures launches and throughput against what they are to be compared with, and prints
# ratios. Times are of this machine and this moment; only the ratios mean something.
set -euo pipefail
build=$(cd "${1:?}" && pwd)
tests=$(cd "$(dirname "$0")/.." && pwd)
count=${MZINIT_BENCH_COUNT:-300}
bench=$build/tests/bench
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

# A program that mzinit takes for Windows', while the runner that stands in for Wine starts what we measure with.
program=$work/program.exe
PYTHONPATH=$tests/support python3 -c 'import fake_programs, sys; fake_programs.write_pe64(sys.argv[1])' "$program"
chmod +x "$program"
printf '#!/bin/sh\nexec cat\n' >"$work/cat"; chmod +x "$work/cat"

start_agent() { # NAME RUNNER ARGUMENT...
    local name=$1 runner=$2
    shift 2
    # No kind of program is Wine's: its server would run in the prefix of whoever measures.
    "$build/hostbridge/hostbridge" --ready-file "$work/$name" --runner "pe64=$runner" \
        --runner pe32= --runner dotnet= --runner win16= --runner batch= "$@" 2>"$work/$name.log" &
    pids+=($!)
    until [ -s "$work/$name" ]; do
        kill -0 "${pids[-1]}" || { cat "$work/$name.log" >&2; exit 1; }
        sleep 0.02
    done
}

launch() { "$bench/spawn_many" "$count" "$@"; }
# Mean of three rounds, interleaved with what it is compared with by the caller.
through() { MZINIT_HOST=$(cat "$work/$1") MZINIT_CONF=$work/conf launch "$build/init/mzinit" run "$program"; }

"$build/hostbridge/hostbridge" keygen "$work/key" >/dev/null
printf '[host]\nkey = %s\n' "$work/key" >"$work/conf"
start_agent unix.ready "$bench/empty" --listen "unix:$work/unix.sock"
start_agent tcp.ready "$bench/empty" --listen tcp:127.0.0.1:0 --key-file "$work/key" --map /=/
start_agent cat.ready "$work/cat" --listen tcp:127.0.0.1:0 --key-file "$work/key" --map /=/
"$bench/bare_bridge" serve "$work/bare.sock" "$bench/empty" >"$work/bare.ready" &
pids+=($!)
until [ -s "$work/bare.ready" ]; do sleep 0.02; done
socat TCP-LISTEN:0,bind=127.0.0.1,fork,reuseaddr "EXEC:$work/cat" 2>/dev/null &
pids+=($!)
socat_port=
until [ -n "$socat_port" ]; do
    socat_port=$(python3 - "${pids[-1]}" <<'PY'
import os, sys
inodes = set()
for fd in os.listdir(f"/proc/{sys.argv[1]}/fd"):
    try:
        link = os.readlink(f"/proc/{sys.argv[1]}/fd/{fd}")
    except OSError:
        continue
    if link.startswith("socket:["):
        inodes.add(link[8:-1])
for line in open("/proc/net/tcp").read().splitlines()[1:]:
    fields = line.split()
    if fields[3] == "0A" and fields[9] in inodes:
        print(int(fields[1].split(":")[1], 16))
PY
)
done

exec_time=$(launch "$bench/empty")
bare_time=$(launch "$bench/bare_bridge" call "$work/bare.sock")
unix_time=$(through unix.ready)
tcp_time=$(through tcp.ready)
relay_time=$(MZINIT_RELAY=1 through unix.ready)
version_time=$(launch "$build/init/mzinit" --version 2>/dev/null >/dev/null && "$bench/spawn_many" "$count" "$build/init/mzinit" --version | tail -n 1)

head -c 256M /dev/zero >"$work/data"
seconds() { # COMMAND: wall time
    local from=$EPOCHREALTIME
    bash -c "$1"
    echo "$EPOCHREALTIME $from" | awk '{ print $1 - $2 }'
}
export MZINIT_CONF=$work/conf
MZINIT_HOST=$(cat "$work/cat.ready"); export MZINIT_HOST
tcp_file=$(seconds "'$build/init/mzinit' run '$program' <'$work/data' >/dev/null")
tcp_pipe=$(seconds "cat '$work/data' | '$build/init/mzinit' run '$program' >/dev/null")
socat_file=$(seconds "socat -b 262144 - TCP:127.0.0.1:$socat_port <'$work/data' >/dev/null")

# Programs, libraries, .NET and firmware's, as many as there are; from the page cache, by processor time of one core.
MZINIT_BENCH_FILES=$(find /usr/lib/*/wine /usr/lib/mono /usr/share/nsis /usr/lib/systemd/boot/efi -type f \
    \( -name '*.exe' -o -name '*.dll' -o -name '*.efi' \) 2>/dev/null || true)
export MZINIT_BENCH_FILES
rates=$("$bench/identify_bench" --benchmark_format=csv 2>/dev/null)
files_per_second() { awk -F, -v name="\"$1\"" '
    /^name,/ { for (i = 1; i <= NF; i++) if ($i == "\"files\"") column = i }
    $1 == name { printf "%.0f", $column }' <<<"$rates"; }
identify_rate=$(files_per_second identify)
read_rate=$(files_per_second "open and read only")

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
rate() { awk -v t="$1" 'BEGIN { printf "%.0f", 256 / t }'; }
cat <<TABLE
what                                              measured      ratio
launch: exec of an empty static program        ${exec_time} us
launch: bare C client and server               ${bare_time} us    $(ratio "$bare_time" "$exec_time") x exec
launch: unix, descriptors passed               ${unix_time} us    $(ratio "$unix_time" "$bare_time") x bare, $(ratio "$unix_time" "$exec_time") x exec
launch: unix, relayed                          ${relay_time} us    $(ratio "$relay_time" "$bare_time") x bare
launch: tcp, relayed                           ${tcp_time} us    $(ratio "$tcp_time" "$unix_time") x unix
mzinit --version                               ${version_time} us    $(ratio "$version_time" "$exec_time") x exec
throughput: tcp from a file, there and back    $(rate "$tcp_file") MiB/s    $(ratio "$socat_file" "$tcp_file") x socat
throughput: tcp from a pipe, there and back    $(rate "$tcp_pipe") MiB/s    $(ratio "$socat_file" "$tcp_pipe") x socat
throughput: socat                              $(rate "$socat_file") MiB/s
identify: files of one core                    ${identify_rate} /s    $(ratio "$read_rate" "$identify_rate") x open, read and close alone
mzinit                                         $(stat -c %s "$build/init/mzinit") bytes
TABLE
