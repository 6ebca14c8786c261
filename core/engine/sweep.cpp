#include "engine/sweep.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "engine/grant_rules.h"
#include "model/json.h"
#include "model/usable.h"
#include "store/catalogue.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::uint64_t page_rows = 1000;
constexpr std::size_t tag_fetches = 200;              // Repositories whose tags one sweep reads.
constexpr std::int64_t tags_old_ms = 60 * 60 * 1000;  // Where nobody says when they changed.
constexpr std::int64_t clock_slack_ms = 5 * 60 * 1000;
constexpr std::int64_t sweep_old_ms = 24LL * 60 * 60 * 1000;  // Begun that long ago: begin anew.
constexpr const char* place_mark = "repositories";
constexpr const char* tags_mark = "tags";
constexpr const char* missing_mark = "missing";

base::Error cut_short(const base::Deadline& deadline) {
  if (deadline.cancel.cancelled()) return {Code::cancelled, "the listing was interrupted"};
  return {Code::timeout, "the time for the listing is over", "the next one goes on from there"};
}

bool is_over(const base::Deadline& deadline) {
  return deadline.passed() || deadline.cancel.cancelled();
}

class Sweep {
 public:
  Sweep(const Daemon& daemon, const JobRunner& jobs, const Fleet::Live& live,
        const SweepBounds& bounds)
      : daemon_(daemon), jobs_(jobs), live_(live), bounds_(bounds), id_(live.record.id) {}

  Result<std::string> run() {
    if (auto ready = prepare(); !ready) return ready.error();
    if (auto ready = resume(); !ready) return ready.error();
    if (auto done = list_spaces(); !done) return done.error();
    if (auto done = list_repositories(); !done) return done.error();
    believed_ = is_accepted();
    if (auto done = close(); !done) return done.error();
    if (auto done = refresh_tags(); !done) return done.error();
    return base::to_text(summary());
  }

  Result<void> run_spaces() {
    if (auto ready = prepare(); !ready) return ready;
    if (!has_spaces()) return {};
    started_ms_ = daemon_.store.now();
    if (auto done = list_spaces(); !done) return done;
    if (!is_accepted()) return {};
    return write([&](store::Writer& writer) { return close_spaces(writer); });
  }

 private:
  /// `started` or where one that was interrupted had come to.
  Result<void> resume() {
    auto place = daemon_.store.read<std::string>(
        [&](store::Reader& reader) { return store::sweep_cursor(reader, id_, place_mark); });
    if (!place) return place.error();
    started_ms_ = daemon_.store.now();
    const std::size_t split = place->find(' ');
    std::int64_t started = 0;
    std::from_chars(place->data(), place->data() + place->size(), started);
    if (split == std::string::npos || started_ms_ - started > sweep_old_ms) return {};
    started_ms_ = started;
    cursor_ = place->substr(split + 1);
    return {};
  }

  std::string place() const { return std::to_string(started_ms_) + " " + cursor_; }

  /// Integrates when nothing is known yet, so that it is known what the registry has.
  Result<void> prepare() {
    record_ = live_.record;
    auto known = daemon_.router.integration(*live_.registry);
    if (!known || !*known) known = daemon_.router.integrate(*live_.registry, bounds_.settings);
    if (!*known) return known->error();
    record_.integration = **std::move(known);
    return {};
  }

  /// Whether the registry has spaces of its own; else they are parts of names.
  bool has_spaces() const {
    const auto& able = record_.integration->capabilities;
    return std::find(able.begin(), able.end(), "spaces") != able.end();
  }

  Result<void> list_spaces() {
    if (!has_spaces()) return {};
    std::vector<model::Space> found;
    std::string cursor;
    auto listed = daemon_.router.spaces(
        *live_.registry, {}, bounds_.settings,
        [&](std::vector<model::Space>&& batch) {
          std::move(batch.begin(), batch.end(), std::back_inserter(found));
          return true;
        },
        cursor);
    if (!listed) return listed;
    spaces_ = found.size();
    return write([&](store::Writer& writer) -> Result<void> {
      SpaceBook book(writer, record_, started_ms_, daemon_.store.now());
      for (const model::Space& space : found) {
        if (auto taken = book.take(space); !taken) return taken.error();
      }
      return robots_follow(writer, book);
    });
  }

  /// In the transaction of the change: what upstream took back, or nobody may pull any more without
  /// a robot, does not wait for the next binding.
  Result<void> robots_follow(store::Writer& writer, const SpaceBook& book) const {
    if (!book.changes_robots()) return {};
    return sync_registry(writer, daemon_, jobs_, id_, "portolan");
  }

  Result<void> list_repositories() {
    for (bool more = true; more;) {
      if (is_over(bounds_.settings.deadline)) return cut_short(bounds_.settings.deadline);
      std::vector<model::Repository> page;
      plugin::Query query;
      query.cursor = cursor_;
      query.limit = page_rows;
      std::string next;
      auto listed = daemon_.router.repositories(
          *live_.registry, query, bounds_.settings,
          [&](std::vector<model::Repository>&& batch) {
            std::move(batch.begin(), batch.end(), std::back_inserter(page));
            return true;
          },
          next);
      if (!listed) return failed_at_place(listed.error());
      more = page.size() >= page_rows && !next.empty() && next != cursor_;
      cursor_ = next;
      if (auto kept = keep_page(page); !kept) return kept;
      repositories_ += page.size();
      report("repositories", repositories_);
    }
    return {};
  }

  /// A place that the registry does not know any more is forgotten.
  base::Error failed_at_place(base::Error error) {
    const bool ended = is_over(bounds_.settings.deadline) || error.code == Code::unavailable ||
                       error.code == Code::unreachable || error.code == Code::timeout;
    if (!ended && !cursor_.empty()) {
      (void)write([&](store::Writer& writer) {
        return store::put_sweep_cursor(writer, id_, place_mark, "");
      });
    }
    return error;
  }

  Result<void> keep_page(const std::vector<model::Repository>& page) {
    return write([&](store::Writer& writer) -> Result<void> {
      const std::int64_t now = daemon_.store.now();
      SpaceBook book(writer, record_, started_ms_, now);
      std::vector<model::RepositoryRecord> rows;
      for (const model::Repository& one : page) {
        auto space = space_of(book, one);
        if (!space) return space.error();
        if (*space == 0) continue;  // Of a space made since they were listed: next time.
        model::RepositoryRecord row;
        row.registry = id_;
        row.space = *space;
        row.name = one.name;
        row.artifacts = one.artifacts;
        row.pulls = one.pulls;
        row.updated_ms = one.updated_ms;
        row.seen_ms = now;
        rows.push_back(std::move(row));
      }
      if (auto put = store::put_repositories(writer, id_, rows); !put) return put;
      if (auto due = robots_follow(writer, book); !due) return due;
      return store::put_sweep_cursor(writer, id_, place_mark, place());
    });
  }

  Result<Id> space_of(SpaceBook& book, const model::Repository& repository) {
    if (has_spaces()) {
      const model::SpaceRecord* row = book.find(repository.space);
      return row ? row->id : Id(0);
    }
    model::Space space;
    space.name = model::space_of_repository(repository.name, book.declared());
    const model::SpaceRecord* row = book.find(space.name);
    if (row && row->seen_ms >= started_ms_) return row->id;
    auto taken = book.take(space);
    if (!taken) return taken.error();
    return taken->id;
  }

  /// Registries answer less, and 200, to a credential that they do not know any more.
  bool is_accepted() const {
    if (!live_.record.settings.credentials.given()) return true;
    const auto seen =
        daemon_.router.validate(*live_.registry, model::Depth::quick, bounds_.settings);
    if (!seen) return false;
    for (const model::Check& check : seen->checks) {
      if (check.name != "credentials") continue;
      // "Not verifiable": nobody is asked for them, so nothing depends on them.
      return check.state == model::CheckState::ok || check.state == model::CheckState::warn ||
             (check.state == model::CheckState::unknown && check.code == Code::unsupported);
    }
    return false;
  }

  Result<void> close() {
    return write([&](store::Writer& writer) -> Result<void> {
      if (auto put = store::put_sweep_cursor(writer, id_, place_mark, ""); !put) return put;
      if (!believed_) return {};
      const auto dropped = store::drop_repositories_unseen(writer, id_, started_ms_);
      if (!dropped) return dropped.error();
      if (auto closed = close_spaces(writer); !closed) return closed;
      if (auto counted = count_repositories(writer); !counted) return counted;
      if (auto resumed = resume_pulling(writer); !resumed) return resumed;
      return store::put_sweep_cursor(writer, id_, swept_mark, std::to_string(started_ms_));
    });
  }

  Result<void> close_spaces(store::Writer& writer) {
    SpaceBook book(writer, record_, started_ms_, daemon_.store.now());
    auto gone = book.close();
    if (!gone) return gone.error();
    gone_ = *std::move(gone);
    return robots_follow(writer, book);
  }

  /// Where spaces are parts of names nobody else counts.
  Result<void> count_repositories(store::Writer& writer) {
    if (has_spaces()) return {};
    const auto counts = store::repositories_by_space(writer, id_);
    for (model::SpaceRecord row : store::spaces_of(writer, id_)) {
      const auto count = counts.find(row.id);
      row.repositories = count == counts.end() ? 0 : count->second;
      if (row.gone_ms != 0) continue;
      ++spaces_;
      if (auto put = store::update_space(writer, row, 0); !put) return put.error();
    }
    return {};
  }

  /// After a change of address: pulling goes on once a full validation succeeded and every bound
  /// space is there; those that are not are told, once.
  Result<void> resume_pulling(store::Writer& writer) {
    const auto record = store::find_registry(writer, id_);
    if (!record || !record->pull_suspended) return {};
    const model::Health health = store::health(writer, id_);
    const bool is_proved = health.last_full_ms != 0 && health.last_full &&
                           health.last_full->verdict != model::Verdict::fail;
    if (!is_proved) return {};
    Json names = Json::array();
    for (const model::Binding& binding : store::bindings(writer, {.registry = id_})) {
      const auto space = store::find_space(writer, binding.space);
      if (space && space->gone_ms != 0) names.push(Json::string(space->name));
    }
    Json data = Json::object();
    data.set("missing", names);
    const std::string text = base::to_text(data);
    if (names.items().empty()) {
      if (auto set = store::set_pull_suspended(writer, id_, false); !set) return set;
      tell(writer, "registry.pull_resumed", text);
      return store::put_sweep_cursor(writer, id_, missing_mark, "");
    }
    if (store::sweep_cursor(writer, id_, missing_mark) == text) return {};
    tell(writer, "registry.spaces_missing", text);
    return store::put_sweep_cursor(writer, id_, missing_mark, text);
  }

  void tell(store::Writer& writer, std::string kind, std::string data_json) const {
    model::Event event;
    event.kind = std::move(kind);
    event.workspace = live_.record.workspace;
    event.registry = id_;
    event.subject = live_.record.identity();
    event.data_json = std::move(data_json);
    store::add_event(writer, std::move(event));
  }

  static bool needs_tags(const model::RepositoryRecord& row, std::int64_t now) {
    if (row.tags_seen_ms == 0) return true;
    if (row.updated_ms > 0) return row.updated_ms > row.tags_seen_ms - clock_slack_ms;
    return now - row.tags_seen_ms > tags_old_ms;
  }

  /// Goes round the repositories by name, some in each sweep. A repository whose tags cannot be
  /// read keeps those it has.
  Result<void> refresh_tags() {
    using Page = store::Page<model::RepositoryRecord>;
    auto after = daemon_.store.read<std::string>(
        [&](store::Reader& reader) { return store::sweep_cursor(reader, id_, tags_mark); });
    if (!after) return after.error();
    std::string at = *after;
    while (tags_of_ < tag_fetches && !is_over(bounds_.settings.deadline)) {
      store::PageRequest request;
      request.limit = 100;
      request.after = at;
      auto page = daemon_.store.read<Page>([&](store::Reader& reader) {
        return store::list_repositories(reader, request, {.registry = id_});
      });
      if (!page) return page.error();
      for (const model::RepositoryRecord& row : page->rows) {
        if (tags_of_ == tag_fetches || is_over(bounds_.settings.deadline)) break;
        if (!needs_tags(row, daemon_.store.now())) continue;
        ++tags_of_;
        (void)read_tags(daemon_, live_, row.name, bounds_);
        report("tags_of", tags_of_);
      }
      at = page->next;
      auto put = write([&](store::Writer& writer) {
        return store::put_sweep_cursor(writer, id_, tags_mark, at);
      });
      if (!put || at.empty()) return put;
    }
    return {};
  }

  void report(const char* what, std::size_t count) const {
    if (!bounds_.progress) return;
    Json progress = Json::object();
    progress.set(what, Json::integer(static_cast<std::int64_t>(count)));
    bounds_.progress(base::to_text(progress));
  }

  Json summary() const {
    Json out = Json::object();
    out.set("spaces", Json::integer(static_cast<std::int64_t>(spaces_)));
    out.set("repositories", Json::integer(static_cast<std::int64_t>(repositories_)));
    out.set("tags_of", Json::integer(static_cast<std::int64_t>(tags_of_)));
    out.set("gone", model::texts(gone_));
    out.set("complete", Json::boolean(believed_));
    return out;
  }

  Result<void> write(const std::function<Result<void>(store::Writer&)>& body) const {
    return daemon_.store.write(body);
  }

  const Daemon& daemon_;
  const JobRunner& jobs_;
  const Fleet::Live& live_;
  const SweepBounds& bounds_;
  const Id id_;
  model::RegistryRecord record_;  // With the integration of now.
  std::int64_t started_ms_ = 0;
  std::string cursor_;
  std::size_t spaces_ = 0, repositories_ = 0, tags_of_ = 0;
  std::vector<std::string> gone_;
  bool believed_ = false;
};

}  // namespace

Result<std::string> sweep(const Daemon& daemon, const JobRunner& jobs, const Fleet::Live& live,
                          const SweepBounds& bounds) {
  return Sweep(daemon, jobs, live, bounds).run();
}

Result<void> sweep_spaces(const Daemon& daemon, const JobRunner& jobs, const Fleet::Live& live,
                          const SweepBounds& bounds) {
  return Sweep(daemon, jobs, live, bounds).run_spaces();
}

Result<std::string> read_tags(const Daemon& daemon, const Fleet::Live& live,
                              const std::string& repository, const SweepBounds& bounds) {
  using Found = std::optional<model::RepositoryRecord>;
  const auto row = daemon.store.read<Found>([&](store::Reader& reader) {
    return store::find_repository(reader, live.record.id, repository);
  });
  if (!row) return row.error();
  if (!*row) return base::Error{Code::not_found, "there is no such repository"};
  const Id id = (*row)->id;
  const std::int64_t started = daemon.store.now();
  std::size_t count = 0;
  Result<void> kept;
  plugin::Query query;
  query.repository = repository;
  std::string cursor;
  const auto listed = daemon.router.tags(
      *live.registry, query, bounds.settings,
      [&](std::vector<model::Tag>&& batch) {
        std::vector<model::TagRecord> tags;
        for (model::Tag& tag : batch)
          tags.push_back({id, std::move(tag.name), std::move(tag.digest), daemon.store.now()});
        count += tags.size();
        kept = daemon.store.write(
            [&](store::Writer& writer) { return store::put_tags(writer, id, tags); });
        return kept.has_value();
      },
      cursor);
  if (!kept) return kept.error();
  // No such repository any more: it has no tags; the next sweep drops it.
  if (!listed && listed.error().code != Code::not_found) return listed.error();
  const auto dropped = daemon.store.write([&](store::Writer& writer) -> Result<void> {
    const auto gone = store::drop_tags_unseen(writer, id, started);
    return gone ? Result<void>() : gone.error();
  });
  if (!dropped) return dropped.error();
  Json out = Json::object();
  out.set("tags", Json::integer(static_cast<std::int64_t>(count)));
  return base::to_text(out);
}

}  // namespace portolan::engine
