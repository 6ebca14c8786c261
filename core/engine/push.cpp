/// Short-lived credentials to push with.
#include <algorithm>

#include "base/json.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "store/registries.h"

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

base::Result<void> end_later(store::Writer& writer, const JobRunner& jobs,
                             const model::RobotRecord& robot, const Act& act) {
  model::Job end;
  end.kind = "push.end";
  end.key = "robot:" + std::to_string(robot.id);
  end.run_at_ms = robot.expires_ms;
  end.registry = robot.registry;
  end.workspace = robot.workspace;
  end.created_by = act.actor;
  Json input = Json::object();
  input.set("robot", Json::integer(robot.id));
  end.input_json = base::to_text(input);
  auto due = jobs.enqueue(writer, std::move(end));
  if (!due) return due.error();
  return {};
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
  auto robot = daemon_.router.issue_robot(
      *live->registry, robot_name(daemon_, space->registry, workspace, true), {{space->name, true}},
      1, upstream_call(live->record, {}));
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
    if (auto due = end_later(writer, jobs_, *kept, act); !due) return due;
    if (auto due = sweep_later(writer, jobs_, space->registry, daemon_.store.now() + day_ms, "{}");
        !due)
      return due;
    return note(writer, act, "push.issue", live->record.identity() + "/" + space->name, "", "");
  });
  if (!written) {
    // Nobody gets its secret; what cannot be ended now, the sweep ends.
    (void)daemon_.router.revoke_robot(*live->registry, robot->id, upstream_call(live->record, {}));
    return written.error();
  }
  return PushCommand{pull_host_of(live->record), robot->username, robot->secret, space->name,
                     record.expires_ms};
}

namespace {

base::Result<std::string> end_push(const Daemon& daemon, Fleet& fleet, const JobContext& context) {
  const auto input = base::parse_json(context.job.input_json);
  if (!input) return input.error();
  const Id id = input->find("robot")->as_integer().value_or(0);
  auto robots = daemon.store.read<std::vector<model::RobotRecord>>([&](store::Reader& reader) {
    return base::Result(store::robots(reader, context.job.registry, context.job.workspace));
  });
  if (!robots) return robots.error();
  const auto robot = std::find_if(robots->begin(), robots->end(),
                                  [&](const model::RobotRecord& one) { return one.id == id; });
  if (robot == robots->end()) return std::string("{}");
  auto live = reach(fleet, robot->registry);
  if (!live) return live.error();
  if (auto gone = end_robot(daemon, *live, *robot, context.cancel); !gone) return gone.error();
  return std::string("{}");
}

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
  end.body = [this](JobContext& context) { return end_push(daemon_, fleet_, context); };
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
