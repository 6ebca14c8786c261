#pragma once
#include <functional>
#include <map>

#include "plugin/plugin_set.h"

/// What the instances of a fake type do; each may be replaced. `log` tells what happened, in order.
struct Script {
  using Call = portolan::services::Call;
  std::function<portolan::base::Result<portolan::model::Integration>(Call&)> integrate;
  std::function<portolan::base::Result<void>(Call&,
                                             const std::function<void(portolan::model::Check)>&)>
      validate;
  std::function<portolan::base::Result<void>(Call&, portolan::model::Statistics&)> collect;
  std::function<portolan::base::Result<void>(Call&)> change;  ///< Each change and list of robots.
  portolan::model::Detection detection;
  std::function<void()> at_detect;   ///< May be empty.
  std::vector<std::string> created;  ///< "base config facts" of each instance.
  int alive = 0;
};

class FakeInstance : public portolan::plugin::Instance {
 public:
  explicit FakeInstance(Script& script) : script_(script) { ++script_.alive; }
  ~FakeInstance() override { --script_.alive; }
  bool has(std::string_view) const override { return true; }
  portolan::base::Result<portolan::model::Integration> integrate(Script::Call& call) override {
    return script_.integrate(call);
  }
  portolan::base::Result<void> validate(
      Script::Call& call, portolan::model::Depth,
      const std::function<void(portolan::model::Check)>& each) override {
    return script_.validate(call, each);
  }
  portolan::base::Result<void> collect(
      Script::Call& call, portolan::model::Level,
      const portolan::plugin::Receiver<portolan::model::FoundMeasure>& receive) override {
    portolan::model::Statistics found;
    auto done = script_.collect(call, found);
    std::vector<portolan::model::FoundMeasure> batch;
    for (auto& measure : found.measures) batch.push_back({"", {}, measure});
    for (auto& space : found.spaces)
      for (auto& measure : space.measures) batch.push_back({space.name, space.visibility, measure});
    receive(std::move(batch));
    return done;
  }
  portolan::base::Result<void> spaces(Script::Call&, const portolan::plugin::Query&,
                                      const portolan::plugin::Receiver<portolan::model::Space>&,
                                      std::string&) override {
    return {};
  }
  portolan::base::Result<void> repositories(
      Script::Call&, const portolan::plugin::Query&,
      const portolan::plugin::Receiver<portolan::model::Repository>& receive,
      std::string& cursor) override {
    cursor = "end";
    receive({{"library/alpine", "library", -1, -1, -1}});
    return {};
  }
  portolan::base::Result<void> tags(Script::Call&, const portolan::plugin::Query&,
                                    const portolan::plugin::Receiver<portolan::model::Tag>&,
                                    std::string&) override {
    return {};
  }
  portolan::base::Result<void> artifacts(
      Script::Call&, const portolan::plugin::Query&,
      const portolan::plugin::Receiver<portolan::model::Artifact>&, std::string&) override {
    return {};
  }

  portolan::base::Result<portolan::model::Space> create_space(
      Script::Call& call, const std::string& name,
      portolan::model::Visibility visibility) override {
    return changed(call, portolan::model::Space{name, "1", visibility, 0});
  }
  portolan::base::Result<void> remove_space(Script::Call& call, const std::string&) override {
    return script_.change(call);
  }
  portolan::base::Result<portolan::model::Space> set_visibility(
      Script::Call& call, const std::string& name,
      portolan::model::Visibility visibility) override {
    return changed(call, portolan::model::Space{name, "1", visibility, 0});
  }
  portolan::base::Result<portolan::model::Robot> issue_robot(
      Script::Call& call, const std::string& name, const std::vector<portolan::model::Grant>&,
      std::uint32_t lifetime_days) override {
    return changed(
        call, portolan::model::Robot{"7", name, portolan::base::Secret("made"), lifetime_days});
  }
  portolan::base::Result<portolan::model::Robot> rewrite_robot(
      Script::Call& call, const std::string& id,
      const std::vector<portolan::model::Grant>& grants) override {
    return changed(call, portolan::model::Robot{id, grants.at(0).space, {}, -1});
  }
  portolan::base::Result<void> revoke_robot(Script::Call& call, const std::string&) override {
    return script_.change(call);
  }
  portolan::base::Result<std::vector<portolan::model::Robot>> list_robots(
      Script::Call& call, const std::string& prefix) override {
    return changed(call, std::vector<portolan::model::Robot>{{"7", prefix, {}, -1}});
  }

 private:
  template <class T>
  portolan::base::Result<T> changed(Script::Call& call, T made) {
    const auto done = script_.change(call);
    if (!done) return done.error();
    return made;
  }

  Script& script_;
};

class FakeType : public portolan::plugin::Type {
 public:
  FakeType(std::string name, Script& script) : name_(std::move(name)), script_(script) {}
  const std::string& name() const override { return name_; }
  portolan::base::Result<std::unique_ptr<portolan::plugin::Instance>> create(
      Script::Call&, const std::string& base, const std::string& config,
      const std::string& facts) override {
    script_.created.push_back(base + " " + config + " " + facts);
    return std::unique_ptr<portolan::plugin::Instance>(std::make_unique<FakeInstance>(script_));
  }
  portolan::base::Result<portolan::model::Detection> detect(Script::Call&,
                                                            const std::string&) override {
    if (script_.at_detect) script_.at_detect();
    return script_.detection;
  }

 private:
  const std::string name_;
  Script& script_;
};

/// A set of types that no file implements.
class FakePlugins : public portolan::plugin::PluginSet {
 public:
  void add(const std::string& name, Script& script, const std::string& schema) {
    notes_[name] = {name, name, schema, {"portolan.detect/1"}};
    types_[name] = std::make_shared<FakeType>(name, script);
  }
  std::vector<portolan::plugin::Plugin> plugins() const override { return {}; }
  std::vector<std::string> types() const override {
    std::vector<std::string> names;
    for (const auto& [name, type] : types_) names.push_back(name);
    return names;
  }
  const portolan::plugin::Note::Type* type(std::string_view name) const override {
    const auto found = notes_.find(std::string(name));
    return found == notes_.end() ? nullptr : &found->second;
  }
  portolan::base::Result<std::shared_ptr<portolan::plugin::Type>> load(
      std::string_view name) override {
    const auto found = types_.find(std::string(name));
    if (found != types_.end()) return found->second;
    return portolan::base::Error{portolan::base::Code::plugin_missing, "no such type", "alpha?"};
  }

 private:
  std::map<std::string, portolan::plugin::Note::Type> notes_;
  std::map<std::string, std::shared_ptr<portolan::plugin::Type>> types_;
};
