#include <charconv>

#include "harbor.h"

namespace harbor {
namespace {

/// Lists are read a page at a time, in Harbor's stable order; the cursor is the number of the next
/// page.
template <class T, class Map>
void list(Client& client, const std::string& path, const portolan::query& query,
          portolan::out<T>& out, Map&& map) {
  std::int64_t page = 1;
  std::from_chars(query.cursor.data(), query.cursor.data() + query.cursor.size(), page);
  std::uint64_t sent = 0;
  for (;; ++page) {
    const portolan::json rows =
        client
            .get(path + (path.find('?') == std::string::npos ? "?" : "&") +
                 "page=" + std::to_string(page) + "&page_size=" + std::to_string(page_size))
            .json();
    bool more = true;
    rows.each([&](portolan::json row) {
      if (more) more = map(row, sent);
    });
    if (!more || (query.limit != 0 && sent >= query.limit)) return;
    if (!out.cursor(std::to_string(page + 1)) || rows.size() < page_size) return;
  }
}

}  // namespace

void Harbor::spaces(portolan::call& call, const portolan::query& query,
                    portolan::out<portolan::space>& out) {
  Client client(call, base_);
  list(client, "/projects?sort=project_id", query, out,
       [&](const portolan::json& row, std::uint64_t& sent) {
         const Project project = to_project(row);
         if (!wants(project.name)) return true;
         return (query.limit == 0 || ++sent <= query.limit) &&
                out.push(
                    {project.name, std::to_string(project.id),
                     project.is_public ? PORTOLAN_VISIBILITY_PUBLIC : PORTOLAN_VISIBILITY_PRIVATE,
                     project.repositories});
       });
}

void Harbor::repositories(portolan::call& call, const portolan::query& query,
                          portolan::out<portolan::repository>& out) {
  Client client(call, base_);
  const std::string path =
      query.space.empty()
          ? "/repositories?sort=name"
          : "/projects/" + portolan::percent_encode(query.space) + "/repositories?sort=name";
  list(client, path, query, out, [&](const portolan::json& row, std::uint64_t& sent) {
    const Repository found = to_repository(row);
    if (!wants(found.project())) return true;
    return (query.limit == 0 || ++sent <= query.limit) &&
           out.push({found.name, found.project(), found.artifacts, found.pulls, found.updated_ms});
  });
}

void Harbor::artifacts(portolan::call& call, const portolan::query& query,
                       portolan::out<portolan::artifact>& out) {
  Client client(call, base_);
  // An unknown repository of a readable project answers an empty list: ask for the repository
  // itself first.
  client.get(repository_path(query.repository)).require();
  list(client, repository_path(query.repository) + "/artifacts?with_tag=true&sort=id", query, out,
       [&](const portolan::json& row, std::uint64_t& sent) {
         Artifact found = to_artifact(row);
         return (query.limit == 0 || ++sent <= query.limit) &&
                out.push({query.repository, found.digest, found.media_type, std::move(found.tags),
                          found.bytes, found.pushed_ms});
       });
}

void Harbor::tags(portolan::call& call, const portolan::query& query,
                  portolan::out<portolan::tag>& out) {
  Client client(call, base_);
  client.get(repository_path(query.repository)).require();
  list(client, repository_path(query.repository) + "/artifacts?with_tag=true&q=tags%3D*&sort=id",
       query, out, [&](const portolan::json& row, std::uint64_t& sent) {
         const Artifact found = to_artifact(row);
         for (const auto& name : found.tags)
           if ((query.limit != 0 && ++sent > query.limit) ||
               !out.push({query.repository, name, found.digest}))
             return false;
         return true;
       });
}

}  // namespace harbor
