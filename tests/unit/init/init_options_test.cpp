// SPDX-License-Identifier: MIT
#include "init/init_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>

namespace init {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Variables = std::map<std::string, std::string, std::less<>>;

proto::Result<InitOptions> parse(Personality personality, std::vector<std::string> arguments,
                                 const Variables& variables = {}) {
    arguments.insert(arguments.begin(), "init");
    return parse_init_options(personality, arguments, [&](std::string_view name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
}

InitOptions parsed(std::vector<std::string> arguments, Personality personality = Personality::mzinit,
                   const Variables& variables = {}) {
    const auto options = parse(personality, std::move(arguments), variables);
    EXPECT_TRUE(options.has_value()) << options.error().doing;
    return options.value_or({});
}

std::string fault(std::vector<std::string> arguments, Personality personality = Personality::mzinit) {
    const auto options = parse(personality, std::move(arguments));
    return options ? "none" : options.error().doing;
}

TEST(InitOptions, CommandFollowsSeparator) {
    const InitOptions options = parsed({"--register", "--", "sh", "-c", "exit 3"});
    EXPECT_TRUE(options.register_rule);
    EXPECT_THAT(options.command, ElementsAre("sh", "-c", "exit 3"));
}

TEST(InitOptions, StopAtFirstOperand) {
    const InitOptions options = parsed({"-v", "sh", "-v", "--register"});
    EXPECT_FALSE(options.register_rule);
    EXPECT_EQ(options.verbosity, 2U);
    EXPECT_THAT(options.command, ElementsAre("sh", "-v", "--register"));
}

TEST(InitOptions, OnlyFirstSeparatorIsOurs) {
    EXPECT_THAT(parsed({"--", "--", "x"}).command, ElementsAre("--", "x"));
    EXPECT_THAT(parsed({"env", "--", "x"}).command, ElementsAre("env", "--", "x"));
}

TEST(InitOptions, LettersMayBeWrittenTogether) {
    EXPECT_EQ(parsed({"-vv", "-v", "x"}).verbosity, 4U);
    EXPECT_EQ(parsed({"--verbose", "x"}).verbosity, 2U);
    const InitOptions options = parsed({"-sgwe143", "-e", "7", "-pHUP", "x"});
    EXPECT_TRUE(options.subreaper && options.signal_group && options.warn_of_orphans);
    EXPECT_TRUE(options.successes.test(143) && options.successes.test(7));
    EXPECT_EQ(options.successes.count(), 2U);
    EXPECT_EQ(options.parent_death_signal, SIGHUP);
}

TEST(InitOptions, NoCommandIsEmpty) {
    EXPECT_THAT(parsed({}).command, IsEmpty());
    EXPECT_THAT(parsed({"--register"}).command, IsEmpty());
    EXPECT_THAT(parsed({"--"}).command, IsEmpty());
}

TEST(InitOptions, FaultsAreNamedAsGetoptDoes) {
    EXPECT_EQ(fault({"--regster", "sh"}), "init: unrecognized option '--regster'");
    EXPECT_EQ(fault({"-x", "sh"}), "init: invalid option -- 'x'");
    EXPECT_EQ(fault({"-vx", "sh"}), "init: invalid option -- 'x'");
    EXPECT_EQ(fault({"-e"}), "init: option requires an argument -- 'e'");
    EXPECT_EQ(fault({"--rewrite"}, Personality::dumb_init), "init: option requires an argument '--rewrite'");
    EXPECT_EQ(fault({"-e", "256", "sh"}), "Not a valid option for -e: 256");
    EXPECT_EQ(fault({"-e", "1x", "sh"}), "Not a valid option for -e: 1x");
    EXPECT_EQ(fault({"-p", "SIGNONE", "sh"}), "Not a valid option for -p: SIGNONE");
    EXPECT_NE(fault({"--register", "sh"}, Personality::tini), "none");
    for (const char* rewrite : {"15", "15:", ":2", "0:2", "15:65", "65:1", "15:-1", "a:b", "15:2x"}) {
        EXPECT_THAT(fault({"-r", rewrite, "sh"}, Personality::dumb_init), HasSubstr("-r option takes")) << rewrite;
    }
}

TEST(InitOptions, SignalsHaveNamesAndNumbers) {
    for (const char* name : {"SIGTERM", "TERM", "15"}) {
        EXPECT_EQ(parsed({"-p", name, "x"}).parent_death_signal, SIGTERM) << name;
    }
}

TEST(InitOptions, TinisVariablesCountAlsoWhenTheyAreEmpty) {
    const InitOptions options = parsed(
        {"x"}, Personality::tini, {{"TINI_SUBREAPER", ""}, {"TINI_KILL_PROCESS_GROUP", "0"}, {"TINI_VERBOSITY", "3"}});
    EXPECT_TRUE(options.subreaper);
    EXPECT_TRUE(options.signal_group);
    EXPECT_EQ(options.verbosity, 3U);
    EXPECT_EQ(parsed({"-v", "x"}, Personality::tini, {{"TINI_VERBOSITY", "0"}}).verbosity, 1U);
}

TEST(InitOptions, DumbInitMakesASessionAndRewritesStops) {
    const InitOptions usual = parsed({"-r", "20:0", "--rewrite", "15:3", "x"}, Personality::dumb_init);
    EXPECT_TRUE(usual.own_session && usual.signal_group);
    EXPECT_EQ(usual.rewrites.apply(SIGTSTP), 0);
    EXPECT_EQ(usual.rewrites.apply(SIGTTIN), SIGSTOP);
    EXPECT_EQ(usual.rewrites.apply(SIGTTOU), SIGSTOP);
    EXPECT_EQ(usual.rewrites.apply(SIGTERM), SIGQUIT);
    for (const InitOptions& single : {parsed({"-c", "x"}, Personality::dumb_init),
                                      parsed({"x"}, Personality::dumb_init, {{"DUMB_INIT_SETSID", "0"}})}) {
        EXPECT_FALSE(single.own_session || single.signal_group);
        EXPECT_EQ(single.rewrites.apply(SIGTSTP), SIGTSTP);
    }
    EXPECT_EQ(parsed({"x"}, Personality::dumb_init, {{"DUMB_INIT_DEBUG", "1"}}).verbosity, 2U);
}

TEST(InitOptions, TinisVariablesMeanNothingToDumbInit) {
    EXPECT_FALSE(parsed({"x"}, Personality::dumb_init, {{"TINI_SUBREAPER", ""}}).subreaper);
}

TEST(InitOptions, KernelsOtherWordsAreSkipped) {
    const InitOptions options =
        parse_kernel_arguments({"nosplash", "-vx", "--register", "debug", "/bin/sh", "-c", "x"});
    EXPECT_TRUE(options.register_rule);
    EXPECT_EQ(options.verbosity, 1U);
    EXPECT_THAT(options.command, ElementsAre("/bin/sh", "-c", "x"));
    EXPECT_THAT(parse_kernel_arguments({"single", "3"}).command, IsEmpty());
}

TEST(Personality, IsTheNameThatWeWereCalledBy) {
    EXPECT_EQ(personality_of("/usr/bin/tini"), Personality::tini);
    EXPECT_EQ(personality_of("tini-static"), Personality::tini);
    EXPECT_EQ(personality_of("/sbin/docker-init"), Personality::tini);
    EXPECT_EQ(personality_of("dumb-init"), Personality::dumb_init);
    for (const char* other : {"/init", "mzinit", "", "tiny", "tini/init", "/tini/"}) {
        EXPECT_EQ(personality_of(other), Personality::mzinit) << other;
    }
}

}  // namespace
}  // namespace init
