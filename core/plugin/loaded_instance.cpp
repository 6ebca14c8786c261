#include <array>
#include <set>
#include <tuple>

#include "plugin/abi_read.h"
#include "plugin/items.h"
#include "plugin/loaded_type.h"
#include "plugin/outcome.h"
#include "plugin/sink.h"

namespace portolan::plugin {
namespace {

/// The tables of an instance, copied once: an extension's pointer stays the same until destroy().
struct Tables {
  std::optional<portolan_ext_integration> integration;
  std::optional<portolan_ext_validation> validation;
  std::optional<portolan_ext_statistics> statistics;
  std::optional<portolan_ext_catalog> catalog;
  std::optional<portolan_ext_spaces> spaces;
  std::optional<portolan_ext_robots> robots;
};

/// A registry may echo a password, and a plugin pass it on. Names are left as they are: they are
/// handed back, and a weak password may be a part of them.
void redact(const services::Call& call, std::initializer_list<std::string*> texts) {
  for (std::string* one : texts) *one = call.redact(std::move(*one));
}

void redact(const services::Call& call, model::Check& check) {
  redact(call, {&check.message, &check.hint});
  if (check.evidence) redact(call, {&check.evidence->url, &check.evidence->detail});
}

base::Error not_to_be_asked(std::string what, std::string hint) {
  return {base::Code::invalid_argument, std::move(what), std::move(hint)};
}

/// Why a space of that name and visibility cannot be asked for, if so.
std::optional<base::Error> refuse(const std::string& name, model::Visibility visibility) {
  if (name.empty()) return not_to_be_asked("a space without a name", "Name the space.");
  if (visibility == model::Visibility::unknown)
    return not_to_be_asked("a space is public or private", "Say which of both it shall be.");
  return {};
}

std::optional<base::Error> refuse(const std::string& robot,
                                  const std::vector<model::Grant>& grants) {
  if (robot.empty()) return not_to_be_asked("a robot without a name", "Name the robot.");
  if (grants.empty())
    return not_to_be_asked("a robot without a space may do nothing",
                           "Name at least one space, or revoke the robot.");
  for (const auto& grant : grants)
    if (grant.space.empty()) return not_to_be_asked("a space without a name", "Name the space.");
  return {};
}

std::vector<portolan_grant> to_raw(const std::vector<model::Grant>& grants) {
  std::vector<portolan_grant> out;
  for (const auto& grant : grants) {
    const std::uint32_t push = grant.push ? PORTOLAN_ROBOT_PUSH : 0;
    out.push_back({sizeof(portolan_grant), PORTOLAN_ROBOT_PULL | push, to_abi(grant.space)});
  }
  return out;
}

class LoadedInstance : public Instance {
 public:
  LoadedInstance(const portolan_instance* raw, portolan_instance instance, std::string base,
                 std::string plugin)
      : raw_(raw), instance_(instance), base_(std::move(base)), plugin_(std::move(plugin)) {}

  ~LoadedInstance() override {
    try {
      instance_.destroy(raw_);
    } catch (...) {  // Law L7 is broken and nobody is left to be told.
    }
  }

  /// The extension that is missing, or empty.
  std::string read_tables() {
    tables_.integration =
        read_struct<portolan_ext_integration>(extension(PORTOLAN_EXT_INTEGRATION));
    tables_.validation = read_struct<portolan_ext_validation>(extension(PORTOLAN_EXT_VALIDATION));
    tables_.statistics = read_struct<portolan_ext_statistics>(extension(PORTOLAN_EXT_STATISTICS));
    tables_.catalog = read_struct<portolan_ext_catalog>(extension(PORTOLAN_EXT_CATALOG));
    tables_.spaces = read_struct<portolan_ext_spaces>(extension(PORTOLAN_EXT_SPACES));
    tables_.robots = read_struct<portolan_ext_robots>(extension(PORTOLAN_EXT_ROBOTS));
    if (!tables_.integration || !tables_.integration->integrate) return PORTOLAN_EXT_INTEGRATION;
    if (!tables_.validation || !tables_.validation->validate) return PORTOLAN_EXT_VALIDATION;
    if (!tables_.statistics || !tables_.statistics->collect) return PORTOLAN_EXT_STATISTICS;
    return {};
  }

  bool has(std::string_view id) const override { return extension(id) != nullptr; }

  base::Result<model::Integration> integrate(services::Call& call) override {
    model::Integration found;
    Sink sink(minor_0_size<portolan_integration>, 1,
              each<portolan_integration>(
                  [&](const portolan_integration& item) { return read_item(item, found); }));
    const auto done = run(plugin_, call, &sink, [&] {
      return tables_.integration->integrate(raw_, call.abi(), sink.abi());
    });
    if (!done) return done.error();
    if (sink.taken() == 0) return misbehaves(plugin_, "integrate() gave no registry");
    redact(call, {&found.product, &found.version, &found.api_version});
    if (!same_origin(found.address, base_)) {
      return base::Error{
          base::Code::policy,
          "the registry calls itself " + found.address + ", another origin than " + base_,
          "write address: " + found.address + " if that is the registry you mean", base_};
    }
    return found;
  }

  base::Result<void> validate(services::Call& call, model::Depth depth,
                              const std::function<void(model::Check)>& each_check) override {
    std::set<std::string> names;
    Sink sink(minor_0_size<portolan_check>, model::limits::checks,
              each<portolan_check>([&](const portolan_check& item) -> std::string {
                model::Check check;
                if (std::string problem = read_item(item, check); !problem.empty()) return problem;
                if (!names.insert(check.name).second)
                  return "the check \"" + check.name + "\" is made twice";
                redact(call, check);
                each_check(std::move(check));
                return {};
              }));
    auto done = run(plugin_, call, &sink, [&] {
      return tables_.validation->validate(raw_, call.abi(), static_cast<std::uint32_t>(depth),
                                          sink.abi());
    });
    if (done && sink.taken() == 0) return misbehaves(plugin_, "validate() made no check");
    return done;
  }

  base::Result<void> collect(services::Call& call, model::Level level,
                             const Receiver<model::FoundMeasure>& receive) override {
    std::set<std::tuple<std::string, std::string, model::MeasureKind>> seen;
    std::vector<model::FoundMeasure> batch;
    Sink sink(minor_0_size<portolan_measure>, model::limits::measures,
              each<portolan_measure>([&](const portolan_measure& item) -> std::string {
                model::FoundMeasure& found = batch.emplace_back();
                if (std::string problem = read_item(item, found); !problem.empty()) return problem;
                model::Measure& measure = found.measure;
                if (!seen.emplace(found.space, measure.name, measure.kind).second) {
                  return "the measure \"" + measure.name + "\" of \"" + found.space +
                         "\" comes twice";
                }
                redact(call, {&measure.hint});
                return {};
              }),
              [&] { return receive(std::exchange(batch, {})); });
    auto done = run(plugin_, call, &sink, [&] {
      return tables_.statistics->collect(raw_, call.abi(), static_cast<std::uint32_t>(level),
                                         sink.abi());
    });
    if (done && sink.taken() == 0) return misbehaves(plugin_, "collect() gave no measure");
    return done;
  }

  base::Result<void> spaces(services::Call& call, const Query& query,
                            const Receiver<model::Space>& receive, std::string& cursor) override {
    return list<portolan_space>(call, query, receive, cursor, &portolan_ext_catalog::spaces);
  }
  base::Result<void> repositories(services::Call& call, const Query& query,
                                  const Receiver<model::Repository>& receive,
                                  std::string& cursor) override {
    return list<portolan_repository>(call, query, receive, cursor,
                                     &portolan_ext_catalog::repositories);
  }
  base::Result<void> tags(services::Call& call, const Query& query,
                          const Receiver<model::Tag>& receive, std::string& cursor) override {
    return list<portolan_tag>(call, query, receive, cursor, &portolan_ext_catalog::tags);
  }
  base::Result<void> artifacts(services::Call& call, const Query& query,
                               const Receiver<model::Artifact>& receive,
                               std::string& cursor) override {
    return list<portolan_artifact>(call, query, receive, cursor, &portolan_ext_catalog::artifacts);
  }

  base::Result<model::Space> create_space(services::Call& call, const std::string& name,
                                          model::Visibility visibility) override {
    return space(call, name, visibility, &portolan_ext_spaces::create);
  }
  base::Result<model::Space> set_visibility(services::Call& call, const std::string& name,
                                            model::Visibility visibility) override {
    return space(call, name, visibility, &portolan_ext_spaces::set_visibility);
  }
  base::Result<void> remove_space(services::Call& call, const std::string& name) override {
    if (name.empty()) return *refuse(name, model::Visibility::unknown);
    if (!tables_.spaces || !tables_.spaces->remove) return cannot("remove spaces");
    return run(plugin_, call, nullptr,
               [&] { return tables_.spaces->remove(raw_, call.abi(), to_abi(name)); });
  }

  base::Result<model::Robot> issue_robot(services::Call& call, const std::string& name,
                                         const std::vector<model::Grant>& grants,
                                         std::uint32_t lifetime_days) override {
    if (const auto refused = refuse(name, grants)) return *refused;
    if (!tables_.robots || !tables_.robots->issue) return cannot("issue robots");
    const auto raw = to_raw(grants);
    std::string handle;
    auto made = robot(call, handle, [&](const portolan_sink* sink) {
      return tables_.robots->issue(raw_, call.abi(), to_abi(name), raw.data(), raw.size(),
                                   sizeof(portolan_grant), lifetime_days, sink);
    });
    if (!made) return made;
    auto secret = call.take_sealed(handle);
    if (!secret || secret->empty())
      return misbehaves(plugin_, "issue() gave no secret that the host has taken out of an answer");
    made->secret = *std::move(secret);
    return made;
  }

  base::Result<model::Robot> rewrite_robot(services::Call& call, const std::string& id,
                                           const std::vector<model::Grant>& grants) override {
    if (const auto refused = refuse(id, grants)) return *refused;
    if (!tables_.robots || !tables_.robots->rewrite) return cannot("rewrite robots");
    const auto raw = to_raw(grants);
    std::string handle;
    auto made = robot(call, handle, [&](const portolan_sink* sink) {
      return tables_.robots->rewrite(raw_, call.abi(), to_abi(id), raw.data(), raw.size(),
                                     sizeof(portolan_grant), sink);
    });
    if (made && made->id != id) return misbehaves(plugin_, "rewrite() gave another robot");
    if (made && !handle.empty()) return misbehaves(plugin_, unasked_secret);
    return made;
  }

  base::Result<void> revoke_robot(services::Call& call, const std::string& id) override {
    if (id.empty()) return *refuse(id, std::vector<model::Grant>());
    if (!tables_.robots || !tables_.robots->revoke) return cannot("revoke robots");
    return run(plugin_, call, nullptr,
               [&] { return tables_.robots->revoke(raw_, call.abi(), to_abi(id)); });
  }

  base::Result<std::vector<model::Robot>> list_robots(services::Call& call,
                                                      const std::string& prefix) override {
    if (!tables_.robots || !tables_.robots->list) return cannot("list robots");
    std::vector<model::Robot> all;
    Sink sink(minor_0_size<portolan_robot>, model::limits::robots,
              each<portolan_robot>([&](const portolan_robot& item) {
                std::string handle;
                std::string problem = read_item(item, all.emplace_back(), handle);
                return problem.empty() && !handle.empty() ? unasked_secret : problem;
              }));
    const auto done = run(plugin_, call, &sink, [&] {
      return tables_.robots->list(raw_, call.abi(), to_abi(prefix), sink.abi());
    });
    if (!done) return done.error();
    return all;
  }

 private:
  static inline const std::string unasked_secret = "it gave a secret that nobody asked for";

  using Listing = portolan_status (*)(const portolan_instance*, const portolan_call*,
                                      const portolan_query*, const portolan_sink*);

  const void* extension(std::string_view id) const { return instance_.extension(raw_, to_abi(id)); }

  template <class Item, class T>
  base::Result<void> list(services::Call& call, const Query& query, const Receiver<T>& receive,
                          std::string& cursor, Listing portolan_ext_catalog::*member) {
    const Listing function = tables_.catalog ? (*tables_.catalog).*member : nullptr;
    if (!function) return cannot("list these");
    std::vector<T> batch;
    Sink sink(minor_0_size<Item>, UINT64_MAX,
              each<Item>([&](const Item& item) { return read_item(item, batch.emplace_back()); }),
              [&] { return receive(std::exchange(batch, {})); });
    const portolan_query asked{sizeof(portolan_query), 0,
                               to_abi(query.space),    to_abi(query.repository),
                               to_abi(query.cursor),   query.limit};
    auto done =
        run(plugin_, call, &sink, [&] { return function(raw_, call.abi(), &asked, sink.abi()); });
    if (!sink.cursor().empty()) cursor = sink.cursor();
    return done;
  }

  base::Error cannot(const char* what) const {
    return {base::Code::unsupported, plugin_ + " cannot " + what,
            "`portolan plugins inspect` shows what a plugin can do"};
  }

  using ToSpace = portolan_status (*)(const portolan_instance*, const portolan_call*, portolan_str,
                                      std::uint32_t, const portolan_sink*);

  /// Creates or changes the space `name`, which must then be as it was asked for.
  base::Result<model::Space> space(services::Call& call, const std::string& name,
                                   model::Visibility visibility,
                                   ToSpace portolan_ext_spaces::*member) {
    if (const auto refused = refuse(name, visibility)) return *refused;
    const ToSpace function = tables_.spaces ? (*tables_.spaces).*member : nullptr;
    if (!function) return cannot("make or change spaces");
    model::Space found;
    Sink sink(
        minor_0_size<portolan_space>, 1,
        each<portolan_space>([&](const portolan_space& item) { return read_item(item, found); }));
    const auto done = run(plugin_, call, &sink, [&] {
      return function(raw_, call.abi(), to_abi(name), static_cast<std::uint32_t>(visibility),
                      sink.abi());
    });
    if (!done) return done.error();
    if (sink.taken() == 0 || found.name != name || found.visibility != visibility)
      return misbehaves(plugin_, "it gave another space than it was asked for");
    return found;
  }

  /// A call that gives one robot, its secret still behind `handle`.
  base::Result<model::Robot> robot(
      services::Call& call, std::string& handle,
      const std::function<portolan_status(const portolan_sink*)>& body) {
    model::Robot found;
    Sink sink(minor_0_size<portolan_robot>, 1,
              each<portolan_robot>(
                  [&](const portolan_robot& item) { return read_item(item, found, handle); }));
    const auto done = run(plugin_, call, &sink, [&] { return body(sink.abi()); });
    if (!done) return done.error();
    if (sink.taken() == 0) return misbehaves(plugin_, "it gave no robot");
    return found;
  }

  const portolan_instance* const raw_;
  const portolan_instance instance_;
  const std::string base_, plugin_;
  Tables tables_;
};

}  // namespace

base::Result<std::unique_ptr<Instance>> make_instance(const portolan_instance* raw,
                                                      std::string base, std::string plugin) {
  const auto instance = read_struct<portolan_instance>(raw);
  if (!instance || !instance->extension || !instance->destroy) {
    return misbehaves(plugin, "create() gave no complete instance");
  }
  auto made = std::make_unique<LoadedInstance>(raw, *instance, std::move(base), plugin);
  std::string missing;
  try {
    missing = made->read_tables();
  } catch (...) {
    missing = "an extension that can be asked for";
  }
  if (!missing.empty()) return misbehaves(plugin, "its instance lacks " + missing);
  return std::unique_ptr<Instance>(std::move(made));
}

}  // namespace portolan::plugin
