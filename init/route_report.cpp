// SPDX-License-Identifier: MIT
#include "init/route_report.h"

#include "init/messages.h"
#include "interop/route/installation.h"
#include "interop/text/printable.h"

namespace init {
namespace {

using interop::Backend;
using interop::ImageDescription;
using interop::Route;
using interop::RouteRefusal;

std::string path_of(Backend backend, const interop::Installation& installed) {
    switch (backend) {
        case Backend::wine: return installed.wine.starter;
        case Backend::mono: return installed.mono;
        case Backend::dosbox: return installed.dos_emulator ? installed.dos_emulator->path : "";
        case Backend::native: return installed.ape_loader;
        case Backend::host:
        case Backend::host_if_offered: break;
    }
    return {};
}

}  // namespace

RouteReport::Step RouteReport::assess_host(Backend backend, const ImageDescription& image) {
    if (!host_) host_ = interop::ask_host(configuration_);
    if (!*host_) return {backend, false, host_->error().message()};
    const interop::HostInfo& host = **host_;
    const interop::HostOffer offer = interop::offer_for(image, host.info);
    return {backend, offer.is_offered,
            to_string(host.endpoint) + " answers (" + host.info.software() + ", " + host.info.system() +
                "): " + offer.reason};
}

RouteReport::Step RouteReport::assess_local(Backend backend, const ImageDescription& image) {
    if (!installed_) installed_ = interop::find_installation();
    interop::RouteStep step = interop::assess_backend(backend, image, *installed_);
    const bool is_usable = step.suitability == interop::Suitability::usable;
    return {backend, is_usable, is_usable ? path_of(backend, *installed_) : std::move(step.problem)};
}

std::vector<RouteReport::Step> RouteReport::steps(const ImageDescription& image, const Route& route) {
    std::vector<Step> steps;
    for (const Backend backend : route) {
        const bool is_host = backend == Backend::host || backend == Backend::host_if_offered;
        steps.push_back(is_host ? assess_host(backend, image) : assess_local(backend, image));
    }
    return steps;
}

std::string RouteReport::lines(const ImageDescription& image) {
    const auto chosen = interop::choose_route(image, configuration_.routes);
    if (const auto* refusal = std::get_if<RouteRefusal>(&chosen)) return "  refused: " + refusal->text + "\n";
    std::string text;
    bool is_first = true;
    for (const Step& step : steps(image, std::get<Route>(chosen))) {
        std::string line = std::string(name_of(step.backend)) + ": ";
        line += !step.is_usable ? "no: " : is_first ? "runs it: " : "next, if nothing was started: ";
        is_first = is_first && !step.is_usable;
        // The agent's words are in it.
        text += "  " + interop::printable_line(line + step.reason) + "\n";
    }
    return is_first ? text + "  nothing here can run it\n" : text;
}

std::string RouteReport::json(const ImageDescription& image) {
    const auto chosen = interop::choose_route(image, configuration_.routes);
    if (const auto* refusal = std::get_if<RouteRefusal>(&chosen)) return "\"refusal\": " + json_string(refusal->text);
    std::string text;
    for (const Step& step : steps(image, std::get<Route>(chosen))) {
        text += text.empty() ? "" : ", ";
        text += "{\"backend\": " + json_string(name_of(step.backend));
        text += std::string(", \"usable\": ") + (step.is_usable ? "true" : "false");
        text += ", \"reason\": " + json_string(step.reason) + "}";
    }
    return "\"route\": [" + text + "]";
}

}  // namespace init
