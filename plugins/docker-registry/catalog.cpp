// portolan.catalog/1: what is there, streamed.
#include <algorithm>
#include <map>

#include "docker_registry.h"
#include "manifest.h"
#include "name_list.h"
#include "scan.h"

namespace docker_registry {
namespace {

/// Everything that ends a listing before its end is a failure: what was pushed before stays.
void require_whole(const NameList& list) {
  if (!list.problem().empty())
    throw portolan::failure(PORTOLAN_PROTOCOL, list.problem(),
                            "the listing is not complete; try another pageSize");
}

portolan::failure no_catalog(const portolan::response& page) {
  auto problem = page.as_failure();
  if (access_of(page) == Access::absent) problem.code = PORTOLAN_UNSUPPORTED;
  problem.hint = problem.code == PORTOLAN_UNSUPPORTED
                     ? "this registry has no catalog: name a repository instead"
                     : problem.hint;
  return problem;
}

portolan::failure ended_early(portolan::ended how, const portolan::call& call) {
  call.check();
  portolan::failure problem(PORTOLAN_LIMIT, "the request budget of this call is spent",
                            "raise --max-requests");
  if (how == portolan::ended::budget) problem.flags = PORTOLAN_ERROR_BUDGET;
  return problem;
}

/// All tags of a repository, page by page: each(names) answers false to stop.
template <class Each>
void walk_tags(portolan::call& call, NameList& list, Each&& each) {
  bool first = true;
  while (const auto next = list.next()) {
    const auto page = call.send(*next);
    if (first && is_unknown_name(page))
      throw portolan::failure(PORTOLAN_NOT_FOUND, "there is no such repository",
                              "list the repositories to see their names");
    first = false;
    if (!each(list.take(page))) return;
  }
  require_whole(list);
}

void require_name(const std::string& repository) {
  if (!is_repository_name(repository))
    throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "this is no name of a repository",
                            "give it in full: space/name");
}

}  // namespace

void DockerRegistry::repositories(portolan::call& call, const portolan::query& of,
                                  portolan::out<portolan::repository>& out) {
  const bool few = of.limit != 0 && of.space.empty();
  const auto size = few ? std::min<std::uint64_t>(of.limit, std::uint64_t(page_size_))
                        : std::uint64_t(page_size_);
  NameList list({root_ + "/v2/_catalog", "repositories", "registry:catalog:*",
                 static_cast<int>(size), of.cursor});
  std::uint64_t pushed = 0;
  while (const auto next = list.next()) {
    const auto page = call.send(*next);
    if (access_of(page) != Access::granted && page.status != 400) throw no_catalog(page);
    const auto names = list.take(page);
    for (const auto& name : names) {
      if (!of.space.empty() && space_of(name) != of.space) continue;
      if (!out.push({name, space_of(name)})) return;
      if (++pushed == of.limit) {
        out.cursor(name);
        return;
      }
    }
    if (!names.empty() && !out.cursor(names.back())) return;
  }
  require_whole(list);
}

void DockerRegistry::tags(portolan::call& call, const portolan::query& of,
                          portolan::out<portolan::tag>& out) {
  require_name(of.repository);
  NameList list({tags_url(root_, of.repository), "tags", pull_scope(of.repository), 0, of.cursor});
  std::uint64_t pushed = 0;
  walk_tags(call, list, [&](std::vector<std::string> names) {
    // Distribution 2 has one unsorted page and no "last": sorted, it can be gone on with.
    const bool ignores_last =
        !of.cursor.empty() && std::find(names.begin(), names.end(), of.cursor) != names.end();
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      if (ignores_last && name <= of.cursor) continue;
      if (!out.push({of.repository, name, {}})) return false;
      if (++pushed == of.limit) {
        out.cursor(name);
        return false;
      }
    }
    return names.empty() || out.cursor(names.back());
  });
}

void DockerRegistry::artifacts(portolan::call& call, const portolan::query& of,
                               portolan::out<portolan::artifact>& out) {
  require_name(of.repository);
  NameList list({tags_url(root_, of.repository), "tags", pull_scope(of.repository), 0, {}});
  std::vector<std::string> names;
  walk_tags(call, list, [&](std::vector<std::string> page) {
    names.insert(names.end(), page.begin(), page.end());
    return true;
  });
  std::erase_if(names, [](const std::string& name) { return !is_reference(name); });

  std::map<std::string, portolan::artifact> found;
  std::size_t next = 0;
  portolan::fan fan(call, [&] {
    if (next == names.size()) return;
    const std::string& name = names[next++];
    fan.add(manifest_request(root_, of.repository, name, "HEAD"), [&](portolan::response&& head) {
      if (head.status == 404) return;  // Deleted since it was listed.
      head.require();
      const std::string digest(head.header("docker-content-digest"));
      if (!is_digest(digest))
        throw portolan::failure(PORTOLAN_PROTOCOL, "the registry does not name digests");
      auto& one = found[digest];
      one.repository = of.repository;
      one.digest = digest;
      const auto type = head.header("content-type");
      one.media_type = std::string(type.substr(0, type.find(';')));
      one.tags.push_back(name);
    });
  });
  if (const auto end = fan.run(); end != portolan::ended::all) throw ended_early(end, call);
  std::uint64_t pushed = 0;
  for (auto& [digest, one] : found) {
    if (digest <= of.cursor) continue;
    std::sort(one.tags.begin(), one.tags.end());
    if (!out.push(std::move(one))) return;
    if (++pushed == of.limit) {
      out.cursor(digest);
      return;
    }
  }
}

void DockerRegistry::spaces(portolan::call& call, const portolan::query& of,
                            portolan::out<portolan::space>& out) {
  const auto sum = Scan(call, {.root = root_,
                               .page_size = page_size_,
                               .level = portolan::level::quick,
                               .pages_max = 0,
                               .has_password = has_password_})
                       .run();
  if (sum.catalog == Access::forbidden || sum.catalog == Access::absent)
    throw portolan::failure(
        sum.catalog == Access::absent ? PORTOLAN_UNSUPPORTED : PORTOLAN_FORBIDDEN,
        sum.catalog_words, "the spaces of a registry are known by its catalog");
  if (sum.end != portolan::ended::all) throw ended_early(sum.end, call);
  std::uint64_t pushed = 0;
  for (const auto& [name, space] : sum.spaces) {
    if (name <= of.cursor) continue;
    portolan::space one;
    one.name = name;
    one.repositories = space.repositories;
    if (!out.push(std::move(one))) return;
    if (++pushed == of.limit) {
      out.cursor(name);
      return;
    }
  }
  if (!sum.list_problem.empty())
    throw portolan::failure(PORTOLAN_PROTOCOL, sum.list_problem, "the listing is not complete");
}

}  // namespace docker_registry
