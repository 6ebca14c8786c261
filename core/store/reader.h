#pragma once
/// What the functions of this room take and give: somebody who reads, somebody who writes, pages.
/// Nothing of SQLite shows, so that another database can stand behind the same face later.
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/access.h"

namespace portolan::store {

using model::Id;

/// A consistent view of everything, for the length of one read(). Used by one thread.
class Reader {
 public:
  class Connection;  ///< The room's own.
  explicit Reader(Connection& connection) : connection_(connection) {}
  Reader(const Reader&) = delete;
  Connection& connection() { return connection_; }

 private:
  Connection& connection_;
};

/// The one writer: a Reader that sees its own writes, inside one transaction.
class Writer : public Reader {
 public:
  using Reader::Reader;
};

/// Part of a list. `after` is the `next` of the page before, opaque.
struct PageRequest {
  std::size_t limit = 50;  ///< 1 to limits::page_max.
  std::string after{};
  std::string search{};  ///< Case-insensitive part of the name; empty = all.
  std::string sort{};    ///< A column that the function names; empty = its first. "-name" descends.
};

template <class Row>
struct Page {
  std::vector<Row> rows;
  std::string next;  ///< Empty: that was the last.
};

/// What says that it was the revision: Error::where of same_revision().
constexpr const char* where_revision = "revision";
/// conflict unless `wanted` is 0 (whatever it is) or `stored`.
base::Result<void> same_revision(std::int64_t stored, std::int64_t wanted);

/// What a caller sees, for lists whose rows name several things. A row belongs to the narrowest
/// that it names: its workspace; without one its space; without both its registry. It is shown when
/// that one is here; a row that names none is not.
struct Sight {
  std::vector<Id> workspaces{}, registries{}, spaces{};
};

}  // namespace portolan::store
