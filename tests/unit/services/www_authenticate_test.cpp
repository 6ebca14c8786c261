#include "services/authentication/authentication.h"

#include <catch2/catch.hpp>

using portolan::services::Challenge;

namespace {

std::vector<Challenge> parse(const std::vector<std::string>& values) {
  std::vector<Challenge> challenges;
  for (const auto& value : values) portolan::services::parse_challenges(value, challenges);
  return challenges;
}

}  // namespace

TEST_CASE("one challenge with its parameters", "[challenge]") {
  const auto challenges =
      parse({R"(Bearer realm="https://h/token",service="s",scope="a:b:pull,push c:d:*")"});
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].get("realm") == "https://h/token");
  CHECK(challenges[0].get("service") == "s");
  CHECK(challenges[0].get("scope") == "a:b:pull,push c:d:*");
  CHECK(challenges[0].get("error").empty());
}

TEST_CASE("several challenges in one field and in several", "[challenge]") {
  const auto challenges =
      parse({R"(Negotiate, NTLM , Basic realm="a", charset="UTF-8",Bearer REALM = b)",
             "Negotiate YWJj==, BASIC realm=c"});
  REQUIRE(challenges.size() == 6);
  CHECK(challenges[0].scheme == "negotiate");
  CHECK(challenges[1].scheme == "ntlm");
  CHECK(challenges[2].scheme == "basic");
  CHECK(challenges[2].get("charset") == "UTF-8");
  CHECK(challenges[3].get("realm") == "b");
  CHECK(challenges[4].parameters.empty());
  CHECK(challenges[5].get("realm") == "c");
}

TEST_CASE("quoted strings hold commas, blanks, equal signs and escapes", "[challenge]") {
  const auto challenges = parse({R"(Bearer realm="a, Basic realm=\"x\" \\ =",service=s)"});
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].get("realm") == R"(a, Basic realm="x" \ =)");
  CHECK(challenges[0].get("service") == "s");
}

TEST_CASE("what registries get wrong is still read", "[challenge]") {
  SECTION("a URL without quotes") {
    CHECK(parse({"Bearer realm=https://h/t?x=1,service=s"})[0].get("realm") == "https://h/t?x=1");
  }
  SECTION("no comma between parameters") {
    CHECK(parse({R"(Bearer realm="r" service="s")"})[0].get("service") == "s");
  }
  SECTION("a quote that is never closed") {
    CHECK(parse({R"(Bearer realm="r)"})[0].get("realm") == "r");
  }
  SECTION("the first of two of a name counts") {
    CHECK(parse({"Bearer realm=a,realm=b"})[0].get("realm") == "a");
  }
  SECTION("a parameter before any scheme is nobody's") {
    const auto challenges = parse({R"(realm="x", Basic realm="y")"});
    REQUIRE(challenges.size() == 1);
    CHECK(challenges[0].get("realm") == "y");
  }
  SECTION("nothing at all") { CHECK(parse({"", " , ,", "\x01\xff", "==", "\""}).empty()); }
}

TEST_CASE("the number of challenges and parameters is bounded", "[challenge]") {
  std::string schemes, parameters = "Basic ";
  for (int i = 0; i < 1000; ++i) {
    schemes += "S" + std::to_string(i) + ",";
    parameters += "p" + std::to_string(i) + "=1,";
  }
  CHECK(parse({schemes}).size() == 16);
  CHECK(parse({parameters})[0].parameters.size() == 32);
}
