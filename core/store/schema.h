#pragma once
/// The structure of the database, version by version. The room's own.
#include <span>
#include <string_view>

#include "store/connection.h"

namespace portolan::store {

/// `sql` leads from version N-1 to N, N being its place in the list, counted from 1.
struct Migration {
  std::string_view sql;
};

/// Every version there was, oldest first. A released one is never changed again.
std::span<const Migration> migrations();

/// "PtlN" in the file's header: tells our databases from others.
inline constexpr int application_id = 0x50746c4e;

/// The version of a database that is ours or empty (0). invalid_config: made by a newer version, or
/// of another program.
base::Result<std::int64_t> version_of(Reader::Connection& connection,
                                      std::span<const Migration> list);

/// Brings `connection` to the last version of `list`, in one transaction; `before` is called first
/// when there is something to lose. invalid_config: made by a newer version, or no database of
/// ours.
base::Result<void> migrate(Reader::Connection& connection, std::span<const Migration> list,
                           const std::function<base::Result<void>(int to)>& before);

}  // namespace portolan::store
