#include "base/text.h"

#include <catch2/catch.hpp>
#include <string>

using namespace portolan::base;
using std::string;

namespace {

string clean(const string& text) { return clean_text(text, 1000); }

}  // namespace

TEST_CASE("ordinary text in any script stays as it is", "[base][text]") {
  for (const string text : {"", "library/nginx:1.27",
                            "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x9A\xA2 \xE4\xBB\x93\xE5\xBA\x93"}) {
    CHECK(clean(text) == text);
  }
}

TEST_CASE("escape sequences vanish whole", "[base][text]") {
  CHECK(clean("a\x1B[31;1mred\x1B[0m") == "ared");
  CHECK(clean("a\x1B]0;title\x07"
              "b") == "ab");
  CHECK(clean("a\x1B]8;;http://evil.example\x1B\\link\x1B]8;;\x1B\\b") == "alinkb");
  CHECK(clean("a\xC2\x9B"
              "2Jb") == "ab");
  CHECK(clean("a\x1BPq#0\x1B\\b") == "ab");
  CHECK(clean("a\x1B(0b") == "ab");
  CHECK(clean("a\x1B"
              "cb") == "ab");
  CHECK(clean("a\x1B") == "a");
  CHECK(clean("a\x1B[") == "a");
  CHECK(clean("a\x1B[31") == "a");
  CHECK(clean("a\x1B]never ends") == "a");
  CHECK(clean("a\x1B\x1B[31mb") == "ab");
}

TEST_CASE("control characters vanish and line ends become one blank", "[base][text]") {
  CHECK(clean(string("a\0b", 3)) == "ab");
  CHECK(clean("a\bb\x7F\a") == "ab");
  CHECK(clean("a\r\n\tb\n") == "a b");
  CHECK(clean("\n\na") == "a");
  CHECK(clean("a\xE2\x80\xA8"
              "b") == "a b");
}

TEST_CASE("marks that reorder or hide letters vanish", "[base][text]") {
  CHECK(clean("a\xE2\x80\xAE"
              "b\xE2\x80\xAC") == "ab");
  CHECK(clean("a\xE2\x81\xA6"
              "b\xE2\x80\x8B\xEF\xBB\xBF\xD8\x9C") == "ab");
}

TEST_CASE("invalid bytes become the replacement character", "[base][text]") {
  const string mark = "\xEF\xBF\xBD";
  CHECK(clean("a\xFF"
              "b") == "a" + mark + "b");
  CHECK(clean("\xC0\x80") == mark + mark);
  CHECK(clean("a\xE2\x82") == "a" + mark + mark);
  CHECK(clean("\xED\xA0\x80") == mark + mark + mark);
  CHECK(clean("\xF4\x90\x80\x80") == mark + mark + mark + mark);
}

TEST_CASE("a long text is cut before a code point that does not fit, and says so", "[base][text]") {
  CHECK(clean_text("abcdef", 6) == "abcdef");
  CHECK(clean_text("abcdefg", 6) == "abc\xE2\x80\xA6");
  CHECK(clean_text("ab\xE2\x82\xAC\xE2\x82\xAC", 7) == "ab\xE2\x80\xA6");
  CHECK(clean_text("abc", 2) == "ab");
  CHECK(clean_text("\xC3\xBC", 1) == "");
  CHECK(clean_text("abc", 0) == "");
}

TEST_CASE("cleaning keeps its promise for every limit", "[base][text]") {
  const string text =
      "a\xE2\x82\xAC\xFF\x1B[1m\n\xF0\x9F\x9A\xA2"
      "b\xC2\x9B"
      "0m\xE2\x80\xAE"
      "c";
  for (std::size_t limit = 0; limit < 30; ++limit) {
    const string cleaned = clean_text(text, limit);
    CHECK(cleaned.size() <= limit);
    CHECK(is_utf8(cleaned));
    CHECK(clean_text(cleaned, limit) == cleaned);
  }
}

TEST_CASE("code points are counted, invalid bytes one by one", "[base][text]") {
  CHECK(rune_count("") == 0);
  CHECK(rune_count("a\xC3\xBC\xF0\x9F\x9A\xA2") == 3);
  CHECK(rune_count("\xFF\xFE") == 2);
  CHECK(is_utf8("a\xC3\xBC"));
  CHECK_FALSE(is_utf8("a\xC3"));
  CHECK_FALSE(is_utf8("\xF5\x80\x80\x80"));
}
