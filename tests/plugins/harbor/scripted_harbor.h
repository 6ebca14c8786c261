#pragma once
/// A Harbor of two lists, spoken to by a new instance of the plugin through its C tables.
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "harbor.h"
#include "support/fake_host.h"

class ScriptedHarbor {
 public:
  fake::Host host;
  std::string privilege = "administrator", version = "v2.15.2";
  std::vector<std::string> projects, repositories;       ///< JSON rows, in order.
  std::map<std::string, std::vector<std::string>> rows;  ///< Other lists, by path.
  /// By "METHOD path" or path, each also with ?page=N.
  std::map<std::string, fake::Reply> instead;
  std::int64_t total_of_projects = -1;  ///< Told instead of the truth.

  ScriptedHarbor() {
    host.answer = [this](const fake::Request& request) { return answer(request); };
  }

  void project(const std::string& name, int repo_count, bool is_public = false) {
    projects.push_back("{\"project_id\":" + std::to_string(projects.size() + 1) + ",\"name\":\"" +
                       name + "\",\"repo_count\":" + std::to_string(repo_count) +
                       ",\"metadata\":{\"public\":\"" + (is_public ? "true" : "false") + "\"}}");
  }
  void repository(const std::string& name, int artifacts, const std::string& update_time = "") {
    repositories.push_back("{\"id\":" + std::to_string(++repository_ids_) + ",\"name\":\"" + name +
                           "\",\"artifact_count\":" + std::to_string(artifacts) +
                           ",\"update_time\":\"" + update_time + "\"}");
  }

  struct Measure {
    std::uint32_t state;
    std::int64_t value;
    std::string hint;
    bool cut, of_account;
    bool operator==(const std::pair<std::uint32_t, std::int64_t>& other) const {
      return state == other.first && value == other.second;
    }
  };
  /// "space/name" or "name" → measure; a kind is behind a colon: "storage_bytes:logical".
  std::map<std::string, Measure> collect(std::uint32_t level) {
    std::map<std::string, Measure> out;
    run<portolan_measure>(
        [&](const portolan_measure& one) {
          const auto space = fake::text(one.space);
          const std::string kind = one.kind == PORTOLAN_KIND_LOGICAL ? ":logical" : "";
          out[(space.empty() ? "" : space + "/") + fake::text(one.name) + kind] = {
              one.state, one.value, fake::text(one.hint), (one.flags & PORTOLAN_MEASURE_CUT) != 0,
              one.scope == PORTOLAN_SCOPE_ACCOUNT};
        },
        [&](const portolan_instance* plugin, const portolan_sink* sink) {
          return table<portolan_ext_statistics>(plugin, PORTOLAN_EXT_STATISTICS)
              ->collect(plugin, host.call(), level, sink);
        });
    return out;
  }

  template <class Item, class Member>
  std::vector<std::string> list(Member member, const std::string& repository,
                                const std::string& cursor, std::uint64_t limit) {
    std::vector<std::string> out;
    const portolan_query query{sizeof query,       0,    {}, fake::text(repository),
                               fake::text(cursor), limit};
    run<Item>([&](const Item& one) { out.push_back(fake::text(one.name)); },
              [&](const portolan_instance* plugin, const portolan_sink* sink) {
                return (table<portolan_ext_catalog>(plugin, PORTOLAN_EXT_CATALOG)->*member)(
                    plugin, host.call(), &query, sink);
              });
    return out;
  }

  portolan_status status = PORTOLAN_OK;  ///< Of the last call.

  template <class Table>
  static const Table* table(const portolan_instance* plugin, std::string_view id) {
    return static_cast<const Table*>(plugin->extension(plugin, fake::text(id)));
  }

  template <class Item, class Take, class Run>
  void run(Take take, Run call) {
    const std::string base = host.origin;
    const std::string facts =
        "{\"privilege\":\"" + privilege + "\",\"version\":\"" + version + "\"}";
    const std::string config =
        R"({"credentials":{"username":"ann","password":{"$secret":"password"}},"options":{}})";
    const portolan_registry registry{sizeof registry,      0,
                                     fake::text("harbor"), fake::text(base),
                                     fake::text(config),   fake::text(facts)};
    const portolan_instance* plugin = nullptr;
    status = tables::create(host.call(), host.host(), &registry, &plugin);
    if (status != PORTOLAN_OK) return;
    status =
        host.collect<Item>(take, [&](const portolan_sink* sink) { return call(plugin, sink); });
    plugin->destroy(plugin);
  }

 private:
  using tables = portolan::detail::tables<harbor::Harbor>;

  static std::uint64_t number_in(const std::string& url, const std::string& key) {
    const auto at = url.find(key);
    return at == std::string::npos ? 0 : std::stoull(url.substr(at + key.size()));
  }

  fake::Reply answer(const fake::Request& request) {
    const std::string below = host.origin + "/api/v2.0";
    const std::string path = request.url.substr(below.size(), request.url.find('?') - below.size());
    const std::uint64_t page = number_in(request.url, "&page="),
                        size = number_in(request.url, "page_size=");
    const std::string paged = path + "?page=" + std::to_string(page), method = request.method + " ";
    for (const auto& key : {method + paged, method + path, paged, path})
      if (const auto found = instead.find(key); found != instead.end()) return found->second;
    const auto other = rows.find(path);
    const auto& all = path == "/projects"       ? projects
                      : path == "/repositories" ? repositories
                      : other != rows.end()     ? other->second
                                                : none_;
    if (&all == &none_ && path != "/quotas") return {404};
    std::string body;
    for (std::size_t i = (page - 1) * size; i < all.size() && i < page * size; ++i)
      body += (body.empty() ? "" : ",") + all[i];
    const std::int64_t total = path == "/projects" && total_of_projects >= 0
                                   ? total_of_projects
                                   : static_cast<std::int64_t>(all.size());
    return {200, "[" + body + "]", {{"x-total-count", std::to_string(total)}}};
  }

  const std::vector<std::string> none_;
  int repository_ids_ = 0;
};
