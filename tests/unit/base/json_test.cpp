#include "base/json.h"

#include <catch2/catch.hpp>
#include <string>

using namespace portolan::base;
using std::string;

namespace {

Json json(const string& text) {
  auto parsed = parse_json(text);
  REQUIRE(parsed);
  return *parsed;
}

Error mistake(const string& text, const JsonLimits& limits = {}) {
  auto parsed = parse_json(text, limits);
  REQUIRE_FALSE(parsed);
  return parsed.error();
}

}  // namespace

TEST_CASE("every kind of JSON value comes in and goes out unchanged", "[base][json]") {
  for (const string text : {"null", "true", "false", "0", "-0", "1.50", "-1e-7",
                            "123456789012345678901234567890", "\"\"", "\"a\"", "[]", "{}",
                            "[1,[2,[3]]]", R"({"b":1,"a":{"c":null}})", R"("\"\\\n\t\r")"}) {
    CAPTURE(text);
    CHECK(to_text(json(text)) == text);
  }
}

TEST_CASE("white space around and between is nothing", "[base][json]") {
  CHECK(to_text(json(" \r\n\t{ \"a\" : [ 1 , 2 ] } \n")) == R"({"a":[1,2]})");
}

TEST_CASE("members keep their order and are found by name", "[base][json]") {
  const Json value = json(R"({"z":1,"a":2,"m":3})");
  REQUIRE(value.members().size() == 3);
  CHECK(value.members()[0].first == "z");
  CHECK(value.find("m")->as_integer() == 3);
  CHECK(value.find("x") == nullptr);
  CHECK(json("[1]").find("z") == nullptr);
}

TEST_CASE("a value of another type is absent, not an error", "[base][json]") {
  const Json text = json("\"1\"");
  CHECK_FALSE(text.as_bool());
  CHECK_FALSE(text.as_integer());
  CHECK_FALSE(text.as_double());
  CHECK(text.items().empty());
  CHECK(text.members().empty());
  CHECK(json("1").as_string() == nullptr);
  CHECK_FALSE(json("null").as_integer());
}

TEST_CASE("a number is an integer when it is one, however it is written", "[base][json]") {
  CHECK(json("7").as_integer() == 7);
  CHECK(json("-7").as_integer() == -7);
  CHECK(json("-0").as_integer() == 0);
  CHECK(json("1.0").as_integer() == 1);
  CHECK(json("1e3").as_integer() == 1000);
  CHECK(json("1E+3").as_integer() == 1000);
  CHECK(json("1.50e1").as_integer() == 15);
  CHECK(json("1500e-2").as_integer() == 15);
  CHECK(json("0.0e-99").as_integer() == 0);
  CHECK(json("0e5").as_integer() == 0);
  CHECK(json("9223372036854775807").as_integer() == INT64_MAX);
  CHECK(json("-9223372036854775808").as_integer() == INT64_MIN);
  CHECK(json("9007199254740993").as_integer() == 9007199254740993);
  CHECK(json("9007199254740993.0").as_integer() == 9007199254740993);
  for (const string text :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616", "0.5", "1e19",
        "1e-1", "1.0000000000000000000001", "1e300", "1e-2147483300"}) {
    CAPTURE(text);
    CHECK_FALSE(json(text).as_integer());
  }
  CHECK(json("0.5").as_double() == 0.5);
  CHECK(json("18446744073709551616").as_double() == 18446744073709551616.0);
  CHECK(json("1.50").number_text() == "1.50");
}

TEST_CASE("what is no JSON is refused with its line and column", "[base][json]") {
  const std::pair<string, string> cases[] = {
      {"", "1:1"},
      {" \n ", "2:2"},
      {"nul", "1:4"},
      {"{\"a\":1,}", "1:8"},
      {"[1,]", "1:4"},
      {"[1 2]", "1:4"},
      {"{a:1}", "1:2"},
      {"{'a':1}", "1:2"},
      {"01", "1:2"},
      {"1.", "1:3"},
      {".5", "1:1"},
      {"+1", "1:1"},
      {"1e", "1:3"},
      {"-", "1:2"},
      {"NaN", "1:1"},
      {"Infinity", "1:1"},
      {"-Infinity", "1:2"},
      {"\"a", "1:3"},
      {"\"\\x\"", "1:2"},
      {"\"\n\"", "1:2"},
      {"{}{}", "1:3"},
      {"{} x", "1:4"},
      {"// c\n1", "1:1"},
      {"{\"a\"\n:\n}", "3:1"},
      {"\"\xC3\xBC\" x", "1:5"},
      {"[", "1:2"},
      {"]", "1:1"},
      {"{\"a\":}", "1:6"},
  };
  for (const auto& [text, where] : cases) {
    CAPTURE(text);
    const Error error = mistake(text);
    CHECK(error.code == Code::protocol);
    CHECK(error.where == where);
    CHECK_THAT(error.message, Catch::StartsWith("not readable as JSON: "));
  }
}

TEST_CASE("a NUL byte never ends the text early", "[base][json]") {
  CHECK(mistake(string("{}\0garbage", 10)).where == "1:3");
  CHECK(mistake(string("\0", 1)).where == "1:1");
  CHECK(mistake(string("\"a\0b\"", 5)).code == Code::protocol);
  CHECK(*json("\"a\\u0000b\"").as_string() == string("a\0b", 3));
}

TEST_CASE("a text is read to its size and not beyond, cut sequences included", "[base][json]") {
  const std::string_view cut = "\"\xE2\x82\xAC\"";
  for (std::size_t size = 0; size < cut.size(); ++size) {
    // Its own allocation, so that a sanitizer sees a read behind the end.
    const std::vector<char> bytes(cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(parse_json({bytes.data(), bytes.size()}));
  }
  CHECK(parse_json(cut));
}

TEST_CASE("invalid UTF-8 is refused in strings and keys, raw and escaped", "[base][json]") {
  for (const string text :
       {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\"",
        "{\"\xFF\":1}", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "{\"\\udc00\":1}"}) {
    CAPTURE(text);
    CHECK(mistake(text).code == Code::protocol);
  }
  CHECK(*json(R"("\ud83d\ude00 \u00fc")").as_string() == "\xF0\x9F\x98\x80 \xC3\xBC");
}

TEST_CASE("a key that is there twice is refused in objects small and large", "[base][json]") {
  const Error error = mistake("{\"a\":1,\n \"b\":2, \"a\":3}");
  CHECK(error.code == Code::protocol);
  CHECK_THAT(error.message, Catch::Contains("the key \"a\" is there twice"));
  CHECK(error.where.substr(0, 2) == "2:");
  CHECK(mistake(R"({"a":1,"\u0061":2})").code == Code::protocol);

  string large = "{";
  for (int i = 0; i < 100; ++i) large += "\"k" + std::to_string(i) + "\":0,";
  CHECK(parse_json(large + "\"other\":0}"));
  for (const string twice : {"k0", "k16", "k17", "k99"}) {
    CAPTURE(twice);
    CHECK_FALSE(parse_json(large + "\"" + twice + "\":0}"));
  }
  CHECK(parse_json(R"({"a":{"a":{"a":1}},"b":{"a":1}})"));
}

TEST_CASE("depth, size and number of values are limited", "[base][json]") {
  const auto nested = [](std::size_t depth) { return string(depth, '[') + string(depth, ']'); };
  CHECK(parse_json(nested(64)));
  CHECK(mistake(nested(65)).code == Code::limit);
  CHECK(mistake(string(2'000'000, '[')).code == Code::limit);
  string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  CHECK(mistake(objects).code == Code::limit);
  CHECK(parse_json("[1,2]", {.values = 3}));
  CHECK(mistake("[1,2,3]", {.values = 3}).code == Code::limit);
  CHECK(mistake("[1,2,3]", {.bytes = 6}).code == Code::limit);
  CHECK(parse_json("[1,2,3]", {.bytes = 7}));
}

TEST_CASE("numbers that overflow RapidJSON's conversion do no harm", "[base][json]") {
  CHECK_FALSE(json("0." + string(400, '0') + "1e-2147483300").as_integer());
  CHECK_FALSE(json("1e-99999999999999999999999").as_integer());
  CHECK_FALSE(json("1e-99999999999999999999999").as_double());
  CHECK(mistake("1e99999999999999999999").code == Code::protocol);
  CHECK(mistake(string(400, '9')).code == Code::protocol);
  CHECK(json("0." + string(100'000, '3')).as_double() == Approx(1.0 / 3));
}

TEST_CASE("pointers lead to values as RFC 6901 says", "[base][json]") {
  const Json value = json(R"({"a/b":{"m~n":[10,{"":"x"}]},"":1,"0":2})");
  CHECK(value.at_pointer("") == &value);
  CHECK(value.at_pointer("/a~1b/m~0n/0")->as_integer() == 10);
  CHECK(*value.at_pointer("/a~1b/m~0n/1/")->as_string() == "x");
  CHECK(value.at_pointer("/")->as_integer() == 1);
  CHECK(value.at_pointer("/0")->as_integer() == 2);
  for (const string pointer :
       {"a", "/a", "/a~1b/m~0n/2", "/a~1b/m~0n/-", "/a~1b/m~0n/00", "/a~1b/m~0n/+1",
        "/a~1b/m~0n/0/x", "/~2", "/~", "/a~1b/m~0n/99999999999999999999"}) {
    CAPTURE(pointer);
    CHECK(value.at_pointer(pointer) == nullptr);
  }
}

TEST_CASE("values are built member by member", "[base][json]") {
  Json report;
  report.set("name", Json::string("x"));
  report.set("count", Json::integer(1));
  report.set("count", Json::integer(2));
  Json list;
  list.push(Json::boolean(true));
  list.push({});
  report.set("list", list);
  CHECK(to_text(report) == R"({"name":"x","count":2,"list":[true,null]})");
  CHECK(report == json(to_text(report)));
  CHECK_FALSE(report == Json());
}

TEST_CASE("written text is valid UTF-8 and harmless to a terminal", "[base][json]") {
  CHECK(to_text(Json::string("\x1B[31m\x07\x7F")) == R"("\u001b[31m\u0007\u007f")");
  CHECK(to_text(Json::string("\xC2\x9B")) == R"("\u009b")");
  CHECK(to_text(Json::string("a\xFF"
                             "b\xE2\x82")) ==
        "\"a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD\xEF\xBF\xBD\"");
  CHECK(to_text(Json::string("\xE2\x82\xAC / <")) == "\"\xE2\x82\xAC / <\"");
  CHECK(to_text(Json::object({{"a\"b", {}}})) == R"({"a\"b":null})");
}

TEST_CASE("pretty text is indented by two blanks", "[base][json]") {
  CHECK(to_text(json(R"({"a":[1,{"b":2}],"c":[],"d":{}})"), true) ==
        "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": [],\n  \"d\": {}\n}");
}
