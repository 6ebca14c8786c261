/// Short-lived credentials to push with.
#include <algorithm>

#include "base/crypto.h"
#include "base/json.h"
#include "engine/grant_rules.h"
#include "engine/grants.h"
#include "store/registries.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

constexpr std::int64_t day_ms = 86'400'000;

bool may_push(store::Reader& reader, Id space, Id workspace) {
  for (const model::UsableSpace& usable :
       model::usable_spaces(store::access_world(reader), workspace))
    if (usable.space == space) return usable.push;
  return false;
}

}  // namespace

base::Result<Grants::PushCommand> Grants::push(Id space_id, Id workspace,
                                               std::chrono::milliseconds life, const Act& act) {
  if (life > daemon_.settings()->robots.push_life_max)
    return Error{.code = Code::invalid_argument,
                 .message = "a push credential lives shorter than that",
                 .hint = "robots.push-life-max of the daemon says how long.",
                 .where = "/life_s"};
  model::SpaceRecord space;
  auto allowed = daemon_.store.read<int>([&](store::Reader& reader) -> base::Result<int> {
    const auto found = store::find_space(reader, space_id);
    if (!found) return no_space();
    space = *found;
    if (space.proxy_cache)
      return Error{.code = Code::conflict,
                   .message = "nothing can be pushed to " + space.name + ": it is a proxy cache"};
    if (!may_push(reader, space_id, workspace))
      return Error{.code = Code::forbidden,
                   .message = "the workspace may not push to " + space.name,
                   .hint = "A platform admin binds it with access push."};
    return 0;
  });
  if (!allowed) return allowed.error();
  auto live = fleet_.trusted(space.registry);
  if (!live) return live.error();
  if (!has_extension(daemon_, live->record.settings.type, robots_extension))
    return Error{.code = Code::unsupported,
                 .message = "a registry of type " + live->record.settings.type +
                            " cannot make a credential for pushing",
                 .hint = "Push with an account of the registry itself."};
  const std::string name =
      robot_prefix(daemon_, space.registry, workspace, true) + base::hex(base::random_bytes(4));
  auto robot = daemon_.router.issue_robot(*live->registry, name, {{space.name, true}}, 1,
                                          upstream_call(live->record, {}));
  if (!robot) return robot.error();
  model::RobotRecord record;
  record.registry = space.registry;
  record.workspace = workspace;
  record.upstream_id = robot->id;
  record.username = robot->username;
  record.push = true;
  record.created_ms = daemon_.store.now();
  record.expires_ms = record.created_ms + life.count();
  record.spaces = {space_id};
  auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
    auto kept = store::insert_robot(writer, record, robot->secret);
    if (!kept) return kept.error();
    model::Job end;
    end.kind = "push.end";
    end.key = "robot:" + std::to_string(kept->id);
    end.run_at_ms = record.expires_ms;
    end.registry = space.registry;
    end.workspace = workspace;
    Json input = Json::object();
    input.set("robot", Json::integer(kept->id));
    end.input_json = base::to_text(input);
    if (auto due = jobs_.enqueue(writer, std::move(end)); !due) return due.error();
    return note(writer, act, "push.issue", live->record.identity() + "/" + space.name, "",
                base::to_text(Json::object()));
  });
  if (!written) return written.error();
  return PushCommand{pull_host_of(live->record), robot->username, robot->secret, space.name,
                     record.expires_ms};
}

void Grants::add_push_jobs() {
  JobKind end;
  end.name = "push.end";
  end.body = [this](JobContext& context) -> base::Result<std::string> {
    const auto input = base::parse_json(context.job.input_json);
    if (!input) return input.error();
    const Id id = input->find("robot")->as_integer().value_or(0);
    auto robots = daemon_.store.read<std::vector<model::RobotRecord>>([&](store::Reader& reader) {
      return base::Result(store::robots(reader, context.job.registry, context.job.workspace));
    });
    if (!robots) return robots.error();
    const auto robot = std::find_if(robots->begin(), robots->end(),
                                    [&](const model::RobotRecord& one) { return one.id == id; });
    if (robot == robots->end()) return std::string("{}");
    auto live = fleet_.trusted(robot->registry);
    if (!live) return live.error();
    auto gone = daemon_.router.revoke_robot(*live->registry, robot->upstream_id,
                                            upstream_call(live->record, context.cancel));
    if (!gone) return gone.error();
    auto written =
        daemon_.store.write([&](store::Writer& writer) { return store::delete_robot(writer, id); });
    if (!written) return written.error();
    return std::string("{}");
  };
  jobs_.add(std::move(end));

  // Robots of this installation that no row knows: a kill between the registry's answer and ours.
  JobKind sweep;
  sweep.name = "robot.sweep";
  sweep.body = [this](JobContext& context) -> base::Result<std::string> {
    const Id registry = context.job.registry.value_or(0);
    auto live = fleet_.trusted(registry);
    if (!live) return live.error();
    auto upstream = daemon_.router.list_robots(*live->registry, robot_prefix(daemon_),
                                               upstream_call(live->record, context.cancel));
    if (!upstream) return upstream.error();
    auto ours = daemon_.store.read<std::vector<model::RobotRecord>>(
        [&](store::Reader& reader) { return base::Result(store::robots(reader, registry, {})); });
    if (!ours) return ours.error();
    std::int64_t revoked = 0;
    for (const model::Robot& robot : *upstream) {
      if (std::any_of(ours->begin(), ours->end(),
                      [&](const model::RobotRecord& one) { return one.upstream_id == robot.id; }))
        continue;
      auto gone = daemon_.router.revoke_robot(*live->registry, robot.id,
                                              upstream_call(live->record, context.cancel));
      if (!gone) return gone.error();
      ++revoked;
    }
    auto written = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
      model::Job next = context.job;
      next.run_at_ms = daemon_.store.now() + day_ms;
      auto due = jobs_.enqueue(writer, std::move(next), store::WhenRunning::again);
      if (!due) return due.error();
      return {};
    });
    if (!written) return written.error();
    Json out = Json::object();
    out.set("revoked", Json::integer(revoked));
    return base::to_text(out);
  };
  jobs_.add(std::move(sweep));
}

}  // namespace portolan::engine
