// SPDX-License-Identifier: MIT
#include "interop/route/route_decision.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

ImageDescription pe(unsigned bits, Managed managed = Managed::none) {
    ImageDescription image{.kind = ImageKind::pe};
    image.bits = bits;
    image.machine = bits == 64 ? Machine::amd64 : Machine::i386;
    image.subsystem = Subsystem::windows_console;
    image.managed = managed;
    return image;
}

ImageDescription pe_for(Machine machine, Subsystem subsystem = Subsystem::windows_console) {
    ImageDescription image = pe(64);
    image.machine = machine;
    image.subsystem = subsystem;
    return image;
}

ImageDescription dll() {
    ImageDescription image = pe(64);
    image.is_dll = true;
    return image;
}

ImageDescription any_cpu() {
    ImageDescription image = pe(32, Managed::il);
    image.detail = "any CPU";
    return image;
}

const ImageDescription dos{.kind = ImageKind::dos};
const ImageDescription win16{.kind = ImageKind::ne, .bits = 16, .detail = "Windows"};
const ImageDescription batch{.kind = ImageKind::batch};
const ImageDescription ape{.kind = ImageKind::ape};

Installation everything() {
    return {.wine = {.runs_64_bit = true, .runs_32_bit = true, .starter = "/usr/bin/wine"},
            .mono = "/usr/bin/mono",
            .dos_emulator = DosEmulator{DosEmulator::Kind::dosbox, "/usr/bin/dosbox"},
            .ape_loader = "/usr/bin/ape"};
}

Installation only_64_bit_wine() {
    return {
        .wine = {.runs_64_bit = true, .starter = "/usr/bin/wine"}, .mono = {}, .dos_emulator = {}, .ape_loader = {}};
}

/// "host, -mono, !wine": in order, with a minus for what is missing and an exclamation mark for what is unsuitable; or the
/// refusal.
std::string decision(const ImageDescription& image, const Installation& installed, const Routes& routes = {}) {
    const auto decided = decide_route(image, routes, installed);
    if (const auto* refusal = std::get_if<RouteRefusal>(&decided)) return refusal->text;
    std::string text;
    for (const RouteStep& step : std::get<std::vector<RouteStep>>(decided)) {
        EXPECT_EQ(step.problem.empty(), step.suitability == Suitability::usable);
        text += text.empty() ? "" : ", ";
        if (step.suitability != Suitability::usable) text += step.suitability == Suitability::missing ? "-" : "!";
        text += name_of(step.backend);
    }
    return text;
}

TEST(RouteDecision, FollowsTheDefaultRoutesWhereEverythingIsInstalled) {
    const std::vector<std::pair<ImageDescription, std::string>> expected{
        {pe(64), "host, wine"},
        {pe(32), "host, wine"},
        {pe_for(Machine::amd64, Subsystem::windows_gui), "host, wine"},
        {pe(32, Managed::il), "host, mono, wine"},
        {pe(64, Managed::il), "host, mono, wine"},
        {pe(64, Managed::mixed), "host, !mono, wine"},
        {dos, "host?, dosbox"},
        {win16, "host?, wine"},
        {batch, "host, wine"},
        {ape, "native"},
    };
    for (const auto& [image, steps] : expected) EXPECT_EQ(decision(image, everything()), steps) << describe(image);
}

TEST(RouteDecision, SaysWhatIsMissingWhereNothingIsInstalled) {
    const std::vector<std::pair<ImageDescription, std::string>> expected{
        {pe(64), "host, -wine"}, {pe(32, Managed::il), "host, -mono, -wine"},    {dos, "host?, -dosbox"},
        {win16, "host?, -wine"}, {pe(32, Managed::mixed), "host, !mono, -wine"}, {ape, "-native"},
        {batch, "host, -wine"},
    };
    for (const auto& [image, steps] : expected) EXPECT_EQ(decision(image, {}), steps) << describe(image);
}

TEST(RouteDecision, KnowsWhatA64BitWineCannotRun) {
    const std::vector<std::pair<ImageDescription, std::string>> expected{
        {pe(64), "host, wine"},           {pe(32), "host, !wine"},
        {any_cpu(), "host, -mono, wine"}, {pe(32, Managed::il), "host, -mono, !wine"},
        {win16, "host?, !wine"},          {batch, "host, wine"},
    };
    for (const auto& [image, steps] : expected)
        EXPECT_EQ(decision(image, only_64_bit_wine()), steps) << describe(image);
}

TEST(RouteDecision, FollowsTheConfiguredOrder) {
    Routes routes;
    routes.of(ProgramKind::pe) = {Backend::wine, Backend::host};
    routes.of(ProgramKind::dotnet) = {Backend::mono};
    EXPECT_EQ(decision(pe(64), everything(), routes), "wine, host");
    EXPECT_EQ(decision(pe(64, Managed::il), everything(), routes), "mono");
}

TEST(RouteDecision, NamesTheCommandsThatInstallWhatIsMissing) {
    const auto problem = [](Backend backend, const ImageDescription& image, const Installation& installed) {
        return assess_backend(backend, image, installed).problem;
    };
    EXPECT_NE(problem(Backend::wine, pe(64), {}).find("apt-get install wine"), std::string::npos);
    EXPECT_NE(problem(Backend::wine, pe(32), only_64_bit_wine()).find("dpkg --add-architecture i386"),
              std::string::npos);
    EXPECT_NE(problem(Backend::mono, any_cpu(), {}).find("apt-get install mono-runtime"), std::string::npos);
    EXPECT_NE(problem(Backend::dosbox, dos, {}).find("apt-get install dosbox"), std::string::npos);
    EXPECT_NE(problem(Backend::native, ape, {}).find("/usr/bin/ape"), std::string::npos);
}

TEST(RouteDecision, RefusesWhatIsNoProgramAndSaysWhatItIs) {
    const ImageDescription kernel{.kind = ImageKind::linux_kernel, .detail = "x86"};
    const ImageDescription vxd{.kind = ImageKind::vxd, .bits = 32, .detail = "a virtual device driver"};
    const ImageDescription os2{.kind = ImageKind::le, .bits = 32, .detail = "LX"};
    const ImageDescription os2_16{.kind = ImageKind::ne, .bits = 16, .detail = "OS/2"};
    const ImageDescription efi = pe_for(Machine::amd64, Subsystem::efi);
    const ImageDescription driver = pe_for(Machine::amd64, Subsystem::native);
    const ImageDescription text{.kind = ImageKind::not_mz};
    const std::vector<std::pair<ImageDescription, std::string>> expected{
        {dll(), ", not a program"},
        {kernel, ", not a program"},
        {vxd, ", not a program"},
        {os2, ", which nothing here runs"},
        {os2_16, ", which nothing here runs"},
        {efi, ", which only firmware runs"},
        {driver, ", which only Windows itself loads"},
        {text, ""},
    };
    for (const auto& [image, reason] : expected) {
        EXPECT_EQ(decision(image, everything()), "this is " + describe(image) + reason);
    }
}

TEST(RouteDecision, RefusesEveryProgramWhereInteropIsSwitchedOff) {
    Routes routes;
    routes.enabled = false;
    for (const ImageDescription& image : {pe(64), pe(32, Managed::il), ImageDescription{.kind = ImageKind::ape}}) {
        const auto chosen = choose_route(image, routes);
        ASSERT_TRUE(std::holds_alternative<RouteRefusal>(chosen));
        EXPECT_EQ(std::get<RouteRefusal>(chosen).text, interop_disabled);
    }
    // What is no program is told so all the same.
    EXPECT_NE(std::get<RouteRefusal>(choose_route(dll(), routes)).text, interop_disabled);
}

TEST(RouteDecision, RefusesProgramsForOtherProcessorsUnlessConfigured) {
    ImageDescription arm64ec = pe(64);
    arm64ec.detail = "ARM64EC";
    for (const ImageDescription& image : {pe_for(Machine::arm64), pe_for(Machine::arm), arm64ec}) {
        EXPECT_EQ(decision(image, everything()), "this is " + describe(image) + ", which is for another processor");
    }
    Routes routes;
    routes.of(ProgramKind::other_machine) = {Backend::host};
    EXPECT_EQ(decision(pe_for(Machine::arm64), everything(), routes), "host");
}

TEST(RouteDecision, RunsDotnetProgramsForAnyProcessor) {
    ImageDescription image = pe(32, Managed::il);
    image.machine = Machine::arm;
    EXPECT_EQ(decision(image, everything()), "host, mono, wine");
}

TEST(RouteDecision, RefusesAKindWhoseRouteIsEmpty) {
    Routes routes;
    routes.of(ProgramKind::dos) = {};
    EXPECT_NE(decision(dos, everything(), routes).find("[route] dos = none"), std::string::npos);
}

}  // namespace
}  // namespace interop
