#pragma once
/// Pages of long lists: ?limit and ?cursor, and the Link to the next page.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"
#include "base/result.h"

namespace portolan::api {

/// Rows of a page: when none are asked for, and at most (limits.page, limits.page-max).
struct PageLimits {
  std::uint64_t usual = 50, most = 500;
};

/// The parameters `limit` and `cursor`, for Route::parameters.
std::vector<Parameter> page_parameters(PageLimits limits = {});

/// Where a page begins. What a cursor holds gives no right: rights are asked on every page.
struct Page {
  std::size_t limit = 0;
  std::vector<std::string> after{};  ///< Sort key of the last row of the page before; empty: first.
};

/// Reads `limit` and `cursor`. `list` names the list with its order and filters, so that the
/// cursor of another list is refused. invalid_argument (400) for garbage, another list's cursor and
/// one of another version.
base::Result<Page> read_page(const Call& call, std::string_view list);

/// The opaque text: base64url of JSON, checked when it comes back.
std::string encode_cursor(std::string_view list, const std::vector<std::string>& after);
base::Result<std::vector<std::string>> decode_cursor(std::string_view list, std::string_view text);

/// Adds `Link: </api/v1/things?limit=50&cursor=…>; rel="next"`: this request with another cursor.
void link_next(Answer& answer, const Call& call, std::string_view list,
               const std::vector<std::string>& last_row);

}  // namespace portolan::api
