#pragma once
/// Pages of lists by key, not by number: rows that come or go between two pages move no other row.
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "store/connection.h"

namespace portolan::store {

/// A way to sort: the name that PageRequest::sort has and an expression that is never NULL, integer
/// or text. Rows with equal keys follow by `id`.
struct Sort {
  std::string_view name, key;
  bool descending = false;  ///< The direction of the plain name; "-name" is the other one.
};

/// What a list selects from. Every text is SQL of this room.
struct ListShape {
  std::string_view columns;  ///< "w.id, w.name"
  std::string_view from;     ///< "workspace w"
  std::string_view id;       ///< "w.id": unique among rows with equal keys; integer or text.
  std::string_view search;   ///< The column that PageRequest::search looks into; empty: none.
  std::vector<Sort> sorts;   ///< The first is the one when none is asked for.
};

/// One list: `List list(shape); if (filter) list.where("w.id = ?", {id}); return
/// list.page<Row>(…)`.
class List {
 public:
  explicit List(ListShape shape) : shape_(std::move(shape)) {}

  /// Another condition that all rows fulfil.
  void where(std::string_view condition, std::initializer_list<Value> values = {});

  /// The page that `request` asks for; `read` makes a row of the columns. Ends the body with
  /// invalid_argument for an unknown sort or an `after` that is none of this list and sort.
  template <class Row>
  Page<Row> page(Reader& reader, const PageRequest& request,
                 const std::function<Row(Rows&)>& read) {
    Page<Row> page;
    run(
        reader, request, [&](Rows& rows) { page.rows.push_back(read(rows)); }, page.next);
    return page;
  }

 private:
  void run(Reader& reader, const PageRequest& request, const std::function<void(Rows&)>& add,
           std::string& next);

  ListShape shape_;
  std::vector<std::string> conditions_;
  std::vector<Value> values_;
};

/// `text` as a part of a LIKE pattern: '%' and '_' stand for themselves; ESCAPE '\'.
std::string like_part(std::string_view text);

}  // namespace portolan::store
