#include <catch2/catch.hpp>

#include "unit/services/world.h"

using namespace portolan;
using namespace portolan::tests;
using namespace std::chrono_literals;

namespace {

portolan_status fail(services::Call& call, portolan_status code, std::string_view message,
                     std::string_view hint = {}) {
  portolan_error error{};
  error.size = sizeof error;
  error.code = code;
  error.message = str(message);
  error.hint = str(hint);
  return call.abi()->fail(call.abi(), &error);
}

}  // namespace

TEST_CASE("a call tells its deadline, its state and who it is", "[call]") {
  World world([](const auto&) { return Reply{}; });
  services::CallOptions options;
  options.deadline = base::Deadline::in(1h);
  const auto one = world.call(options), two = world.call();
  CHECK(one->abi()->id != two->abi()->id);
  CHECK(std::chrono::nanoseconds(one->abi()->deadline_ns) ==
        options.deadline.at.time_since_epoch());
  CHECK(two->abi()->deadline_ns == PORTOLAN_NO_DEADLINE);
  CHECK(two->abi()->requests_left(two->abi()) == PORTOLAN_NO_BUDGET);
  CHECK(one->abi()->check(one->abi()) == PORTOLAN_OK);
  options.deadline.cancel.cancel();
  CHECK(one->abi()->check(one->abi()) == PORTOLAN_CANCELLED);
}

TEST_CASE("the last fail() is the explanation, clean and bounded", "[call]") {
  World world([](const auto&) { return Reply{}; });
  const auto call = world.call();
  CHECK_FALSE(call->failure());
  CHECK(fail(*call, PORTOLAN_CONFLICT, "first") == PORTOLAN_CONFLICT);
  CHECK(fail(*call, PORTOLAN_NOT_FOUND, "a\x1b[31mb\nc\xff", std::string(100'000, 'x')) ==
        PORTOLAN_NOT_FOUND);
  const auto failure = call->failure();
  REQUIRE(failure);
  CHECK(failure->code == base::Code::not_found);
  CHECK(failure->message.find('\x1b') == std::string::npos);
  CHECK(failure->message.find('\n') == std::string::npos);
  CHECK(failure->hint.size() <= model::limits::text_bytes);
}

TEST_CASE("a code that is none reads as internal, and a reason is never empty", "[call]") {
  World world([](const auto&) { return Reply{}; });
  const auto call = world.call();
  for (const auto code : {0, 1, 12, -5, 91, 1001, 1'000'000}) {
    CHECK(fail(*call, code, "") == PORTOLAN_INTERNAL);
    CHECK_FALSE(call->failure()->message.empty());
  }
  CHECK(call->abi()->fail(call->abi(), nullptr) == PORTOLAN_INTERNAL);
}

TEST_CASE("log lines are named, bounded and limited in number", "[call]") {
  World world([](const auto&) { return Reply{}; });
  std::vector<services::LogLine> lines;
  services::CallOptions options;
  options.log.take = [&](const auto& line) { lines.push_back(line); };
  const auto call = world.call(options);
  const portolan_kv field{str("repository"), str("a\nb")};
  call->abi()->log(call->abi(), PORTOLAN_LOG_WARN, str("hello"), &field, 1);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].level == PORTOLAN_LOG_WARN);
  CHECK(lines[0].registry == "one");
  CHECK(lines[0].call == call->abi()->id);
  CHECK(lines[0].fields.at(0).second == "a b");
  for (int i = 0; i < 10'000; ++i) call->abi()->log(call->abi(), 99, str("x"), nullptr, 5);
  CHECK(lines.size() < 1'000);
  CHECK(lines.back().level == PORTOLAN_LOG_ERROR);
}

TEST_CASE("progress never falls", "[call]") {
  World world([](const auto&) { return Reply{}; });
  std::vector<std::uint64_t> seen;
  services::CallOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t, std::string_view) {
    seen.push_back(done);
  };
  const auto call = world.call(options);
  for (const std::uint64_t done : {1, 5, 3}) {
    call->abi()->progress(call->abi(), done, 10, str("repositories"));
  }
  CHECK(seen == std::vector<std::uint64_t>{1, 5, 5});
}

TEST_CASE("a plugin recalls what was lent, and what it remembers is bounded", "[call]") {
  World world([](const auto&) { return Reply{}; });
  const auto call = world.call();
  const auto remember = [&](std::string_view key, std::string_view value) {
    call->abi()->remember(call->abi(), str(key), str(value));
  };
  remember("nobody", "listens");
  CHECK(call->abi()->note_count == 0);

  model::Memory memory;
  memory.recalled = {{"b", "2"}, {"a", "1"}};
  call->lend(memory);
  REQUIRE(call->abi()->note_count == 2);
  CHECK(std::string(call->abi()->notes[0].key.data, call->abi()->notes[0].key.len) == "a");
  CHECK(std::string(call->abi()->notes[1].value.data, call->abi()->notes[1].value.len) == "2");

  namespace limits = model::limits;
  remember("", "no key");
  remember(std::string(limits::note_key_bytes + 1, 'k'), "long key");
  remember("long value", std::string(limits::note_bytes + 1, 'v'));
  CHECK(memory.remembered.empty());
  remember("a", "first");
  remember("a", "second");
  CHECK(memory.remembered == model::Notes{{"a", "second"}});

  const std::string large(limits::note_bytes, 'v');
  for (std::size_t i = 0; i < limits::notes_bytes / limits::note_bytes + 100; ++i)
    remember("n" + std::to_string(i), large);
  std::size_t bytes = 0;
  for (const auto& [key, value] : memory.remembered) bytes += key.size() + value.size();
  CHECK(bytes <= limits::notes_bytes);
  CHECK(bytes > limits::notes_bytes - 2 * limits::note_bytes);
  CHECK(memory.remembered.at("n0") == large);
}

TEST_CASE("a note that holds a secret of the registry is not kept", "[call]") {
  World world([](const auto&) { return Reply{}; });
  const auto call = world.with_password().call();
  model::Memory memory;
  call->lend(memory);
  const std::string secret = canary;
  call->abi()->remember(call->abi(), str("team/app"), str("etag " + secret));
  call->abi()->remember(call->abi(), str(secret), str("1"));
  call->abi()->remember(call->abi(), str("team/db"), str("1"));
  CHECK(memory.remembered == model::Notes{{"team/db", "1"}});
}
