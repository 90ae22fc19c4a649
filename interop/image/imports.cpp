// SPDX-License-Identifier: MIT
#include "interop/image/imports.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "interop/image/bare_name.h"
#include "interop/image/image_reader.h"
#include "interop/image/pe_sections.h"

namespace interop {
namespace {

/// As the loader looks for it; nothing if it may be no name of a file beside the image.
std::optional<std::string> dll_named(std::string name) {
    if (!is_bare_name(name)) return std::nullopt;
    if (name.find('.') == std::string::npos) name += ".dll";
    return name;
}

class ImportReader {
  public:
    ImportReader(ImageReader& file, const PeLayout& layout) : file_(file), layout_(layout) {}

    std::vector<std::string> read() {
        read_table(PeLayout::Directory::imports, 20, [this](std::uint64_t entry) {
            const std::uint32_t address_table = file_.u32(entry + 16);
            // The loader stops there, too.
            return address_table == 0 ? 0 : file_.u32(entry + 12);
        });
        read_table(PeLayout::Directory::delay_imports, 32,
                   [this](std::uint64_t entry) { return delayed_name_of(entry); });
        return std::move(names_);
    }

  private:
    /// Takes the names of a table of `entry_size` bytes an entry. `name_of` gives the address of the name of the entry at a
    /// file offset, 0 behind the last one.
    template <typename NameOf>
    void read_table(PeLayout::Directory directory, unsigned entry_size, const NameOf& name_of) {
        const std::uint64_t table = layout_.address_of(directory);
        std::vector<std::uint32_t> addresses;
        for (unsigned i = 0; table != 0 && i < most_imported_dlls; ++i) {
            const auto entry = offset_of(table + std::uint64_t{i} * entry_size, entry_size);
            const std::uint32_t name = entry ? name_of(*entry) : 0;
            if (name == 0) break;
            addresses.push_back(name);
        }
        // The names lie together, mostly elsewhere: one after the other they cost few reads.
        for (const std::uint32_t address : addresses) take_name(address);
    }

    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address, std::uint64_t size) const {
        if (address > UINT32_MAX) return std::nullopt;
        return layout_.offset_of(static_cast<std::uint32_t>(address), size);
    }

    /// Visual C++ 6 wrote addresses that are not relative to the image's base, which is what bit 0 of the attributes says.
    [[nodiscard]] std::uint32_t delayed_name_of(std::uint64_t entry) {
        constexpr std::uint32_t is_relative = 1;
        const std::uint32_t name = file_.u32(entry + 4);
        if (name == 0 || (file_.u32(entry) & is_relative) != 0) return name;
        const std::uint64_t base = layout_.image_base();
        return name > base ? static_cast<std::uint32_t>(name - base) : 0;
    }

    void take_name(std::uint32_t address) {
        const auto at = offset_of(address, 1);
        if (!at) return;
        auto text = file_.string(*at, longest_import_name);
        if (!text) return;
        if (auto name = dll_named(*std::move(text))) names_.push_back(*std::move(name));
    }

    ImageReader& file_;
    const PeLayout& layout_;
    std::vector<std::string> names_;
};

/// The addresses of the forwarders, ascending: these cost few reads.
std::vector<std::uint32_t> find_forwarders(ImageReader& file, const PeLayout& layout) {
    constexpr std::uint64_t header_size = 40;
    const std::uint32_t begin = layout.address_of(PeLayout::Directory::exports);
    const auto header = layout.find(PeLayout::Directory::exports, header_size);
    if (!header) return {};
    const std::uint32_t count = std::min(file.u32(*header + 20), most_exports);
    const std::uint64_t table = file.u32(*header + 28);
    std::vector<std::uint32_t> forwarders;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t entry = table + std::uint64_t{4} * i;
        const auto at = entry > UINT32_MAX ? std::nullopt : layout.offset_of(static_cast<std::uint32_t>(entry), 4);
        if (!at) break;
        const std::uint32_t address = file.u32(*at);
        // What lies anywhere else is exported itself.
        if (address >= begin && address - begin < layout.size_of_exports()) forwarders.push_back(address);
    }
    std::ranges::sort(forwarders);
    forwarders.erase(std::unique(forwarders.begin(), forwarders.end()), forwarders.end());
    return forwarders;
}

}  // namespace

std::vector<std::string> find_imported_dlls(const ReadAt& read_at, std::uint64_t file_size) {
    ImageReader file(read_at, file_size);
    const auto layout = PeLayout::find_in(file);
    return layout ? ImportReader(file, *layout).read() : std::vector<std::string>{};
}

std::vector<std::string> find_forwarded_dlls(const ReadAt& read_at, std::uint64_t file_size) {
    ImageReader file(read_at, file_size);
    const auto layout = PeLayout::find_in(file);
    if (!layout) return {};
    std::vector<std::string> names;
    std::unordered_set<std::string> known;
    for (const std::uint32_t address : find_forwarders(file, *layout)) {
        const auto at = layout->offset_of(address, 1);
        const auto forwarder = at ? file.string(*at, longest_forwarder) : std::nullopt;
        // The name of a DLL may have dots in it, that of an export behind it has none.
        const std::size_t dot = forwarder ? forwarder->rfind('.') : std::string::npos;
        if (dot == std::string::npos || dot > longest_import_name) continue;
        auto name = dll_named(forwarder->substr(0, dot));
        if (!name || !known.insert(*name).second) continue;
        names.push_back(*std::move(name));
        if (names.size() == most_imported_dlls) break;
    }
    return names;
}

}  // namespace interop
