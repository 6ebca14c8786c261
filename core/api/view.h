#pragma once
/// What a caller may see of registries and spaces: the filter of every list, count and stream.
#include <memory>
#include <optional>
#include <vector>

#include "api/caller.h"
#include "model/usable.h"
#include "store/store.h"

namespace portolan::api {

/// One caller's part of everything, as of one read.
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

}  // namespace portolan::api
