/// Short-lived credentials to push with.
#include <algorithm>

#include "base/json.h"
#include "config/daemon_settings.h"
#include "engine/fleet.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "engine/jobs.h"
#include "router/router.h"
#include "store/catalogue.h"
#include "store/registries.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;

/// The space, when the workspace may push to it.
base::Result<model::SpaceRecord> pushable(store::Reader& reader, Id id, Id workspace) {
  auto space = store::find_space(reader, id);
  if (!space) return no_space();
  if (space->proxy_cache)
    return Error{.code = Code::conflict,
                 .message = "nothing can be pushed to " + space->name + ": it is a proxy cache"};
  if (!may_push(reader, id, workspace))
    return Error{.code = Code::forbidden,
                 .message = "the workspace may not push to " + space->name,
                 .hint = "A platform admin binds it with access push."};
  return *std::move(space);
}

base::Result<void> can_issue(const Daemon& daemon, const model::RegistryRecord& registry) {
  if (!has_extension(daemon, registry.settings.type, robots_extension))
    return Error{.code = Code::unsupported,
                 .message = "a registry of type " + registry.settings.type +
                            " cannot make a credential for pushing",
                 .hint = "Push with an account of the registry itself."};
  if (registry.pull_suspended)
    return Error{.code = Code::conflict,
                 .message = "the registry's address or trust changed and was not validated since",
                 .hint = "A full validation must succeed first."};
  return {};
}

/// The job that ends the robot of that name at `at_ms`: whether its row was written or not.
base::Result<void> end_later(store::Writer& writer, const JobRunner& jobs, Id registry,
                             Id workspace, const std::string& name, std::int64_t at_ms,
                             const std::string& actor) {
  model::Job end;
  end.kind = "push.end";
  end.key = name;
  end.run_at_ms = at_ms;
  end.registry = registry;
  end.workspace = workspace;
  end.created_by = actor;
  end.input_json = "{}";
  auto due = jobs.enqueue(writer, std::move(end), store::WhenRunning::again);
  if (!due) return due.error();
  return {};
}

/// When nobody writes the row of a robot any more that is being asked for now.
std::int64_t undecided_until(const Daemon& daemon, const model::RegistryRecord& registry) {
  // As long as a job that a kill interrupted waits: the registry may be busy with the request.
  const auto longest = registry.settings.timeouts.statistics + JobKind().lease;
  return daemon.store.now() + longest.count();
}

}  // namespace

base::Result<Grants::PushCommand> Grants::push(Id space_id, Id workspace,
                                               std::chrono::milliseconds life, const Act& act) {
  if (life <= std::chrono::milliseconds::zero() || life > daemon_.settings()->robots.push_life_max)
    return Error{.code = Code::invalid_argument,
                 .message = "a push credential lives shorter than that, and longer than nothing",
                 .hint = "The setting robots.push-life-max of the daemon says how long.",
                 .where = "/life_s"};
  auto space = daemon_.store.read<model::SpaceRecord>(
      [&](store::Reader& reader) { return pushable(reader, space_id, workspace); });
  if (!space) return space.error();
  auto live = reach(fleet_, space->registry);
  if (!live) return live.error();
  if (auto able = can_issue(daemon_, live->record); !able) return able.error();
  const std::string name = robot_name(daemon_, space->registry, workspace, true);
  // Written first: a kill between the registry's answer and our row leaves nothing behind.
  auto asked = daemon_.store.write([&](store::Writer& writer) {
    return end_later(writer, jobs_, space->registry, workspace, name,
                     undecided_until(daemon_, live->record), act.actor);
  });
  if (!asked) return asked.error();
  auto robot = daemon_.router.issue_robot(*live->registry, name, {{space->name, true}}, 1,
                                          upstream_call(live->record, {}));
  if (!robot) return robot.error();
  model::RobotRecord record;
  record.registry = space->registry;
  record.workspace = workspace;
  record.upstream_id = robot->id;
  record.username = robot->username;
  record.push = true;
  record.expires_ms = daemon_.store.now() + life.count();
  record.spaces = {space_id};
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    // It may have been unbound while the registry was asked.
    if (auto still = pushable(writer, space_id, workspace); !still) return still.error();
    auto kept = store::insert_robot(writer, record, robot->secret);
    if (!kept) return kept.error();
    if (auto due = end_later(writer, jobs_, record.registry, workspace, name, record.expires_ms,
                             act.actor);
        !due)
      return due;
    if (auto due = sweep_later(writer, jobs_, space->registry, daemon_.store.now() + day_ms, "{}");
        !due)
      return due;
    return note(writer, act, "push.issue", live->record.identity() + "/" + space->name, "", "");
  });
  if (!written) {
    // Nobody gets its secret; what cannot be ended now, the job ends.
    (void)daemon_.router.revoke_robot(*live->registry, robot->id, upstream_call(live->record, {}));
    return written.error();
  }
  return PushCommand{pull_host_of(live->record), robot->username, robot->secret, space->name,
                     record.expires_ms};
}

namespace {

class PushEnd {
 public:
  PushEnd(const Daemon& daemon, Fleet& fleet, const JobRunner& jobs, const JobContext& context)
      : daemon_(daemon), fleet_(fleet), jobs_(jobs), context_(context) {}

  base::Result<std::string> run() {
    auto robots = daemon_.store.read<std::vector<model::RobotRecord>>([&](store::Reader& reader) {
      return base::Result(store::robots(reader, context_.job.registry, context_.job.workspace));
    });
    if (!robots) return robots.error();
    const auto row = std::find_if(robots->begin(), robots->end(), [&](const auto& one) {
      return one.push && one.username.ends_with(context_.job.key);
    });
    if (row != robots->end() && row->expires_ms > daemon_.store.now()) return wait_for(*row);
    auto live = reach(fleet_, context_.job.registry.value_or(0));
    if (!live && live.error().code == Code::not_found) return std::string("{}");
    if (!live) return live.error();
    auto ended = row != robots->end() ? end_robot(daemon_, *live, *row, context_.cancel)
                                      : end_without_row(*live);
    if (!ended) return ended.error();
    return std::string("{}");
  }

 private:
  base::Result<std::string> wait_for(const model::RobotRecord& robot) {
    auto written = daemon_.store.write([&](store::Writer& writer) {
      return end_later(writer, jobs_, robot.registry, robot.workspace, context_.job.key,
                       robot.expires_ms, context_.job.created_by);
    });
    if (!written) return written.error();
    return std::string("{}");
  }

  /// Ended already, or nobody came to write its row.
  base::Result<void> end_without_row(const Fleet::Live& live) {
    const router::CallSettings call = upstream_call(live.record, context_.cancel);
    auto upstream = daemon_.router.list_robots(*live.registry, context_.job.key, call);
    if (!upstream) return upstream.error();
    for (const model::Robot& robot : *upstream)
      if (auto gone = daemon_.router.revoke_robot(*live.registry, robot.id, call); !gone)
        return gone;
    return {};
  }

  const Daemon& daemon_;
  Fleet& fleet_;
  const JobRunner& jobs_;
  const JobContext& context_;
};

/// Ends robots of this installation that no row knows: a kill came between the registry's answer
/// and our row. One may be about to get its row, so only what was unknown an hour ago goes.
class Sweep {
 public:
  Sweep(const Daemon& daemon, const JobRunner& jobs, const JobContext& context, Fleet::Live live)
      : daemon_(daemon), jobs_(jobs), context_(context), live_(std::move(live)) {}

  base::Result<std::string> run() {
    for (const bool push : {false, true})
      if (auto found = look(push); !found) return found.error();
    std::int64_t ended = 0;
    Json suspects = Json::array();
    for (const std::string& id : unknown_) {
      if (!was_suspect(id)) {
        suspects.push(Json::string(id));
        continue;
      }
      auto gone = daemon_.router.revoke_robot(*live_.registry, id, call());
      if (!gone) return gone.error();
      ++ended;
    }
    const std::int64_t pause = suspects.items().empty() ? day_ms : hour_ms;
    Json next = Json::object();
    next.set("suspects", std::move(suspects));
    auto written = daemon_.store.write([&](store::Writer& writer) {
      return sweep_later(writer, jobs_, live_.record.id, daemon_.store.now() + pause,
                         base::to_text(next));
    });
    if (!written) return written.error();
    Json out = Json::object();
    out.set("ended", Json::integer(ended));
    return base::to_text(out);
  }

 private:
  base::Result<void> look(bool push) {
    auto upstream = daemon_.router.list_robots(
        *live_.registry, robot_prefix(daemon_, live_.record.id, push), call());
    if (!upstream) return upstream.error();
    auto rows = daemon_.store.read<std::vector<model::RobotRecord>>([&](store::Reader& reader) {
      return base::Result(store::robots(reader, live_.record.id, {}));
    });
    if (!rows) return rows.error();
    for (const model::Robot& robot : *upstream)
      if (std::none_of(rows->begin(), rows->end(),
                       [&](const model::RobotRecord& row) { return row.upstream_id == robot.id; }))
        unknown_.push_back(robot.id);
    return {};
  }

  bool was_suspect(const std::string& id) const {
    const auto input = base::parse_json(context_.job.input_json);
    const Json* before = input ? input->find("suspects") : nullptr;
    return before &&
           std::any_of(before->items().begin(), before->items().end(), [&](const Json& one) {
             const std::string* text = one.as_string();
             return text && *text == id;
           });
  }

  router::CallSettings call() const { return upstream_call(live_.record, context_.cancel); }

  const Daemon& daemon_;
  const JobRunner& jobs_;
  const JobContext& context_;
  const Fleet::Live live_;
  std::vector<std::string> unknown_;
};

}  // namespace

void Grants::add_push_jobs() {
  JobKind end;
  end.name = "push.end";
  end.body = [this](JobContext& context) { return PushEnd(daemon_, fleet_, jobs_, context).run(); };
  jobs_.add(std::move(end));

  JobKind sweep;
  sweep.name = "robot.sweep";
  sweep.body = [this](JobContext& context) -> base::Result<std::string> {
    auto live = reach(fleet_, context.job.registry.value_or(0));
    if (!live) return live.error();
    return Sweep(daemon_, jobs_, context, *std::move(live)).run();
  };
  jobs_.add(std::move(sweep));
}

}  // namespace portolan::engine
