#include <algorithm>

#include "harbor.h"

namespace harbor {
namespace {

/// A row may hold several items (an artifact its tags): `items` calls `emit` for each, which is
/// false when there shall be no more.
template <class T>
using Items = std::function<void(const portolan::json& row, const std::function<bool(T)>& emit)>;

/// Lists are read a page at a time, in an order of Harbor's that does not change. The cursor tells
/// the page and how many of its items were given.
template <class T>
void list(Client& client, const std::string& path, const portolan::query& query,
          portolan::out<T>& out, const Items<T>& items) {
  Place place = to_place(query.cursor);
  std::uint64_t given = 0;
  for (bool more = true; more;) {
    const portolan::json rows = rows_of(client.get(path + "&page=" + std::to_string(place.page) +
                                                   "&page_size=" + std::to_string(page_size)));
    std::uint64_t item = 0;
    rows.each([&](portolan::json row) {
      if (!more) return;
      items(row, [&](T found) {
        if (item++ < place.given) return true;
        if (query.limit != 0 && given == query.limit) more = false;
        if (more) more = out.push(std::move(found));
        if (!more) return false;
        ++given;
        ++place.given;
        return true;
      });
    });
    const bool last = rows.size() < page_size;
    if (more && !last) place = {place.page + 1, 0};
    const bool enough = query.limit != 0 && given == query.limit;
    more = out.cursor(to_cursor(place)) && more && !last && !enough;
  }
}

portolan::failure no_repository(const std::string& name) {
  return {PORTOLAN_NOT_FOUND, "Harbor has no repository " + name,
          "its names are PROJECT/NAME: list them with portolan repos"};
}

std::string artifacts_path(Client& client, const portolan::query& query) {
  const std::string path = repository_path(query.repository);
  if (path.empty()) throw no_repository(query.repository);
  // An unknown repository of a readable project answers an empty list of artifacts.
  const portolan::response found = client.get(path);
  if (found.code == PORTOLAN_NOT_FOUND) throw no_repository(query.repository);
  found.require();
  return path + "/artifacts?with_tag=true&sort=id";
}

}  // namespace

void Harbor::spaces(portolan::call& call, const portolan::query& query,
                    portolan::out<portolan::space>& out) {
  Client client(call, base_);
  list<portolan::space>(
      client, "/projects?sort=project_id", query, out,
      [this](const portolan::json& row, const std::function<bool(portolan::space)>& emit) {
        const Project project = to_project(row);
        if (wants(project.name)) emit(to_space(project));
      });
}

void Harbor::repositories(portolan::call& call, const portolan::query& query,
                          portolan::out<portolan::repository>& out) {
  Client client(call, base_);
  const std::string path =
      query.space.empty()
          ? "/repositories?sort=name"
          : "/projects/" + portolan::percent_encode(query.space) + "/repositories?sort=name";
  list<portolan::repository>(
      client, path, query, out,
      [this](const portolan::json& row, const std::function<bool(portolan::repository)>& emit) {
        const Repository found = to_repository(row);
        if (wants(found.project()))
          emit({found.name, found.project(), found.artifacts, found.pulls, found.updated_ms});
      });
}

void Harbor::artifacts(portolan::call& call, const portolan::query& query,
                       portolan::out<portolan::artifact>& out) {
  Client client(call, base_);
  list<portolan::artifact>(
      client, artifacts_path(client, query), query, out,
      [&](const portolan::json& row, const std::function<bool(portolan::artifact)>& emit) {
        Artifact found = to_artifact(row);
        emit({query.repository, std::move(found.digest), std::move(found.media_type),
              std::move(found.tags), found.bytes, found.pushed_ms});
      });
}

void Harbor::tags(portolan::call& call, const portolan::query& query,
                  portolan::out<portolan::tag>& out) {
  Client client(call, base_);
  list<portolan::tag>(
      client, artifacts_path(client, query) + "&q=tags%3D*", query, out,
      [&](const portolan::json& row, const std::function<bool(portolan::tag)>& emit) {
        Artifact found = to_artifact(row);
        std::sort(found.tags.begin(), found.tags.end());
        for (const auto& name : found.tags)
          if (!emit({query.repository, name, found.digest})) return;
      });
}

}  // namespace harbor
