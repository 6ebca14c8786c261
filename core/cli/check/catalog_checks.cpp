#include <algorithm>
#include <set>

#include "cli/check/road.h"

namespace portolan::cli::check {
namespace {

// A check is no load test.
constexpr std::size_t rows_max = 10'000;    // Of one listing.
constexpr std::size_t rows_compared = 100;  // Behind one cursor.
constexpr std::size_t cursors_tried = 6;    // Of one listing, and each way of stopping it.
constexpr std::size_t spaces_tried = 20;
constexpr std::size_t names_tried = 20;
constexpr auto patience = 3 * model::limits::statistics;

using Rows = std::vector<std::string>;
enum class What { spaces, repositories, tags, artifacts };

/// One listing that can be asked for.
struct Listing {
  std::string name;  ///< "tags of team/app"
  What what = What::repositories;
  plugin::Query query{};
};

Listing all_repositories() { return {"repositories", What::repositories}; }

/// What it gave: names or digests, and for repositories the space of each.
struct Listed {
  Rows rows, spaces{};
  std::string cursor{}, problem{};
  base::Code code = base::Code::ok;
};

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

template <class T, class Name>
plugin::Receiver<T> into(Rows& rows, std::size_t enough, Name name) {
  return [&rows, enough, name](std::vector<T>&& batch) {
    for (const T& row : batch) rows.push_back(name(row));
    return rows.size() < enough;
  };
}

/// The catalogue of one registry; all that is asked of it has one deadline.
class Catalogue {
 public:
  explicit Catalogue(Road& road) : road_(road), settings_(road.within(patience)) {}

  /// Until `enough` rows have come. What the type cannot list has no rows and no problem, as a
  /// repository that is gone or into which the account may not look.
  Listed list(const Listing& of, std::size_t enough = rows_max) {
    Listed out;
    const auto done = ask(of, enough, out);
    if (done) return out;
    out.code = done.error().code;
    const bool inside = of.what == What::tags || of.what == What::artifacts;
    if (out.code == base::Code::unsupported ||
        (inside && (out.code == base::Code::not_found || out.code == base::Code::forbidden)))
      return out;
    out.problem = of.name + ": " + said(done.error());
    return out;
  }

  /// Those that are looked into: of repositories one will do.
  std::vector<Listing> listings() {
    std::vector<Listing> out = {{"spaces", What::spaces}, all_repositories()};
    const Rows names = list(out.back(), rows_compared).rows;
    const auto plain = std::find_if(names.begin(), names.end(), is_ascii);
    if (plain == names.end()) return out;
    out.push_back({"tags of " + *plain, What::tags, of_repository(*plain)});
    out.push_back({"artifacts of " + *plain, What::artifacts, of_repository(*plain)});
    return out;
  }

  static plugin::Query of_repository(const std::string& name) { return {"", name, "", 0}; }

  base::Result<model::Statistics> statistics() {
    return road_.router.statistics(*road_.registry, model::Level::normal, settings_);
  }

 private:
  base::Result<void> ask(const Listing& of, std::size_t enough, Listed& out) {
    auto& router = road_.router;
    auto& registry = *road_.registry;
    const auto name = [](const auto& row) { return row.name; };
    switch (of.what) {
      case What::spaces:
        return router.spaces(registry, of.query, settings_,
                             into<model::Space>(out.rows, enough, name), out.cursor);
      case What::repositories: {
        const auto take = [&](const model::Repository& row) {
          out.spaces.push_back(row.space);
          return row.name;
        };
        return router.repositories(registry, of.query, settings_,
                                   into<model::Repository>(out.rows, enough, take), out.cursor);
      }
      case What::tags:
        return router.tags(registry, of.query, settings_, into<model::Tag>(out.rows, enough, name),
                           out.cursor);
      case What::artifacts: {
        const auto digest = [](const model::Artifact& row) { return row.digest; };
        return router.artifacts(registry, of.query, settings_,
                                into<model::Artifact>(out.rows, enough, digest), out.cursor);
      }
    }
    return {};
  }

  Road& road_;
  const router::CallSettings settings_;
};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string twice_in(const Rows& rows) {
  std::set<std::string_view> seen;
  for (const std::string& row : rows)
    if (!seen.insert(row).second) return row;
  return {};
}

/// What the whole listing has of that space is what the listing of that space gives.
std::string space_by_space(Catalogue& catalogue, const Listed& whole) {
  const std::set<std::string> spaces(whole.spaces.begin(), whole.spaces.end());
  std::size_t tried = 0;
  for (const std::string& space : spaces) {
    if (++tried > spaces_tried) break;
    std::set<std::string> wanted;
    for (std::size_t i = 0; i < whole.rows.size(); ++i)
      if (whole.spaces[i] == space) wanted.insert(whole.rows[i]);
    const Listing listing{
        "repositories of the space " + quoted(space), What::repositories, {space, "", "", 0}};
    const Listed found = catalogue.list(listing);
    if (!found.problem.empty()) return found.problem;
    if (std::set<std::string>(found.rows.begin(), found.rows.end()) != wanted)
      return listing.name + ": " + std::to_string(found.rows.size()) +
             " rows, the whole listing has " + std::to_string(wanted.size()) + " of it";
  }
  return {};
}

std::string is_complete(Catalogue& catalogue) {
  Listed repositories;
  for (const Listing& listing : catalogue.listings()) {
    Listed all = catalogue.list(listing);
    if (!all.problem.empty()) return all.problem;
    if (const std::string twice = twice_in(all.rows); !twice.empty())
      return listing.name + ": " + quoted(twice) + " comes twice";
    if (listing.what == What::repositories) repositories = std::move(all);
  }
  const std::size_t count = repositories.rows.size();
  if (repositories.code != base::Code::ok || count >= rows_max) return {};
  if (std::string problem = space_by_space(catalogue, repositories); !problem.empty())
    return problem;
  const auto statistics = catalogue.statistics();
  if (!statistics) return {};  // registry-statistics tells.
  for (const auto& measure : statistics->measures)
    if (measure.name == "repositories" && measure.state == model::MeasureState::known &&
        measure.value != static_cast<std::int64_t>(count))
      return "the statistics count " + std::to_string(measure.value) +
             " repositories, the catalogue holds " + std::to_string(count);
  return {};
}

/// `rest` came for the cursor behind `given`; rows may come again, but none may be left out.
std::string judge_rest(const Rows& whole, const Rows& given, const Rows& rest) {
  if (given.size() > whole.size() || !std::equal(given.begin(), given.end(), whole.begin()))
    return "the rows before it are not the first ones of the whole listing";
  const auto at = rest.empty() ? whole.end() : std::find(whole.begin(), whole.end(), rest.front());
  if (at == whole.end() && !rest.empty())
    return quoted(rest.front()) + " comes, which the whole listing has not";
  const auto from = static_cast<std::size_t>(at - whole.begin());
  if (from > given.size()) return quoted(whole[given.size()]) + " is left out";
  const std::size_t left = whole.size() - from;
  const std::size_t wanted = std::min(left, rest.size());
  if (!std::equal(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(wanted), at) ||
      rest.size() < std::min(left, rows_compared))
    return "other rows follow than in the whole listing";
  return {};
}

std::string goes_on(Catalogue& catalogue, const Listing& of) {
  const Listed whole = catalogue.list(of);
  if (!whole.problem.empty()) return whole.problem;
  // What is no steady list has checks of its own.
  if (!twice_in(whole.rows).empty() || catalogue.list(of).rows != whole.rows) return {};
  const std::size_t size = whole.rows.size();
  const std::size_t tries = std::min(size, of.what == What::artifacts ? 1 : cursors_tried);
  bool has_cursors = size < 2;
  for (std::size_t i = 0; i < 2 * tries; ++i) {
    const bool by_limit = i % 2 == 0;  // Else the host says that it has enough.
    const std::size_t count = 1 + i / 2 * (size - 1) / tries;
    Listing part = of;
    if (by_limit) part.query.limit = count;
    const Listed given = catalogue.list(part, by_limit ? rows_max : count);
    if (!given.problem.empty()) return given.problem;
    if (by_limit && given.rows.size() > count)
      return of.name + ": a limit of " + std::to_string(count) + " gives " +
             std::to_string(given.rows.size()) + " rows";
    if (given.cursor.empty()) continue;
    has_cursors = true;
    Listing rest = of;
    rest.query.cursor = given.cursor;
    const Listed more = catalogue.list(rest, rows_compared);
    if (!more.problem.empty()) return more.problem;
    if (std::string problem = judge_rest(whole.rows, given.rows, more.rows); !problem.empty())
      return of.name + ", from the cursor " + quoted(given.cursor) + ": " + problem;
  }
  return has_cursors ? "" : of.name + ": no cursor is given, so that what was stopped begins anew";
}

std::string resumes(Catalogue& catalogue) {
  for (const Listing& listing : catalogue.listings())
    if (std::string problem = goes_on(catalogue, listing); !problem.empty()) return problem;
  return {};
}

std::string keeps_order(Catalogue& catalogue) {
  for (const Listing& listing : catalogue.listings()) {
    Listed first = catalogue.list(listing), second = catalogue.list(listing);
    for (const Listed* one : {&first, &second})
      if (!one->problem.empty()) return one->problem;
    if (first.rows != second.rows)
      return listing.name + ": " +
             (std::set(first.rows.begin(), first.rows.end()) ==
                      std::set(second.rows.begin(), second.rows.end())
                  ? "a second listing gives the rows in another order"
                  : "a second listing gives other rows");
  }
  return {};
}

std::string takes_names_back(Catalogue& catalogue) {
  Listed all = catalogue.list(all_repositories());
  if (!all.problem.empty()) return all.problem;
  std::stable_partition(all.rows.begin(), all.rows.end(),
                        [](const std::string& name) { return !is_ascii(name); });
  if (all.rows.size() > names_tried) all.rows.resize(names_tried);
  for (const std::string& name : all.rows) {
    if (name.find("\uFFFD") != std::string::npos) return quoted(name) + " was no UTF-8 text";
    for (const What what : {What::tags, What::artifacts}) {
      const std::string of = what == What::tags ? "tags of " : "artifacts of ";
      const Listed found =
          catalogue.list({of + quoted(name), what, Catalogue::of_repository(name)});
      if (!found.problem.empty()) return found.problem;
      // A registry may list a repository without tags that it does not know by name.
      if (found.code == base::Code::not_found && !is_ascii(name))
        return of + quoted(name) + ": not_found";
    }
  }
  return {};
}

}  // namespace

std::vector<Check> catalog_checks(const std::shared_ptr<Loaded>& loaded,
                                  const plugin::Note::Type& type, const Target& target) {
  if (std::find(type.extensions.begin(), type.extensions.end(), PORTOLAN_EXT_CATALOG) ==
      type.extensions.end())
    return {};
  const auto make = [&](std::string name, std::string rule, std::string (*ask)(Catalogue&)) {
    return Check{"registry",
                 std::move(name),
                 type.type,
                 std::move(rule) + " (docs/plugin-guide.md, Catalog and detect)",
                 [loaded, target, ask] {
                   Road road(loaded->contract(), target);
                   Catalogue catalogue(road);
                   if (catalogue.list(all_repositories(), 1).code == base::Code::unsupported)
                     return skipped("the registry cannot list its repositories");
                   if (ask(catalogue).empty()) return Outcome();
                   return unless(ask(catalogue));  // It may have changed meanwhile.
                 },
                 target.timeout.value_or(patience) + std::chrono::seconds(5)};
  };
  return {
      make("registry-catalog-complete",
           "the catalogue gives every row once, a space's repositories by its name, and as many as "
           "the statistics count",
           is_complete),
      make("registry-catalog-resume", "from each cursor a listing goes on, and no row is left out",
           resumes),
      make("registry-catalog-order", "a second listing gives the same rows in the same order",
           keeps_order),
      make("registry-catalog-names", "a name that was listed can be asked for, in any script",
           takes_names_back)};
}

}  // namespace portolan::cli::check
