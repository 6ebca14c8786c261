#include "store/paging.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

#include "store/tenants.h"
#include "support/store_world.h"

using namespace portolan;
using base::Code;
using base::Result;
using store::Page;
using store::PageRequest;
using store::Reader;
using store::Writer;
using test::StoreWorld;

namespace {

struct Row {
  store::Id id = 0;
  std::string name;
  std::int64_t size = 0;
  friend bool operator==(const Row&, const Row&) = default;
};

class World : public StoreWorld {
 public:
  World() {
    run("CREATE TABLE thing (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, "
        "size INTEGER NOT NULL) STRICT");
  }
  void run(std::string_view sql, std::initializer_list<store::Value> values = {}) {
    REQUIRE(code_of([&](Writer& writer) -> Result<void> {
              store::execute(writer, sql, values);
              return {};
            }) == Code::ok);
  }
  void add(const std::string& name, std::int64_t size) {
    run("INSERT INTO thing (name, size) VALUES (?, ?)", {name, size});
  }
  Result<Page<Row>> page(const PageRequest& request, std::int64_t least = INT64_MIN) {
    return store->read<Page<Row>>([&](Reader& reader) {
      store::List list({.columns = "id, name, size",
                        .from = "thing",
                        .id = "id",
                        .search = "name",
                        .sorts = {{"name", "name"}, {"size", "size"}, {"newest", "id", true}}});
      if (least != INT64_MIN) list.where("size >= ?", {least});
      return list.page<Row>(reader, request, [](store::Rows& rows) {
        Row row;
        rows.into(row.id, row.name, row.size);
        return row;
      });
    });
  }
  /// Every row, page after page; `between` runs before each page but the first.
  std::vector<Row> walk(PageRequest request, const std::function<void()>& between = {}) {
    std::vector<Row> all;
    do {
      if (between && !request.after.empty()) between();
      auto found = page(request);
      REQUIRE(found);
      CHECK(found->rows.size() <= request.limit);
      CHECK((found->next.empty() || found->rows.size() == request.limit));
      all.insert(all.end(), found->rows.begin(), found->rows.end());
      request.after = found->next;
    } while (!request.after.empty());
    return all;
  }
};

using Order = bool (*)(const Row&, const Row&);

bool by_name(const Row& a, const Row& b) { return std::tie(a.name, a.id) < std::tie(b.name, b.id); }
bool by_size(const Row& a, const Row& b) { return std::tie(a.size, a.id) < std::tie(b.size, b.id); }
bool by_id(const Row& a, const Row& b) { return a.id < b.id; }
bool by_name_down(const Row& a, const Row& b) { return by_name(b, a); }
bool by_size_down(const Row& a, const Row& b) { return by_size(b, a); }
bool by_id_down(const Row& a, const Row& b) { return by_id(b, a); }

constexpr std::pair<const char*, Order> sorts[] = {
    {"", by_name},           {"name", by_name},      {"-name", by_name_down}, {"size", by_size},
    {"-size", by_size_down}, {"newest", by_id_down}, {"-newest", by_id}};

/// Names and sizes that often are alike, some with what SQL and LIKE treat specially.
Row random_row(std::mt19937& random) {
  static const std::string names[] = {"a", "A", "b%", "b_", "b\\", "\"'", "", "é", "long-name"};
  return {0, names[random() % std::size(names)], static_cast<std::int64_t>(random() % 5) - 2};
}

}  // namespace

TEST_CASE("pages of any size, put together, are the sorted list", "[store][paging]") {
  std::mt19937 random(7);
  World world;
  std::vector<Row> model;
  for (int i = 0; i < 40; ++i) {
    Row row = random_row(random);
    world.add(row.name, row.size);
    row.id = i + 1;
    model.push_back(row);
    for (const auto& [sort, order] : sorts) {
      auto expected = model;
      std::sort(expected.begin(), expected.end(), order);
      const std::size_t limit = 1 + random() % 12;
      CAPTURE(sort, limit, i);
      REQUIRE(world.walk({.limit = limit, .after = "", .search = "", .sort = sort}) == expected);
    }
  }
}

TEST_CASE("rows that come and go between pages move no other row", "[store][paging]") {
  std::mt19937 random(11);
  for (const auto& [sort, order] : sorts) {
    World world;
    for (int i = 0; i < 30; ++i) {
      const Row row = random_row(random);
      world.add(row.name, row.size);
    }
    const auto start = world.walk({.limit = 500, .after = "", .search = "", .sort = sort});
    std::set<store::Id> gone;
    const auto seen = world.walk({.limit = 4, .after = "", .search = "", .sort = sort}, [&] {
      const Row row = random_row(random);
      world.add(row.name, row.size);
      const store::Id victim = 1 + static_cast<store::Id>(random() % 30);
      world.run("DELETE FROM thing WHERE id = ?", {victim});
      gone.insert(victim);
    });
    // In order, nothing twice, and all that was there all the time.
    CHECK(std::is_sorted(seen.begin(), seen.end(), order));
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    for (const Row& row : start) {
      if (gone.count(row.id) == 0) CHECK(std::find(seen.begin(), seen.end(), row) != seen.end());
    }
  }
}

TEST_CASE("a search looks for the text itself, in any case", "[store][paging]") {
  World world;
  for (const char* name : {"web", "WebApp", "50%", "a_b", "axb", "back\\slash"}) world.add(name, 1);
  const auto found = [&](const char* text) {
    std::string names;
    for (const Row& row : world.walk({.limit = 50, .after = "", .search = text, .sort = "-newest"}))
      names += row.name + ' ';
    return names;
  };
  CHECK(found("web") == "web WebApp ");
  CHECK(found("WEB") == "web WebApp ");
  CHECK(found("%") == "50% ");
  CHECK(found("_") == "a_b ");
  CHECK(found("\\") == "back\\slash ");
  CHECK(found("nothing").empty());
  CHECK(found("' OR 1=1 --").empty());
}

TEST_CASE("conditions hold on every page", "[store][paging]") {
  World world;
  for (int i = 0; i < 20; ++i) world.add("n", i);
  auto first = world.page({.limit = 6, .after = "", .search = "", .sort = ""}, 10);
  REQUIRE(first);
  CHECK(first->rows.size() == 6);
  const auto second = world.page({.limit = 6, .after = first->next, .search = "", .sort = ""}, 10);
  CHECK(second->rows.size() == 4);
  CHECK(second->rows.front().size == 16);
  CHECK(second->next.empty());
}

TEST_CASE("a limit out of range is brought into it", "[store][paging]") {
  World world;
  for (int i = 0; i < 3; ++i) world.add("n", i);
  CHECK(world.page({.limit = 0, .after = "", .search = "", .sort = ""})->rows.size() == 1);
  CHECK(world.page({.limit = SIZE_MAX, .after = "", .search = "", .sort = ""})->rows.size() == 3);
}

TEST_CASE("a cursor of another list, another sort or none at all is refused", "[store][paging]") {
  World world;
  for (int i = 0; i < 9; ++i) world.add("n" + std::to_string(i), i);
  const std::string good = world.page({.limit = 3, .after = "", .search = "", .sort = ""})->next;
  const auto code = [&](const std::string& after, const std::string& sort) {
    const auto page = world.page({.limit = 3, .after = after, .search = "", .sort = sort});
    return page ? Code::ok : page.error().code;
  };
  CHECK(code(good, "") == Code::ok);
  CHECK(code(good, "name") == Code::ok);
  CHECK(code(good, "-name") == Code::invalid_argument);
  CHECK(code(good, "size") == Code::invalid_argument);
  for (const std::string& bad :
       {std::string("x"), std::string("!!!"), good.substr(1), good + "A", base::base64url("[]"),
        base::base64url("[\"+name\",null,1]"), base::base64url("[\"+name\",\"a\",1.5]"),
        base::base64url("{\"+name\":1}"), base::base64url("[\"+name\",\"a\",1,2]")}) {
    CAPTURE(bad);
    CHECK(code(bad, "") == Code::invalid_argument);
  }
  const auto unknown = world.page({.limit = 3, .after = "", .search = "", .sort = "colour"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Code::invalid_argument);
  CHECK(unknown.error().hint == "Sort by name, size, newest.");
}
