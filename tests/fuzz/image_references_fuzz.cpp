// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "interop/image/imports.h"
#include "interop/image/managed_references.h"
#include "interop/text/dotnet_assets.h"
#include "interop/text/windows_file_name.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// A file of these bytes: every read has to be inside of them, and few.
class CountedFile {
  public:
    CountedFile(const std::uint8_t* bytes, std::size_t size) : bytes_(bytes), size_(size) {}

    interop::ReadAt reader(unsigned most_reads) {
        reads_left_ = most_reads;
        return [this](std::uint64_t offset, std::span<std::byte> buffer) -> std::size_t {
            require(reads_left_-- != 0 && !buffer.empty() && buffer.size() <= 4096);
            require(offset <= size_ && buffer.size() <= size_ - offset);
            std::memcpy(buffer.data(), bytes_ + offset, buffer.size());
            return buffer.size();
        };
    }

  private:
    const std::uint8_t* bytes_;
    std::size_t size_;
    unsigned reads_left_ = 0;
};

void check_names(const std::vector<std::string>& names, std::size_t most, std::size_t longest) {
    require(names.size() <= most);
    for (const std::string& name : names) {
        require(!name.empty() && name.size() <= longest);
        require(name.find_first_of(std::string_view("\\/:\0\n\x7F", 6)) == std::string::npos);
    }
}

}  // namespace

/// Whatever an image says, what it refers to are few bare names, always the same, and looking for them costs a bounded number of
/// reads.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    constexpr unsigned headers = 16;
    CountedFile file(bytes, size);
    constexpr unsigned most_imports = 2 * interop::most_imported_dlls;
    const auto imports = interop::find_imported_dlls(file.reader(2 * most_imports + headers), size);
    check_names(imports, most_imports, interop::longest_import_name + 4);
    require(imports == interop::find_imported_dlls(file.reader(2 * most_imports + headers), size));

    const auto forwarded = interop::find_forwarded_dlls(file.reader(2 * interop::most_exports + headers), size);
    check_names(forwarded, interop::most_imported_dlls, interop::longest_import_name + 4);

    constexpr unsigned most_references = 2 * interop::most_managed_references;
    const auto references = interop::find_managed_references(file.reader(2 * most_references + headers), size);
    check_names(references.assemblies, interop::most_managed_references, interop::longest_managed_reference);
    check_names(references.modules, interop::most_managed_references, interop::longest_managed_reference);

    const auto assets = interop::read_dotnet_assets({reinterpret_cast<const char*>(bytes), size});
    require(std::ranges::all_of(assets.files, [](const auto& name) { return interop::is_windows_file_name(name); }));
    return 0;
}
