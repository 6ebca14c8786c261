#include <array>
#include <map>
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
                             model::Statistics& statistics) override {
    std::set<std::tuple<std::string, std::string, model::MeasureKind>> seen;
    std::map<std::string, std::size_t> rows;  // Space → index in statistics.spaces.
    Sink sink(minor_0_size<portolan_measure>, model::limits::measures,
              each<portolan_measure>([&](const portolan_measure& item) -> std::string {
                model::Measure measure;
                std::string space;
                model::Visibility visibility;
                if (std::string problem = read_item(item, measure, space, visibility);
                    !problem.empty())
                  return problem;
                if (!seen.emplace(space, measure.name, measure.kind).second) {
                  return "the measure \"" + measure.name + "\" of \"" + space + "\" comes twice";
                }
                redact(call, {&measure.hint});
                if (space.empty()) {
                  statistics.measures.push_back(std::move(measure));
                  return {};
                }
                const auto [row, fresh] = rows.emplace(space, statistics.spaces.size());
                if (fresh) statistics.spaces.push_back({space, visibility, {}});
                statistics.spaces[row->second].measures.push_back(std::move(measure));
                return {};
              }));
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

 private:
  using Listing = portolan_status (*)(const portolan_instance*, const portolan_call*,
                                      const portolan_query*, const portolan_sink*);

  const void* extension(std::string_view id) const { return instance_.extension(raw_, to_abi(id)); }

  template <class Item, class T>
  base::Result<void> list(services::Call& call, const Query& query, const Receiver<T>& receive,
                          std::string& cursor, Listing portolan_ext_catalog::*member) {
    const Listing function = tables_.catalog ? (*tables_.catalog).*member : nullptr;
    if (!function) {
      return base::Error{base::Code::unsupported, plugin_ + " cannot list these",
                         "`portolan plugins inspect` shows what a plugin can do"};
    }
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
