// SPDX-License-Identifier: MIT
#include "interop/image/imports.h"

#include <optional>
#include <utility>

#include "interop/image/bare_name.h"
#include "interop/image/image_reader.h"
#include "interop/image/pe_sections.h"

namespace interop {
namespace {

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
        auto name = file_.string(*at, longest_import_name);
        if (!name || !is_bare_name(*name)) return;
        if (name->find('.') == std::string::npos) *name += ".dll";
        names_.push_back(*std::move(name));
    }

    ImageReader& file_;
    const PeLayout& layout_;
    std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> find_imported_dlls(const ReadAt& read_at, std::uint64_t file_size) {
    ImageReader file(read_at, file_size);
    const auto layout = PeLayout::find_in(file);
    return layout ? ImportReader(file, *layout).read() : std::vector<std::string>{};
}

}  // namespace interop
