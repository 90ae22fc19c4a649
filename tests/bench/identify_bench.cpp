// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "interop/image/identify.h"
#include "interop/os/unique_fd.h"

// How many files a second, from the page cache: all of a launch that is identifying its program, once for each file of
// $MZINIT_BENCH_FILES (a list of paths, one a line).

namespace {

std::vector<std::string> files_to_identify() {
    std::vector<std::string> files;
    const char* list = std::getenv("MZINIT_BENCH_FILES");
    std::string_view rest = list == nullptr ? "" : list;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        if (!line.empty()) files.emplace_back(line);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return files;
}

std::uint64_t size_of(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

/// As mzinit does it: open, ask for the size, identify, close.
void open_and_identify(benchmark::State& state, const std::vector<std::string>& files) {
    for (auto _ : state) {
        for (const std::string& path : files) {
            const interop::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
            benchmark::DoNotOptimize(interop::identify_image(file.get(), size_of(file.get())));
        }
    }
    state.counters["files"] = benchmark::Counter(
        static_cast<double>(files.size()) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

/// The same system calls around a read of the same size, without looking at what was read.
void open_and_read(benchmark::State& state, const std::vector<std::string>& files) {
    std::vector<char> buffer(4096);
    for (auto _ : state) {
        for (const std::string& path : files) {
            const interop::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
            benchmark::DoNotOptimize(size_of(file.get()));
            benchmark::DoNotOptimize(::pread(file.get(), buffer.data(), buffer.size(), 0));
        }
    }
    state.counters["files"] = benchmark::Counter(
        static_cast<double>(files.size()) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    const std::vector<std::string> files = files_to_identify();
    if (files.empty()) {
        fputs("identify_bench: MZINIT_BENCH_FILES names no files\n", stderr);
        return 1;
    }
    benchmark::RegisterBenchmark("identify", [&](benchmark::State& state) { open_and_identify(state, files); });
    benchmark::RegisterBenchmark("open and read only", [&](benchmark::State& state) { open_and_read(state, files); });
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
