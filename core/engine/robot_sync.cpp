/// "robot.sync": the robots of one workspace at one registry are made as they should be.
#include <algorithm>

#include "engine/fleet.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "engine/sweep.h"
#include "router/router.h"
#include "store/catalogue.h"
#include "store/registries.h"
#include "store/store.h"
#include "store/tenants.h"

namespace portolan::engine {
namespace {

using base::Code;

constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;

/// One run: upstream is asked, then made as it should be, then the rows follow. It may be killed
/// anywhere; the next run ends what it left behind.
class Sync {
 public:
  Sync(const Daemon& daemon, Fleet& fleet, JobRunner& jobs, JobContext& context)
      : daemon_(daemon),
        fleet_(fleet),
        jobs_(jobs),
        context_(context),
        registry_(context.job.registry.value_or(0)),
        workspace_(context.job.workspace.value_or(0)) {}

  base::Result<std::string> run() {
    auto live = reach(fleet_, registry_);
    if (!live) return live.error();
    live_ = *std::move(live);
    if (auto read = look(); !read) return read.error();
    if (auto compared = compare(); !compared) return compared.error();
    if (!wanted_.empty())
      if (auto made = make_right(); !made) return made.error();
    // What is over ends last: until then there was always one that works.
    for (const model::RobotRecord& robot : over_)
      if (auto gone = end_robot(daemon_, live_, robot, context_.cancel); !gone) return gone.error();
    if (auto done = settle(); !done) return done.error();
    return std::string("{}");
  }

 private:
  base::Result<void> look() {
    auto read = daemon_.store.read<int>([&](store::Reader& reader) -> base::Result<int> {
      if (store::find_workspace(reader, workspace_))
        wanted_ = guarded_spaces(reader, live_.record, workspace_);
      // One that is still being made upstream has nothing that could be granted.
      std::erase_if(wanted_, [](const model::SpaceRecord& space) { return space.seen_ms == 0; });
      for (const model::RobotRecord& robot : store::robots(reader, registry_, workspace_)) {
        const bool ends = is_over(reader, robot);
        (ends ? over_ : robots_).push_back(robot);
      }
      for (const model::Binding& binding :
           store::bindings(reader, {.space = {}, .workspace = workspace_, .registry = registry_}))
        if (!binding.revoke_pending.empty()) unbound_.push_back(binding.id);
      return 0;
    });
    if (!read) return read.error();
    for (const model::SpaceRecord& space : wanted_) {
      grants_.push_back({space.name, false});
      ids_.push_back(space.id);
    }
    std::sort(ids_.begin(), ids_.end());
    return {};
  }

  bool is_over(store::Reader& reader, const model::RobotRecord& robot) const {
    const std::int64_t now = daemon_.store.now();
    if (robot.push)
      return std::any_of(robot.spaces.begin(), robot.spaces.end(),
                         [&](Id space) { return !may_push(reader, space, workspace_); });
    // After a restore or a move nobody knows whose secret the row has: it is made anew.
    return wanted_.empty() || robot.reconcile || (robot.retire_ms != 0 && robot.retire_ms <= now);
  }

  /// A kill between the registry's answer and our row left a robot whose secret nobody has; it is
  /// ended. A row whose robot somebody deleted upstream goes.
  base::Result<void> compare() {
    std::erase_if(robots_, [](const model::RobotRecord& robot) { return robot.push; });
    auto upstream = daemon_.router.list_robots(
        *live_.registry, robot_prefix(daemon_, registry_, workspace_, false), call());
    if (!upstream) return upstream.error();
    const auto is_known = [&](const model::Robot& robot) {
      const auto same = [&](const model::RobotRecord& row) { return row.upstream_id == robot.id; };
      return std::any_of(robots_.begin(), robots_.end(), same) ||
             std::any_of(over_.begin(), over_.end(), same);
    };
    for (const model::Robot& robot : *upstream) {
      if (is_known(robot)) continue;
      if (auto gone = daemon_.router.revoke_robot(*live_.registry, robot.id, call()); !gone)
        return gone;
    }
    for (auto row = robots_.begin(); row != robots_.end();) {
      if (std::any_of(upstream->begin(), upstream->end(),
                      [&](const model::Robot& one) { return one.id == row->upstream_id; })) {
        ++row;
        continue;
      }
      const Id gone = row->id;
      auto written = daemon_.store.write(
          [&](store::Writer& writer) { return store::delete_robot(writer, gone); });
      if (!written) return written;
      row = robots_.erase(row);
    }
    return {};
  }

  base::Result<void> make_right() {
    bool has_current = false;
    for (model::RobotRecord& robot : robots_) {
      if (auto kept = renew_in_time(robot); !kept) return kept;
      if (auto kept = rewrite(robot); !kept) return kept;  // In its grace it may do the same.
      has_current = has_current || robot.retire_ms == 0;
    }
    return has_current ? base::Result<void>() : issue();
  }

  /// One that the registry lets end is replaced when a fifth of its life is left.
  static std::int64_t renewal_of(const model::RobotRecord& robot) {
    return robot.expires_ms - (robot.expires_ms - robot.created_ms) / 5;
  }
  base::Result<void> renew_in_time(model::RobotRecord& robot) {
    if (robot.expires_ms == 0 || robot.retire_ms != 0 || daemon_.store.now() < renewal_of(robot))
      return {};
    robot.retire_ms = robot.expires_ms;
    return daemon_.store.write(
        [&](store::Writer& writer) { return store::update_robot(writer, robot); });
  }

  base::Result<void> rewrite(model::RobotRecord& robot) {
    if (robot.spaces == ids_) return {};
    auto done = daemon_.router.rewrite_robot(*live_.registry, robot.upstream_id, grants_, call());
    if (!done) return done.error();
    robot.spaces = ids_;
    return daemon_.store.write(
        [&](store::Writer& writer) { return store::update_robot(writer, robot); });
  }

  base::Result<void> issue() {
    const std::string name = robot_name(daemon_, registry_, workspace_, false);
    auto made = daemon_.router.issue_robot(*live_.registry, name, grants_, 0, call());
    if (!made) return made.error();
    model::RobotRecord robot;
    robot.registry = registry_;
    robot.workspace = workspace_;
    robot.upstream_id = made->id;
    robot.username = made->username;
    robot.expires_ms = std::max<std::int64_t>(made->expires_ms, 0);
    robot.spaces = ids_;
    // What an earlier run asked for may still be on its way, and become a robot after this look.
    const std::int64_t sweep_at =
        daemon_.store.now() + (context_.job.attempt > 1 ? hour_ms : day_ms);
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      auto kept = store::insert_robot(writer, robot, made->secret);
      if (!kept) return kept.error();
      if (auto due = sweep_later(writer, jobs_, registry_, sweep_at, "{}"); !due) return due;
      return note(writer, act_of(context_.job), "robot.issue", robot.username, "", "");
    });
    if (written) return written;
    // The registry or the workspace went meanwhile, or the disk is full: nobody has its secret.
    if (auto gone = daemon_.router.revoke_robot(*live_.registry, made->id, call()); !gone)
      return gone;
    return written;
  }

  /// Bindings that only waited for this are gone; a robot that ends is looked at again in time.
  base::Result<void> settle() {
    return daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      for (const Id id : unbound_) {
        const auto binding = store::find_binding(writer, id);
        if (!binding || binding->revoke_pending.empty()) continue;  // Bound again meanwhile.
        if (auto gone = store::delete_binding(writer, id); !gone) return gone;
      }
      std::int64_t next = 0;
      const auto sooner = [&](std::int64_t at) {
        if (next == 0 || at < next) next = at;
      };
      for (const model::RobotRecord& robot : store::robots(writer, registry_, workspace_)) {
        if (robot.push) continue;
        if (robot.retire_ms != 0) sooner(robot.retire_ms);
        if (robot.retire_ms == 0 && robot.expires_ms != 0) sooner(renewal_of(robot));
      }
      if (next == 0) return {};
      model::Job later = context_.job;
      later.run_at_ms = next;
      auto made = jobs_.enqueue(writer, std::move(later), store::WhenRunning::again);
      if (!made) return made.error();
      return {};
    });
  }

  router::CallSettings call() const { return upstream_call(live_.record, context_.cancel); }

  const Daemon& daemon_;
  Fleet& fleet_;
  JobRunner& jobs_;
  JobContext& context_;
  const Id registry_, workspace_;
  Fleet::Live live_;
  std::vector<model::SpaceRecord> wanted_;
  std::vector<model::Grant> grants_;
  std::vector<Id> ids_;  // Sorted, as the store gives those of a robot.
  std::vector<model::RobotRecord> robots_, over_;
  std::vector<Id> unbound_;  // Of which upstream does not know yet.
};

}  // namespace

void Grants::add_sync_job() {
  JobKind kind;
  kind.name = "robot.sync";
  kind.body = [this](JobContext& context) -> base::Result<std::string> {
    auto done = Sync(daemon_, fleet_, jobs_, context).run();
    if (done || done.error().code != Code::not_found) return done;
    // A registry that misses one of the spaces refuses the robot whole. Once it is known which one
    // is gone, the others get theirs.
    const auto live = reach(fleet_, context.job.registry.value_or(0));
    if (!live) return live.error();
    const SweepBounds bounds{upstream_call(live->record, context.cancel), {}};
    if (auto looked = sweep_spaces(daemon_, jobs_, *live, bounds); !looked) return looked.error();
    done = Sync(daemon_, fleet_, jobs_, context).run();
    if (done || done.error().code != Code::not_found) return done;
    base::Error error = std::move(done).error();
    error.code = Code::unavailable;  // Tried again: both sides may agree later.
    return error;
  };
  jobs_.add(std::move(kind));
}

}  // namespace portolan::engine
