// SPDX-License-Identifier: MIT
#include "hostbridge/offered_names.h"

#include "interop/text/utf16.h"
#include "interop/text/windows_file_name.h"

namespace hostbridge {

std::u16string OfferedNames::form_of(std::string_view name) const {
    return flavour_ == interop::PathFlavour::windows ? interop::windows_comparison_form(name)
                                                     : interop::utf8_to_utf16(name).value_or(std::u16string());
}

void OfferedNames::add(std::string name) {
    if (interop::is_windows_file_name(name)) names_.emplace(form_of(name), std::move(name));
}

std::vector<std::string> OfferedNames::starting_with(std::string_view prefix, std::size_t most) const {
    const std::u16string wanted = form_of(prefix);
    // What is not UTF-8 has an empty form, as has no prefix.
    if (wanted.empty() && !prefix.empty()) return {};
    std::vector<std::string> chosen;
    for (auto next = names_.lower_bound(wanted); next != names_.end() && chosen.size() < most; ++next) {
        if (!next->first.starts_with(wanted)) break;
        chosen.push_back(next->second);
    }
    return chosen;
}

}  // namespace hostbridge
