// The laws of the C contract that the authors' layer keeps (docs/abi.md).
#include <catch2/catch.hpp>
#include <cstring>
#include <new>
#include <portolan/plugin.hpp>
#include <set>
#include <stdexcept>

#include "support/fake_host.h"

namespace {

struct Odd {
  explicit Odd(const portolan::registry& registry) : base(registry.base) {
    if (base == "throw") throw std::runtime_error("no instance today");
  }
  portolan::integration integrate(portolan::call&) {
    return {.address = base, .capabilities = {"catalog", "delete"}};
  }
  void validate(portolan::call&, portolan::depth depth, portolan::out<portolan::check>& out) {
    out.push(portolan::check{"identity"}.ok(depth == portolan::depth::quick ? "quick" : "full"));
    if (base == "failure") throw portolan::failure(PORTOLAN_FORBIDDEN, "may not", "ask for it");
    if (base == "bad_alloc") throw std::bad_alloc();
    if (base == "exception") throw std::runtime_error("a bug");
    if (base == "int") throw 7;
  }
  void collect(portolan::call&, portolan::level level, portolan::out<portolan::measure>& out) {
    for (int i = 0; i < 100; ++i) {
      if (!out.push(portolan::measure{"m" + std::to_string(i)}.known(static_cast<int>(level))))
        return;
      ++pushed;
    }
  }
  std::string base;
  int pushed = 0;
};

using tables = portolan::detail::tables<Odd>;

struct Instance {
  const portolan_instance* raw = nullptr;
  explicit Instance(fake::Host& host, std::string base) {
    std::string config = R"({"options":{}})";
    const portolan_registry registry{
        sizeof(portolan_registry), 0, fake::text("odd"), fake::text(base), fake::text(config), {}};
    status = tables::create(host.call(), host.host(), &registry, &raw);
    // L6: what was given is gone after the return.
    std::memset(base.data(), '!', base.size());
    std::memset(config.data(), '!', config.size());
  }
  ~Instance() {
    if (raw) raw->destroy(raw);
  }
  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(raw->extension(raw, fake::text(id)));
  }
  portolan_status status;
};

portolan_status validate(fake::Host& host, const Instance& instance, std::uint32_t depth,
                         std::vector<std::string>& names) {
  return host.collect<portolan_check>(
      [&](const portolan_check& item) { names.push_back(fake::text(item.message)); },
      [&](const portolan_sink* sink) {
        return instance.table<portolan_ext_validation>(PORTOLAN_EXT_VALIDATION)
            ->validate(instance.raw, host.call(), depth, sink);
      });
}

}  // namespace

TEST_CASE("whatever a plugin throws arrives as a status with its text, what came before is kept",
          "[sdk][L7]") {
  const struct {
    const char* what;
    portolan_status status;
    const char* message;
  } cases[] = {{"failure", PORTOLAN_FORBIDDEN, "may not"},
               {"bad_alloc", PORTOLAN_INTERNAL, "the plugin ran out of memory"},
               {"exception", PORTOLAN_INTERNAL, "a bug"},
               {"int", PORTOLAN_INTERNAL, "the plugin threw something that is no std::exception"}};
  for (const auto& one : cases) {
    fake::Host host;
    const Instance instance(host, one.what);
    std::vector<std::string> seen;
    CHECK(validate(host, instance, PORTOLAN_DEPTH_FULL, seen) == one.status);
    REQUIRE(host.failure);
    CHECK(host.failure->message == one.message);
    CHECK(host.failure->code == one.status);
    CHECK(seen == std::vector<std::string>{"full"});
  }
}

TEST_CASE("a constructor that throws is a failed create and leaves no instance", "[sdk][L7]") {
  fake::Host host;
  const Instance instance(host, "throw");
  CHECK(instance.status == PORTOLAN_INTERNAL);
  CHECK(instance.raw == nullptr);
  CHECK(host.failure->message == "no instance today");
}

TEST_CASE("inputs are copied: they may be overwritten once create has returned", "[sdk][L6]") {
  fake::Host host;
  const Instance instance(host, "https://registry.example");
  std::string address;
  std::vector<std::string> words;
  host.collect<portolan_integration>(
      [&](const portolan_integration& item) {
        CHECK(item.size == sizeof(portolan_integration));
        address = fake::text(item.address);
        for (std::uint64_t i = 0; i < item.capability_count; ++i)
          words.push_back(fake::text(item.capabilities[i]));
      },
      [&](const portolan_sink* sink) {
        return instance.table<portolan_ext_integration>(PORTOLAN_EXT_INTEGRATION)
            ->integrate(instance.raw, host.call(), sink);
      });
  CHECK(address == "https://registry.example");
  CHECK(words == std::vector<std::string>{"catalog", "delete"});
}

TEST_CASE("a host that lacks a member which is needed is unsupported, and nothing is read there",
          "[sdk][L8]") {
  fake::Host host;
  static portolan_http older = *fake::Host::http();
  older.size = offsetof(portolan_http, abort);
  older.abort = reinterpret_cast<decltype(older.abort)>(1);  // A call would crash.
  portolan_host table = *host.host();
  table.service = [](const portolan_host*, portolan_str) -> const void* { return &older; };
  const portolan_registry registry{
      sizeof(portolan_registry),       0, fake::text("odd"), fake::text("https://registry.example"),
      fake::text(R"({"options":{}})"), {}};
  const portolan_instance* made = nullptr;
  CHECK(tables::create(host.call(), &table, &registry, &made) == PORTOLAN_UNSUPPORTED);
  table.service = [](const portolan_host*, portolan_str) -> const void* { return nullptr; };
  CHECK(tables::create(host.call(), &table, &registry, &made) == PORTOLAN_UNSUPPORTED);
}

TEST_CASE("a depth or level that this minor does not know reads as the greatest that it knows",
          "[sdk][L10]") {
  fake::Host host;
  const Instance instance(host, "https://registry.example");
  std::vector<std::string> seen;
  CHECK(validate(host, instance, 77, seen) == PORTOLAN_OK);
  CHECK(seen == std::vector<std::string>{"full"});
  std::set<std::int64_t> levels;
  host.collect<portolan_measure>([&](const portolan_measure& item) { levels.insert(item.value); },
                                 [&](const portolan_sink* sink) {
                                   return instance
                                       .table<portolan_ext_statistics>(PORTOLAN_EXT_STATISTICS)
                                       ->collect(instance.raw, host.call(), 77, sink);
                                 });
  CHECK(levels == std::set<std::int64_t>{PORTOLAN_LEVEL_DEEP});
}

TEST_CASE("a receiver that has enough ends the pushing, and the call is ok", "[sdk]") {
  fake::Host host;
  const Instance instance(host, "https://registry.example");
  host.receiver = [] { return PORTOLAN_STOP; };
  int taken = 0;
  CHECK(host.collect<portolan_measure>(
            [&](const portolan_measure&) { ++taken; },
            [&](const portolan_sink* sink) {
              return instance.table<portolan_ext_statistics>(PORTOLAN_EXT_STATISTICS)
                  ->collect(instance.raw, host.call(), 0, sink);
            }) == PORTOLAN_OK);
  CHECK(taken == 64);
}

TEST_CASE("an id that nobody defined has no table, and a table stays where it is", "[sdk]") {
  fake::Host host;
  const Instance instance(host, "https://registry.example");
  CHECK(instance.table<void>("org.example.other/1") == nullptr);
  CHECK(instance.table<void>(PORTOLAN_EXT_CATALOG) == nullptr);
  CHECK(instance.table<void>(PORTOLAN_EXT_VALIDATION) ==
        instance.table<void>(PORTOLAN_EXT_VALIDATION));
}

TEST_CASE("the words of check and measure give values: assigning to oneself loses nothing",
          "[sdk]") {
  portolan::measure one{"artifacts"};
  one = std::move(one).of_account();
  one = std::move(one).partial(3, "why").cut();
  CHECK(one.name == "artifacts");
  CHECK(one.hint == "why");
  CHECK(one.scope == PORTOLAN_SCOPE_ACCOUNT);
  portolan::check step{"identity"};
  step = std::move(step).ok("seen");
  CHECK(step.name == "identity");
}

TEST_CASE("what a walk counted is known after all of it, a part else, and never 0 for nothing",
          "[sdk]") {
  using portolan::ended, portolan::measure;
  CHECK(measure{"m"}.counted(5, ended::all).state == PORTOLAN_MEASURE_KNOWN);
  CHECK(measure{"m"}.counted(0, ended::all).state == PORTOLAN_MEASURE_KNOWN);
  const auto part = measure{"m"}.counted(5, ended::budget);
  CHECK(part.state == PORTOLAN_MEASURE_PARTIAL);
  CHECK(part.flags == PORTOLAN_MEASURE_CUT);
  CHECK(measure{"m"}.counted(0, ended::stopped).state == PORTOLAN_MEASURE_UNKNOWN);
}

TEST_CASE("notes: what one collection remembers the next can recall", "[sdk]") {
  fake::Host host;
  portolan::call call(host.call(), fake::Host::http(), portolan::auth::none);
  CHECK(call.recalled().empty());
  CHECK_FALSE(call.recall("a"));
  const std::string bytes("x\0y", 3);
  call.remember("b", "old");
  call.remember("b", bytes);
  call.remember("aa", "");
  call.remember("c/d", "3");
  CHECK_FALSE(call.recall("b"));  // Not by the collection that remembers it.
  host.pass_on();
  CHECK(call.recall("b") == std::string_view(bytes));
  CHECK(call.recall("aa") == std::string_view());
  CHECK(call.recall("c/d") == std::string_view("3"));
  for (const char* other : {"", "a", "aaa", "c", "c/d/", "z"}) CHECK_FALSE(call.recall(other));
  CHECK(call.recalled().size() == 3);
}
