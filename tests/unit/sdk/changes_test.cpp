// Spaces and robots of a class, through its C tables.
#include <catch2/catch.hpp>
#include <portolan/plugin.hpp>

#include "support/fake_host.h"

namespace {

using portolan::call;

struct Plain {
  explicit Plain(const portolan::registry&) {}
  portolan::integration integrate(call&) { return {}; }
  void validate(call&, portolan::depth, portolan::out<portolan::check>&) {}
  void collect(call&, portolan::level, portolan::out<portolan::measure>&) {}
};

/// Says in its answers what it was given.
struct Changing : Plain {
  using Plain::Plain;
  portolan::space create_space(call&, const std::string& name, std::uint32_t visibility) {
    return {.name = name,
            .upstream_id = "created",
            .visibility = visibility,
            .flags = PORTOLAN_SPACE_PROXY_CACHE};
  }
  void remove_space(call&, const std::string& name) {
    if (name == "full") throw portolan::failure(PORTOLAN_CONFLICT, "it holds 3", "Empty it.");
  }
  portolan::space set_visibility(call&, const std::string& name, std::uint32_t visibility) {
    return {.name = name, .upstream_id = "set", .visibility = visibility};
  }
  portolan::robot issue_robot(call&, const std::string& name,
                              const std::vector<portolan::grant>& grants, std::uint32_t days) {
    return {.id = written(grants),
            .username = "robot$" + name,
            .secret_handle = "sealed-1",
            .expires_ms = days};
  }
  portolan::robot rewrite_robot(call&, const std::string& id,
                                const std::vector<portolan::grant>& grants) {
    return {.id = id, .username = written(grants)};
  }
  void revoke_robot(call&, const std::string& id) {
    if (id != "7") throw portolan::failure(PORTOLAN_FORBIDDEN, "may not", "Ask for it.");
  }
  void list_robots(call&, const std::string& prefix, portolan::out<portolan::robot>& out) {
    for (int i = 0; i < 100; ++i)
      out.push({.id = std::to_string(i), .username = prefix + std::to_string(i)});
  }
  static std::string written(const std::vector<portolan::grant>& grants) {
    std::string out;
    for (const auto& grant : grants) out += grant.space + (grant.may_push() ? "+" : "-");
    return out;
  }
};

template <class P>
struct Instance {
  fake::Host host;
  const portolan_instance* raw = nullptr;
  Instance() {
    const portolan_registry registry{sizeof registry,
                                     0,
                                     fake::text("odd"),
                                     fake::text("https://r"),
                                     fake::text(R"({"options":{}})"),
                                     {}};
    REQUIRE(portolan::detail::tables<P>::create(host.call(), host.host(), &registry, &raw) ==
            PORTOLAN_OK);
  }
  ~Instance() { raw->destroy(raw); }
  template <class Table>
  const Table* table(const char* id) const {
    return static_cast<const Table*>(raw->extension(raw, fake::text(id)));
  }
};

struct Robot {
  std::string id, username, handle;
  std::int64_t expires_ms;
};

struct Robots : Instance<Changing> {
  const portolan_ext_robots* functions = table<portolan_ext_robots>(PORTOLAN_EXT_ROBOTS);
  template <class Run>
  std::vector<Robot> ask(Run run) {
    std::vector<Robot> out;
    const auto status = host.collect<portolan_robot>(
        [&](const portolan_robot& one) {
          CHECK(one.size == sizeof(portolan_robot));
          out.push_back({fake::text(one.id), fake::text(one.username),
                         fake::text(one.secret_handle), one.expires_ms});
        },
        run);
    CHECK(status == PORTOLAN_OK);
    return out;
  }
};

/// portolan_grant as a later minor may have it.
struct NextGrant {
  portolan_grant now;
  std::uint64_t later;
};

}  // namespace

TEST_CASE("a class without the members has neither spaces nor robots", "[sdk]") {
  const Instance<Plain> plain;
  CHECK(plain.table<void>(PORTOLAN_EXT_SPACES) == nullptr);
  CHECK(plain.table<void>(PORTOLAN_EXT_ROBOTS) == nullptr);
  using tables = portolan::detail::tables<Changing>;
  constexpr std::array<std::string_view, 5> all{PORTOLAN_EXT_INTEGRATION, PORTOLAN_EXT_VALIDATION,
                                                PORTOLAN_EXT_STATISTICS, PORTOLAN_EXT_SPACES,
                                                PORTOLAN_EXT_ROBOTS};
  STATIC_REQUIRE(tables::agrees_with(all));
  STATIC_REQUIRE_FALSE(portolan::detail::tables<Plain>::agrees_with(all));
}

TEST_CASE("spaces: names and visibility go in, the space as it then is comes out", "[sdk]") {
  Instance<Changing> changing;
  const auto* spaces = changing.table<portolan_ext_spaces>(PORTOLAN_EXT_SPACES);
  REQUIRE(PORTOLAN_HAS(spaces, portolan_ext_spaces, set_visibility));
  std::vector<std::string> seen;
  for (const auto function : {spaces->create, spaces->set_visibility}) {
    const auto status = changing.host.collect<portolan_space>(
        [&](const portolan_space& one) {
          CHECK(one.visibility == PORTOLAN_VISIBILITY_PRIVATE);
          CHECK(one.repositories == -1);
          seen.push_back(fake::text(one.name) + " " + fake::text(one.upstream_id) +
                         (one.flags == PORTOLAN_SPACE_PROXY_CACHE ? " mirror" : ""));
        },
        [&](const portolan_sink* sink) {
          return function(changing.raw, changing.host.call(), fake::text("team"),
                          PORTOLAN_VISIBILITY_PRIVATE, sink);
        });
    CHECK(status == PORTOLAN_OK);
  }
  CHECK(seen == std::vector<std::string>{"team created mirror", "team set"});

  const auto* call = changing.host.call();
  CHECK(spaces->remove(changing.raw, call, fake::text("team")) == PORTOLAN_OK);
  CHECK(spaces->remove(changing.raw, call, fake::text("full")) == PORTOLAN_CONFLICT);
  CHECK(changing.host.failure->message == "it holds 3");
}

TEST_CASE("L4 robots: grants are read at the host's stride", "[sdk][L4]") {
  Robots robots;
  const auto grant = [](const char* space, std::uint32_t rights) {
    return NextGrant{{sizeof(NextGrant), rights, fake::text(space)}, 0xdead};
  };
  const NextGrant grants[] = {grant("a", PORTOLAN_ROBOT_PULL),
                              grant("b", PORTOLAN_ROBOT_PULL | PORTOLAN_ROBOT_PUSH),
                              grant("c", PORTOLAN_ROBOT_PUSH)};
  const auto issued = robots.ask([&](const portolan_sink* sink) {
    return robots.functions->issue(robots.raw, robots.host.call(), fake::text("ci"), &grants[0].now,
                                   3, sizeof grants[0], 30, sink);
  });
  REQUIRE(issued.size() == 1);
  CHECK(issued[0].id == "a-b+c+");
  CHECK(issued[0].username == "robot$ci");
  CHECK(issued[0].handle == "sealed-1");
  CHECK(issued[0].expires_ms == 30);

  const auto rewritten = robots.ask([&](const portolan_sink* sink) {
    return robots.functions->rewrite(robots.raw, robots.host.call(), fake::text("7"),
                                     &grants[1].now, 1, sizeof grants[0], sink);
  });
  REQUIRE(rewritten.size() == 1);
  CHECK(rewritten[0].id == "7");
  CHECK(rewritten[0].username == "b+");
  CHECK(rewritten[0].handle.empty());
  CHECK(rewritten[0].expires_ms == -1);
}

TEST_CASE("robots are listed whole, and what a class throws ends a change", "[sdk]") {
  Robots robots;
  const auto all = robots.ask([&](const portolan_sink* sink) {
    return robots.functions->list(robots.raw, robots.host.call(), fake::text("p-"), sink);
  });
  REQUIRE(all.size() == 100);
  CHECK(all.back().username == "p-99");

  const auto* call = robots.host.call();
  CHECK(robots.functions->revoke(robots.raw, call, fake::text("7")) == PORTOLAN_OK);
  CHECK(robots.functions->revoke(robots.raw, call, fake::text("8")) == PORTOLAN_FORBIDDEN);
  CHECK(robots.host.failure->hint == "Ask for it.");
}
