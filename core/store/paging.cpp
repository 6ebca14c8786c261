#include "store/paging.h"

#include <algorithm>

namespace portolan::store {
namespace {

using base::Json;

constexpr std::size_t rows_most = 10'000;  // As the setting limits.page-max at its most.

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw Failure{{.code = base::Code::invalid_argument,
                 .message = std::move(message),
                 .hint = std::move(hint)}};
}

struct Direction {
  const Sort& sort;
  bool descending;
};

Direction direction(const std::vector<Sort>& sorts, std::string_view asked) {
  if (asked.empty()) return {sorts.front(), sorts.front().descending};
  const bool other = asked.starts_with('-');
  const std::string_view name = asked.substr(other ? 1 : 0);
  const auto found =
      std::find_if(sorts.begin(), sorts.end(), [&](const Sort& sort) { return sort.name == name; });
  if (found != sorts.end()) return {*found, found->descending != other};
  std::string known;
  for (const Sort& sort : sorts) known.append(known.empty() ? "" : ", ").append(sort.name);
  refuse("the list cannot be sorted by \"" + std::string(name) + '"', "Sort by " + known + '.');
}

Value value_of(const Json& json) {
  if (const auto* text = json.as_string()) return *text;
  return *json.as_integer();
}

bool is_key(const Json& json) { return json.is_string() || json.as_integer(); }

/// What `next` holds: the way it sorts, and key and id of the last row.
std::string cursor(const std::string& order, Json key, Json id) {
  return base::base64url(
      to_text(Json::array({Json::string(order), std::move(key), std::move(id)})));
}

std::pair<Value, Value> last_row(const std::string& order, const std::string& after) {
  const auto text = base::from_base64url(after);
  const auto json = text ? base::parse_json(*text) : text.error();
  const bool good = json && json->items().size() == 3 && json->items()[0] == Json::string(order) &&
                    is_key(json->items()[1]) && is_key(json->items()[2]);
  if (!good) refuse("the cursor belongs to no page of this list", "Begin at the first page.");
  return {value_of(json->items()[1]), value_of(json->items()[2])};
}

}  // namespace

std::string like_part(std::string_view text) {
  std::string part;
  for (const char letter : text) {
    if (letter == '%' || letter == '_' || letter == '\\') part += '\\';
    part += letter;
  }
  return part;
}

void List::where(std::string_view condition, std::initializer_list<Value> values) {
  conditions_.emplace_back(condition);
  values_.insert(values_.end(), values.begin(), values.end());
}

void List::run(Reader& reader, const PageRequest& request, const std::function<void(Rows&)>& add,
               std::string& next) {
  const auto [sort, descending] = direction(shape_.sorts, request.sort);
  const std::string order = (descending ? "-" : "+") + std::string(sort.name);
  const std::string key(sort.key), id(shape_.id), way = descending ? " DESC" : "";
  const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, rows_most);
  if (!request.search.empty() && !shape_.search.empty()) {
    where(std::string(shape_.search) + " LIKE ? ESCAPE '\\'",
          {'%' + like_part(request.search) + '%'});
  }
  if (!request.after.empty()) {
    const auto [last_key, last_id] = last_row(order, request.after);
    where('(' + key + ", " + id + ") " + (descending ? '<' : '>') + " (?, ?)", {last_key, last_id});
  }
  std::string sql = "SELECT " + key + ", " + id + ", " + std::string(shape_.columns) + " FROM " +
                    std::string(shape_.from);
  for (std::size_t i = 0; i < conditions_.size(); ++i) {
    sql += (i == 0 ? " WHERE " : " AND ") + conditions_[i];
  }
  sql += " ORDER BY " + key + way + ", " + id + way + " LIMIT ?";
  values_.emplace_back(limit + 1);

  Rows rows = reader.connection().query(sql, values_);
  Json last_key, last_id;
  for (std::size_t count = 0; rows.next(); ++count) {
    if (count == limit) {
      next = cursor(order, std::move(last_key), std::move(last_id));
      return;
    }
    last_key = rows.key();
    last_id = rows.key();
    add(rows);
  }
}

}  // namespace portolan::store
