// A plugin that keeps every rule of `portolan plugins check`, but for the one that the variable
// FAULT names.
//   GET /v1/info                          {"name": "shelf"}
//   GET /v1/repositories?after=NAME       {"repositories": ["team/app"]}, more behind Link: <…>;
//   rel="next" GET /v1/tags/NAME                     {"tags": ["1"]}
#include <portolan/plugin.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace {

bool fault(std::string_view name) {
  const char* wanted = std::getenv("FAULT");
  return wanted && name == wanted;
}

portolan::json names_in(const portolan::response& answer, const char* key) {
  auto names = answer.json()[key];
  if (!names.is_array())
    throw portolan::failure(PORTOLAN_PROTOCOL, "the answer holds no list of names",
                            fault("no-hint") ? "" : "see what answers at this address");
  return names;
}

std::string name_of(portolan::json item) {
  if (!item.is_string())
    throw portolan::failure(PORTOLAN_PROTOCOL, "the list holds what is no name",
                            fault("no-hint") ? "" : "see what answers at this address");
  return item.string_or("");
}

std::string space_of(const std::string& name) {
  const auto slash = name.find('/');
  return slash == std::string::npos ? "_" : name.substr(0, slash);
}

class faulty {
 public:
  static constexpr auto default_auth = portolan::auth::basic;

  explicit faulty(const portolan::registry& registry) : registry_(registry) {
    if (fault("leak")) kept = new std::string(24, 'x');
  }

  portolan::integration integrate(portolan::call& call) {
    const auto answer = call.get("/v1/info");
    (void)info_of(answer);
    if (fault("log-secret"))
      call.log(PORTOLAN_LOG_INFO, "here", {{"token", registry_.options["apiToken"].string_or("")}});
    portolan::integration found{.address = registry_.base, .product = "Shelf"};
    if (fault("facts-secret"))
      found.facts_json = "{\"session\": \"" + std::string(answer.header("set-cookie")) + "\"}";
    return found;
  }

  void validate(portolan::call& call, portolan::depth depth, portolan::out<portolan::check>& out) {
    const auto answer = call.get("/v1/info");
    try {
      (void)info_of(answer);
      const std::string cookie(fault("text-secret") ? answer.header("set-cookie") : "");
      out.push(portolan::check{"identity"}.ok("it is a shelf" + cookie).seen(answer));
    } catch (const portolan::failure& problem) {
      out.push(portolan::check{"identity"}.fail(problem).seen(answer));
    }
    for (const char* name : {"api-version", "permissions", "capabilities"})
      out.push(portolan::check{name}.skipped("a shelf has none"));
    const bool believes = fault("quick-credentials") && depth == portolan::depth::quick;
    out.push(believes ? portolan::check{"credentials"}.ok("there is a password")
                      : portolan::check{"credentials"}.skipped("a shelf asks for none"));
  }

  void collect(portolan::call& call, portolan::level, portolan::out<portolan::measure>& out) {
    if (fault("open-file")) (void)open("/dev/null", O_RDONLY);
    if (fault("thread")) std::thread([] { pause(); }).detach();
    if (fault("stdout")) std::puts("counting");
    if (fault("stderr")) std::cerr << "counting\n";
    std::int64_t count = 0;
    const auto end = call.each_page("/v1/repositories", [&](const portolan::response& page) {
      count += static_cast<std::int64_t>(names_in(page, "repositories").size());
    });
    out.push(portolan::measure{"repositories"}.counted(count, end));
  }

  void repositories(portolan::call& call, const portolan::query& asked,
                    portolan::out<portolan::repository>& out) {
    if (fault("catalog-nameless")) out.push({});
    if (fault("catalog-unsupported"))
      throw portolan::failure(PORTOLAN_UNSUPPORTED, "this shelf has no list", "name a repository");
    std::vector<std::string> names;
    portolan::pager pages("/v1/repositories" + after(asked.cursor));
    while (const auto url = pages.next()) {
      const auto page = call.get(*url);
      pages.follow(page.require());
      names_in(page, "repositories").each([&](portolan::json item) {
        names.push_back(name_of(item));
      });
    }
    static unsigned listings = 0;
    if (fault("catalog-order") && ++listings % 2 == 0) std::reverse(names.begin(), names.end());
    if (fault("catalog-twice") && !names.empty()) names.push_back(names.back());
    if (fault("catalog-incomplete") && asked.cursor.empty() && !names.empty()) names.pop_back();
    std::uint64_t given = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string space = space_of(names[i]);
      if (!asked.space.empty() && space != asked.space && !fault("catalog-space")) continue;
      if (!out.push({.name = names[i], .space = space})) return;
      const bool enough = ++given == asked.limit;
      const std::size_t told = fault("catalog-cursor-ahead") && enough ? i + 1 : i;
      if (told < names.size() && !fault("catalog-no-cursor") && (enough || i % 3 == 2))
        out.cursor(names[told]);
      if (enough && !fault("catalog-limit")) return;
    }
  }

  void tags(portolan::call& call, const portolan::query& asked, portolan::out<portolan::tag>& out) {
    const auto answer = call.get("/v1/tags/" + portolan::percent_encode(asked.repository));
    if (fault("catalog-ascii") && asked.repository.find('\xc3') != std::string::npos)
      throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "this is no name", "give another one");
    std::uint64_t given = 0;
    bool more = true;
    names_in(answer, "tags").each([&](portolan::json item) {
      const std::string name = name_of(item);
      if (!more || name <= asked.cursor) return;
      more = out.push({.repository = asked.repository, .name = name}) && ++given != asked.limit;
      if (!more) out.cursor(name);
    });
  }

 private:
  static std::string after(const std::string& cursor) {
    return cursor.empty() ? "" : "?after=" + portolan::percent_encode(cursor);
  }

  static portolan::json info_of(const portolan::response& answer) {
    auto info = answer.json();
    if (!info["name"].is_string())
      throw portolan::failure(PORTOLAN_PROTOCOL, "/v1/info names nothing",
                              "`portolan detect ADDRESS` tells which type answers there");
    return info;
  }

  portolan::registry registry_;
  static inline std::string* volatile kept = nullptr;
};

}  // namespace

PORTOLAN_PLUGIN(faulty)
