#include "base/quantity.h"

#include <catch2/catch.hpp>
#include <string>

using namespace portolan::base;
using namespace std::chrono_literals;
using std::string;

TEST_CASE("a duration is read as people write it", "[base][quantity]") {
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("1m30s") == 90s);
  CHECK(parse_duration("2d12h") == 60h);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("0.25h") == 15min);
  CHECK(parse_duration("0s") == 0ms);
  CHECK(parse_duration("3650d") == 3650 * 24h);
}

TEST_CASE("what is no duration is nothing", "[base][quantity]") {
  for (const string text : {"",
                            "30",
                            "s",
                            "-1s",
                            "+1s",
                            " 1s",
                            "1 s",
                            "1s ",
                            "1S",
                            "1y",
                            "1s1m",
                            "1s1s",
                            "1.s",
                            "1.2345s",
                            ".5s",
                            "1e3s",
                            "PT5S",
                            "3651d",
                            "99999999999999999999s",
                            "1ms5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("a size is read with binary and decimal units", "[base][quantity]") {
  CHECK(parse_bytes("0") == 0u);
  CHECK(parse_bytes("512") == 512u);
  CHECK(parse_bytes("512B") == 512u);
  CHECK(parse_bytes("64KiB") == 65536u);
  CHECK(parse_bytes("1MiB") == 1048576u);
  CHECK(parse_bytes("2GiB") == 2147483648u);
  CHECK(parse_bytes("2kB") == 2000u);
  CHECK(parse_bytes("2TB") == 2000000000000u);
  CHECK(parse_bytes("18446744073709551615") == UINT64_MAX);
}

TEST_CASE("what is no size is nothing", "[base][quantity]") {
  for (const string text : {"", "B", "-1", "1.5MiB", "1 MiB", "1mib", "1M", "1KB",
                            "18446744073709551616", "18446744073709551615KiB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("a duration is told in the shortest text that reads back", "[base][quantity]") {
  for (const string text : {"0s", "1ms", "1s500ms", "1m30s", "2m", "1h", "90d", "1d12h", "730d"}) {
    CAPTURE(text);
    CHECK(duration_text(*parse_duration(text)) == text);
  }
  CHECK(duration_text(std::chrono::hours(48)) == "2d");
}

TEST_CASE("a size is told in the largest unit that is exact", "[base][quantity]") {
  for (const string text : {"0", "1000", "32KiB", "1MiB", "3GiB", "5TiB", "1025KiB"}) {
    CAPTURE(text);
    CHECK(bytes_text(*parse_bytes(text)) == text);
  }
}
