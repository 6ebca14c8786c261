#pragma once
/// Rows to begin with, for tests of the store.
#include <catch2/catch.hpp>
#include <string>

#include "store/catalogue.h"
#include "store/registries.h"
#include "store/tenants.h"
#include "support/store_world.h"

namespace portolan::test {

using model::Id;
using store::Reader;
using store::Writer;

inline model::RegistryRecord a_registry(const std::string& name,
                                        std::optional<Id> workspace = std::nullopt) {
  model::RegistryRecord record;
  record.workspace = workspace;
  record.settings.name = name;
  record.settings.type = "harbor";
  record.settings.address = "https://" + name + ".example:8443/prefix";
  record.settings.credentials.username = "robot$" + name;
  record.settings.credentials.password = base::Secret("pw-" + name);
  record.provenance.created_by = "alice";
  return record;
}

inline model::SpaceRecord a_space(Id registry, const std::string& name) {
  model::SpaceRecord space;
  space.registry = registry;
  space.name = name;
  return space;
}

/// A store with verbs; each one is a transaction of its own.
struct RowWorld : StoreWorld {
  Id workspace(const std::string& name) {
    return write<model::Workspace>([&](Writer& writer) {
             model::Workspace workspace;
             workspace.name = name;
             return store::insert_workspace(writer, workspace);
           })
        .id;
  }
  model::RegistryRecord add(const model::RegistryRecord& record) {
    return write<model::RegistryRecord>(
        [&](Writer& writer) { return store::insert_registry(writer, record); });
  }
  Id registry(const std::string& name, std::optional<Id> workspace = std::nullopt) {
    return add(a_registry(name, workspace)).id;
  }
  model::SpaceRecord add(const model::SpaceRecord& space) {
    return write<model::SpaceRecord>(
        [&](Writer& writer) { return store::insert_space(writer, space); });
  }
  Id space(Id registry, const std::string& name) { return add(a_space(registry, name)).id; }
  model::Binding bind(Id space, Id workspace, bool push = false) {
    return write<model::Binding>([&](Writer& writer) {
      model::Binding binding;
      binding.space = space;
      binding.workspace = workspace;
      binding.push = push;
      return store::insert_binding(writer, binding);
    });
  }
  model::RegistryRecord found(Id id) const {
    return *read<std::optional<model::RegistryRecord>>(
        [&](Reader& reader) { return store::find_registry(reader, id); });
  }
  void done(const std::function<base::Result<void>(Writer&)>& body) {
    const auto written = store->write(body);
    INFO((written ? "" : written.error().message));
    REQUIRE(written.has_value());
  }

  /// All pages of a list, by `limit`; no page may be longer, and none but the last shorter.
  template <class Row>
  std::vector<Row> all_pages(
      std::size_t limit, const std::string& sort,
      const std::function<store::Page<Row>(Reader&, const store::PageRequest&)>& list) const {
    std::vector<Row> rows;
    store::PageRequest request{.limit = limit, .sort = sort};
    do {
      auto page = read<store::Page<Row>>([&](Reader& reader) { return list(reader, request); });
      CHECK(page.rows.size() <= limit);
      CHECK((page.next.empty() || page.rows.size() == limit));
      std::move(page.rows.begin(), page.rows.end(), std::back_inserter(rows));
      request.after = page.next;
    } while (!request.after.empty());
    return rows;
  }
};

}  // namespace portolan::test
