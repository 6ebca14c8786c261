#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"

using namespace portolan::base;
using namespace std::chrono_literals;
using std::string;

namespace {

const auto moment = std::chrono::system_clock::time_point(1'795'556'823'007ms);

string text_line(std::string_view message, LogFields fields = {}) {
  return log_line(LogFormat::text, moment, LogLevel::info, message, fields);
}
Json json_line(std::string_view message, LogFields fields = {}) {
  const string line = log_line(LogFormat::json, moment, LogLevel::warn, message, fields);
  REQUIRE(line.back() == '\n');
  REQUIRE(line.find('\n') == line.size() - 1);
  REQUIRE(line.size() <= log_line_bytes);
  auto value = parse_json(line);
  REQUIRE(value);
  return *std::move(value);
}

/// The two ends of something to log into.
struct Ends {
  int reader = -1, writer = -1;

  static Ends pipe() {
    int both[2];
    REQUIRE(::pipe(both) == 0);
    return {both[0], both[1]};
  }
  static Ends socket() {
    int both[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
    return {both[0], both[1]};
  }
  string read_all() const {
    string all;
    char buffer[65536];
    ::fcntl(reader, F_SETFL, O_NONBLOCK);
    for (ssize_t got; (got = ::read(reader, buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }
  ~Ends() {
    ::close(reader);
    ::close(writer);
  }
};

std::vector<Json> records(const string& all) {
  std::vector<Json> found;
  for (std::size_t from = 0; from < all.size();) {
    const std::size_t end = all.find('\n', from);
    // The line that a full socket tore in two is told as dropped; its first part is no record.
    auto one = parse_json(all.substr(from, end - from));
    if (one) found.push_back(*std::move(one));
    from = end == string::npos ? all.size() : end + 1;
  }
  return found;
}

static_assert(!std::is_constructible_v<LogField, std::string_view, Secret>);
static_assert(!std::is_constructible_v<LogField, std::string_view, const Secret&>);
static_assert(!std::is_constructible_v<LogField, std::string_view, const void*>);

}  // namespace

TEST_CASE("a record for people is time, level, message and fields", "[base][log]") {
  CHECK(text_line("ready", {{"listen", "http://127.0.0.1:7070"}, {"took_ms", 12}}) ==
        "2026-11-24T21:47:03.007Z info  ready listen=http://127.0.0.1:7070 took_ms=12\n");
  CHECK(text_line("x", {{"a", ""}, {"b", "two words"}, {"c", "k=v"}, {"d", "say \"hi\""}}) ==
        "2026-11-24T21:47:03.007Z info  x a=\"\" b=\"two words\" c=\"k=v\" d=\"say \\\"hi\\\"\"\n");
}

TEST_CASE("a record for machines is one JSON object with typed fields", "[base][log]") {
  const Json record = json_line("it \"works\"", {{"request", string("01J")},
                                                 {"count", std::uint64_t{3}},
                                                 {"less", -1},
                                                 {"ratio", 0.5},
                                                 {"ok", true},
                                                 {"took_ms", 2s}});
  CHECK(
      to_text(record) ==
      "{\"time\":\"2026-11-24T21:47:03.007Z\",\"level\":\"warn\",\"message\":\"it \\\"works\\\"\","
      "\"request\":\"01J\",\"count\":3,\"less\":-1,\"ratio\":0.5,\"ok\":true,\"took_ms\":2000}");
}

TEST_CASE("an error is spread over fields", "[base][log]") {
  const Error error{.code = Code::unreachable, .message = "no route", .where = "https://h"};
  CHECK(text_line("check failed", {{"registry", "r"}, error}) ==
        "2026-11-24T21:47:03.007Z info  check failed registry=r code=unreachable "
        "error=\"no route\" where=https://h\n");
}

TEST_CASE("what others wrote stays in its field and on its line", "[base][log]") {
  const string hostile = "a\nlevel=error\x1b[31m \xff\",\"level\":\"debug";
  const Json record = json_line(hostile, {{"name", hostile}});
  CHECK(*record.find("level")->as_string() == "warn");
  CHECK(record.members().size() == 4);
  const string line = text_line("m", {{"name", hostile}});
  CHECK(line.find('\n') == line.size() - 1);
  CHECK(line.find('\x1b') == string::npos);
  CHECK(line.find(" name=\"a level=error ") != string::npos);
}

TEST_CASE("a record that is too long is cut and says so", "[base][log]") {
  const string wide(5000, 'x'), quotes(5000, '"');
  const LogFields many = {{"a", quotes}, {"b", quotes}, {"c", quotes}, {"d", quotes}, {"e", 1}};
  const Json record = json_line(quotes, many);
  CHECK(record.find("cut")->as_bool() == true);
  CHECK(record.find("a") != nullptr);
  CHECK(record.find("e")->as_integer() == 1);
  CHECK(json_line(wide, {{"a", wide}}).find("cut") == nullptr);
  CHECK(log_line(LogFormat::text, moment, LogLevel::info, quotes, many).size() <= log_line_bytes);
}

TEST_CASE("only what is wanted is written, and a reload changes it", "[base][log]") {
  const Ends ends = Ends::pipe();
  Log log(ends.writer, LogLevel::info, LogFormat::text);
  log.debug("no");
  log.info("one");
  log.set(LogLevel::debug, LogFormat::json);
  log.debug("two");
  log.set(LogLevel::error, LogFormat::json);
  log.warn("no");
  const string all = ends.read_all();
  CHECK(all.find("info  one\n") != string::npos);
  CHECK(all.find("\"message\":\"two\"}") != string::npos);
  CHECK(all.find("no") == string::npos);
  CHECK(log.dropped() == 0);
}

TEST_CASE("threads write whole lines", "[base][log]") {
  for (const bool socket : {false, true}) {
    const Ends ends = socket ? Ends::socket() : Ends::pipe();
    Log log(ends.writer, LogLevel::info, LogFormat::json);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&log, i] {
        for (int j = 0; j < 50; ++j) log.info("line", {{"thread", i}, {"number", j}});
      });
    for (auto& thread : threads) thread.join();
    const string all = ends.read_all();
    CHECK(records(all).size() == 200);
    CHECK(std::count(all.begin(), all.end(), '\n') == 200);
  }
}

TEST_CASE("a reader that does not read costs one short wait", "[base][log]") {
  for (const bool socket : {false, true}) {
    CAPTURE(socket);
    const Ends ends = socket ? Ends::socket() : Ends::pipe();
    Log log(ends.writer, LogLevel::info, LogFormat::json);
    const auto began = std::chrono::steady_clock::now();
    const string filling(400, 'x');
    while (log.dropped() < 1000) log.info(filling);
    CHECK(std::chrono::steady_clock::now() - began < 2s);
    // The caller's own description is as it was.
    CHECK((::fcntl(ends.writer, F_GETFL) & O_NONBLOCK) == 0);

    const string before = ends.read_all();
    log.info("again");
    const string after = ends.read_all();
    // A short record may have found room where a long one had not, so there can be two of them.
    std::int64_t told = 0;
    for (const Json& record : records(before + after)) {
      if (*record.find("message")->as_string() == "log records were dropped")
        told += *record.find("records")->as_integer();
    }
    CHECK(told == static_cast<std::int64_t>(log.dropped()));
    CHECK(*records(after).back().find("message")->as_string() == "again");
  }
}

TEST_CASE("a reader that has gone is no end of the program", "[base][log]") {
  ::signal(SIGPIPE, SIG_IGN);  // As main does.
  Ends ends = Ends::pipe();
  Log log(ends.writer, LogLevel::info, LogFormat::text);
  ::close(ends.reader);
  ends.reader = -1;
  log.info("nobody hears");
  CHECK(log.dropped() == 1);
}
