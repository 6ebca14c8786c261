#pragma once
/// What a caller may see of registries and spaces; which registry a path names, and what he may do
/// with it.
#include <optional>
#include <string>
#include <vector>

#include "api/binder.h"
#include "engine/grants.h"
#include "store/registries.h"

namespace portolan::api {

/// One caller's part of everything, as of one read: the filter of every list, count and stream.
struct View {
  bool everything = false;            ///< Admins and auditors: the lists below are then empty.
  std::vector<model::Id> workspaces;  ///< Whose own registries he sees whole. Sorted, as all here.
  std::vector<model::Id> registries;  ///< Those and platform registries with a space he may use.
  std::vector<model::Id> spaces;      ///< Of these registries, those he may use.

  bool sees_registry(const model::RegistryRecord& registry) const;
  bool sees_space(model::Id space) const;
  bool sees_workspace(model::Id workspace) const;
  /// For the store's lists: null = all.
  const std::vector<model::Id>* only_registries() const {
    return everything ? nullptr : &registries;
  }
  const std::vector<model::Id>* only_spaces() const { return everything ? nullptr : &spaces; }
  store::Sight sight() const { return {workspaces, registries, spaces}; }
};

View view_of(store::Reader& reader, const model::Principal& who);

/// A registry's routes stand twice: below /api/v1/registries for the platform's and below
/// /api/v1/workspaces/{workspace}/registries for a workspace's. `path` goes on from there.
std::vector<Place> scope_places(const std::string& tag);
/// Of one registry: with /registries/{registry} and its parameter.
std::vector<Place> registry_places(const std::string& tag);

/// The registry in the path, with what the caller sees of it.
struct Seen {
  store::RegistryRow row;
  View view;
  bool inspect = false;  ///< Whole totals, evidence, account, every space.
};
/// not_found when he may not see it, forbidden when he sees it and may not `action`.
base::Result<Seen> registry_in_path(const Resources&, const Call&, model::Action action);

/// The one of that identity: "name" of the platform, or "workspace/name".
std::optional<model::RegistryRecord> registry_named(store::Reader&, const std::string& identity);

/// The workspace in the path, which the caller may see; absent without one.
base::Result<std::optional<model::Workspace>> workspace_in_path(const Resources&, const Call&);

/// "/api/v1/registries/name" or "/api/v1/workspaces/w/registries/name".
std::string path_of(const model::RegistryRecord& registry);

/// What the flags cascade and abandon ask for; the latter is more.
engine::Grants::Way removal_way(const Call& call);
/// 202 with the job and where to follow it.
Answer job_started(const model::Job& job);

}  // namespace portolan::api
