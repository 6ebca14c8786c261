#include "config/type_options.h"

#include <catch2/catch.hpp>

using namespace portolan;

namespace {

base::Schema schema(const std::string& credentials = "") {
  auto compiled = base::Schema::compile(
      R"({"type":"object","additionalProperties":false,"properties":{"credentials":{"type":"object",)"
      R"("additionalProperties":false,"properties":{"username":{"type":"string"},)"
      R"("password":{"type":"string","x-secret":true}})" +
      credentials +
      R"(},"options":{"type":"object","additionalProperties":false,"properties":{)"
      R"("pageSize":{"type":"integer","minimum":1,"maximum":1000,"default":100},)"
      R"("strict":{"type":"boolean"},"label":{"type":"string"},)"
      R"("ports":{"type":"array","items":{"type":"integer"}},)"
      R"("names":{"type":"array","items":{"type":"string"}},)"
      R"("cache":{"type":"object","additionalProperties":false,"properties":{"seconds":{"type":"number"}}}}}}})");
  if (!compiled) FAIL(compiled.error().message);
  return *compiled;
}

config::TypeFlags flags(std::vector<std::string> options) {
  return {"t", "", false, std::move(options)};
}

std::string options(std::vector<std::string> pairs) {
  const auto text = config::options_from_flags(flags(std::move(pairs)), schema());
  if (!text) FAIL(text.error().message);
  return *text;
}

base::Error refused(const config::TypeFlags& given, const std::string& credentials = "") {
  const auto text = config::options_from_flags(given, schema(credentials));
  REQUIRE_FALSE(text);
  return text.error();
}

}  // namespace

TEST_CASE("options on the command line have the types of the schema", "[config]") {
  CHECK(options({}) == R"({"pageSize":100})");
  CHECK(options({"pageSize=5", "strict=true", "label=5"}) ==
        R"({"pageSize":5,"strict":true,"label":"5"})");
  CHECK(options({"label=a=b"}) == R"({"label":"a=b","pageSize":100})");
  CHECK(options({"cache.seconds=1.5"}) == R"({"cache":{"seconds":1.5},"pageSize":100})");
  CHECK(options({"ports=1", "ports=2", "names=3"}) ==
        R"({"ports":[1,2],"names":["3"],"pageSize":100})");
}

TEST_CASE("an option that the type does not have names the nearest", "[config]") {
  const auto error = refused(flags({"pagesize=5"}));
  CHECK(error.code == base::Code::invalid_argument);
  CHECK(error.message == "the type t has no option \"pagesize\", did you mean \"pageSize\"?");
  CHECK(error.hint == "see: portolan types show t");
}

TEST_CASE("what is no pair, or a pair twice, is refused", "[config]") {
  CHECK(refused(flags({"pageSize"})).message == "--option needs KEY=VALUE, not \"pageSize\"");
  CHECK(refused(flags({"=5"})).message == "--option needs KEY=VALUE, not \"\"");
  CHECK(refused(flags({"pageSize=1", "pageSize=2"})).message ==
        "--option pageSize is given more than once");
}

TEST_CASE("the schema's complaints name the flags, all at once", "[config]") {
  const auto error = refused(flags({"pageSize=0", "strict=yes"}));
  CHECK(error.code == base::Code::invalid_config);
  CHECK(error.message ==
        "--option pageSize: expected an integer from 1 to 1000, found the number 0; "
        "--option strict: expected true or false, found the string \"yes\"");
}

TEST_CASE("credentials that a type requires are named by their flags", "[config]") {
  CHECK(refused(flags({}), R"(,"required":["username","password"])").message ==
        "--username is missing; the type t requires it; "
        "--password-from is missing; the type t requires it");
  CHECK(config::options_from_flags({"t", "u", true, {}},
                                   schema(R"(,"required":["username","password"])")));
}

TEST_CASE("a user name without a password, or the reverse, is refused", "[config]") {
  CHECK(refused({"t", "u", false, {}}).message == "--password-from is missing beside --username");
  CHECK(refused({"t", "", true, {}}).message == "--username is missing beside --password-from");
}
