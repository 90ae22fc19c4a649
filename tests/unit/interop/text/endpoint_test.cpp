// SPDX-License-Identifier: MIT
#include "interop/text/endpoint.h"

#include <gtest/gtest.h>

namespace interop {
namespace {

TEST(Endpoint, ReadsEveryKind) {
    const auto unix_socket = parse_endpoint("unix:/run/mzinit/hostbridge.sock").value();
    EXPECT_EQ(unix_socket.kind, Endpoint::Kind::unix_socket);
    EXPECT_EQ(unix_socket.path, "/run/mzinit/hostbridge.sock");

    const auto vsock = parse_endpoint("vsock:2:5000").value();
    EXPECT_EQ(vsock.kind, Endpoint::Kind::vsock);
    EXPECT_EQ(vsock.cid, 2u);
    EXPECT_EQ(vsock.port, 5000u);

    const auto tcp = parse_endpoint("tcp:127.0.0.1:65535").value();
    EXPECT_EQ(tcp.kind, Endpoint::Kind::tcp);
    EXPECT_EQ(tcp.address, "127.0.0.1");
    EXPECT_EQ(tcp.port, 65535u);
}

TEST(Endpoint, VsockWithoutContextIdListensForAll) { EXPECT_EQ(parse_endpoint("vsock:5000")->cid, Endpoint::any_cid); }

TEST(Endpoint, TcpTakesBracketedIpv6AndTheGateway) {
    EXPECT_EQ(parse_endpoint("tcp:[::1]:80")->address, "::1");
    EXPECT_EQ(parse_endpoint("tcp:gateway:80")->address, "gateway");
}

TEST(Endpoint, FormattingIsTheInverseOfParsing) {
    for (const char* text :
         {"unix:/a b", "vsock:3:1", "vsock:77", "tcp:10.0.2.2:4", "tcp:[fe80::1]:9", "tcp:gateway:1"}) {
        EXPECT_EQ(to_string(parse_endpoint(text).value()), text);
    }
}

TEST(Endpoint, RefusesWhatIsNotOne) {
    for (const char* text :
         {"", "unix", "unix:", "unix:relative", "tcp:", "tcp:localhost:80", "tcp:127.0.0.1",
          "tcp:127.0.0.1:", "tcp:127.0.0.1:65536", "tcp:127.0.0.1:-1", "tcp:127.0.0.256:1", "tcp:127.0.1:1",
          "tcp:[::1:80", "tcp:[x]:80", "vsock:", "vsock:a:1", "vsock:1:2:3", "vsock:4294967295:1", "http:1.2.3.4:80"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(Endpoint, RefusesAPathThatASocketCannotHave) {
    EXPECT_TRUE(parse_endpoint("unix:/" + std::string(106, 'x')));
    EXPECT_FALSE(parse_endpoint("unix:/" + std::string(107, 'x')));
}

TEST(Endpoint, AnErrorRepeatsTheText) {
    EXPECT_NE(parse_endpoint("tcp:nowhere:1").error().message().find("\"tcp:nowhere:1\""), std::string::npos);
}

}  // namespace
}  // namespace interop
