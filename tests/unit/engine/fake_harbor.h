#pragma once
/// Registries of the type "harbor" that make spaces and robots, and of the type "plain" that do
/// not. Safe from any thread.
#include <functional>
#include <map>
#include <mutex>

#include "engine/grant_rules.h"
#include "plugin/plugin_set.h"

namespace portolan::test {

using model::Id;

/// What one address holds, and how it answers. A test looks at it under `mutex`.
struct Harbor {
  struct Robot {
    std::string name, secret;
    std::map<std::string, bool> grants;  ///< Space to whether it may push.
  };
  std::mutex mutex;
  std::map<std::string, Robot> robots;  ///< By id.
  std::map<std::string, model::Visibility> spaces;
  std::map<std::string, base::Error> refuses;  ///< By call: "issue", "list", "create", ...
  std::map<std::string, int> calls;
  std::function<void(const std::string& call)> inside;  ///< Before a call changes anything.
  std::int64_t robots_end_ms = -1;
  bool knows_spaces = false;  ///< A robot for a space that is not there is refused whole.
  int next_id = 7;
  std::string generation = "id-";  ///< Begins the ids of spaces.

  int count(const std::string& call) {
    std::lock_guard lock(mutex);
    return calls[call];
  }
  std::map<std::string, Robot> all() {
    std::lock_guard lock(mutex);
    return robots;
  }
  void refuse(const std::string& call, base::Code code) {
    std::lock_guard lock(mutex);
    refuses.erase(call);
    if (code != base::Code::ok) refuses[call] = {.code = code, .message = call + " is refused"};
  }
  std::string plant(const std::string& name) {
    std::lock_guard lock(mutex);
    const std::string id = std::to_string(next_id++);
    robots[id] = {name, "planted", {{"somewhere", false}}};
    return id;
  }
};

class HarborInstance : public plugin::Instance {
 public:
  HarborInstance(std::shared_ptr<Harbor> harbor, std::string base)
      : harbor_(std::move(harbor)), base_(std::move(base)) {}
  bool has(std::string_view) const override { return true; }
  base::Result<model::Integration> integrate(services::Call&) override {
    model::Integration found;
    found.address = base_;
    found.capabilities = {"spaces", "robots"};
    return found;
  }
  base::Result<void> validate(services::Call&, model::Depth,
                              const std::function<void(model::Check)>& each) override {
    model::Check check;
    check.name = "credentials";
    check.state = model::CheckState::ok;
    each(check);
    return {};
  }
  base::Result<void> collect(services::Call&, model::Level,
                             const plugin::Receiver<model::FoundMeasure>&) override {
    return {};
  }
  base::Result<void> spaces(services::Call&, const plugin::Query&,
                            const plugin::Receiver<model::Space>& receive, std::string&) override {
    std::lock_guard lock(harbor_->mutex);
    std::vector<model::Space> found;
    for (const auto& [name, visibility] : harbor_->spaces)
      found.push_back({name, harbor_->generation + name, visibility, 0});
    receive(std::move(found));
    return {};
  }
  base::Result<void> repositories(services::Call&, const plugin::Query&,
                                  const plugin::Receiver<model::Repository>&,
                                  std::string&) override {
    return {};
  }
  base::Result<void> tags(services::Call&, const plugin::Query&,
                          const plugin::Receiver<model::Tag>&, std::string&) override {
    return {};
  }
  base::Result<void> artifacts(services::Call&, const plugin::Query&,
                               const plugin::Receiver<model::Artifact>&, std::string&) override {
    return {};
  }

  base::Result<model::Space> create_space(services::Call&, const std::string& name,
                                          model::Visibility visibility) override {
    return change<model::Space>("create", [&]() -> base::Result<model::Space> {
      harbor_->spaces[name] = visibility;
      return model::Space{name, harbor_->generation + name, visibility, 0};
    });
  }
  base::Result<void> remove_space(services::Call&, const std::string& name) override {
    auto done = change<int>("remove", [&]() -> base::Result<int> {
      harbor_->spaces.erase(name);
      return 0;
    });
    return done ? base::Result<void>() : done.error();
  }
  base::Result<model::Space> set_visibility(services::Call&, const std::string& name,
                                            model::Visibility visibility) override {
    return change<model::Space>("show", [&]() -> base::Result<model::Space> {
      harbor_->spaces[name] = visibility;
      return model::Space{name, harbor_->generation + name, visibility, -1};
    });
  }
  base::Result<model::Robot> issue_robot(services::Call&, const std::string& name,
                                         const std::vector<model::Grant>& grants,
                                         std::uint32_t) override {
    return change<model::Robot>("issue", [&]() -> base::Result<model::Robot> {
      if (auto known = know(grants); !known) return known.error();
      const std::string id = std::to_string(harbor_->next_id++);
      Harbor::Robot& robot = harbor_->robots[id] = {"robot$" + name, "secret-" + id, {}};
      for (const auto& grant : grants) robot.grants[grant.space] = grant.push;
      return model::Robot{id, robot.name, base::Secret(robot.secret), harbor_->robots_end_ms};
    });
  }
  base::Result<model::Robot> rewrite_robot(services::Call&, const std::string& id,
                                           const std::vector<model::Grant>& grants) override {
    return change<model::Robot>("rewrite", [&]() -> base::Result<model::Robot> {
      const auto robot = harbor_->robots.find(id);
      if (robot == harbor_->robots.end()) return base::Error{base::Code::not_found, "no robot"};
      if (auto known = know(grants); !known) return known.error();
      robot->second.grants.clear();
      for (const auto& grant : grants) robot->second.grants[grant.space] = grant.push;
      return model::Robot{id, robot->second.name, {}, harbor_->robots_end_ms};
    });
  }
  base::Result<void> revoke_robot(services::Call&, const std::string& id) override {
    auto done = change<int>("revoke", [&]() -> base::Result<int> {
      harbor_->robots.erase(id);
      return 0;
    });
    return done ? base::Result<void>() : done.error();
  }
  base::Result<std::vector<model::Robot>> list_robots(services::Call&,
                                                      const std::string& prefix) override {
    return change<std::vector<model::Robot>>("list", [&] {
      std::vector<model::Robot> found;
      for (const auto& [id, robot] : harbor_->robots)
        if (robot.name.rfind("robot$" + prefix, 0) == 0) found.push_back({id, robot.name, {}, -1});
      return base::Result(found);
    });
  }

 private:
  base::Result<void> know(const std::vector<model::Grant>& grants) const {
    for (const auto& grant : grants)
      if (harbor_->knows_spaces && harbor_->spaces.count(grant.space) == 0)
        return base::Error{base::Code::not_found, "project " + grant.space + " not found"};
    return {};
  }
  template <class T, class Body>
  base::Result<T> change(const std::string& name, Body&& body) {
    std::function<void(const std::string&)> inside;
    {
      std::lock_guard lock(harbor_->mutex);
      inside = harbor_->inside;
    }
    if (inside) inside(name);
    std::lock_guard lock(harbor_->mutex);
    ++harbor_->calls[name];
    const auto refused = harbor_->refuses.find(name);
    if (refused != harbor_->refuses.end()) return refused->second;
    return body();
  }

  const std::shared_ptr<Harbor> harbor_;
  const std::string base_;
};

class HarborPlugins : public plugin::PluginSet {
 public:
  HarborPlugins() {
    const char* schema = R"({"type":"object","additionalProperties":false,"properties":{
      "credentials":{"type":"object","additionalProperties":false,"properties":{
        "username":{"type":"string"},"password":{"type":"string"}}},
      "options":{"type":"object","additionalProperties":false,"properties":{}}}})";
    notes_["harbor"] = {
        "harbor",
        "Harbor",
        schema,
        {std::string(engine::spaces_extension), std::string(engine::robots_extension)}};
    notes_["plain"] = {"plain", "Plain", schema, {}};
  }
  std::shared_ptr<Harbor> at(const std::string& address) {
    std::lock_guard lock(mutex_);
    auto& harbor = harbors_[address];
    if (!harbor) harbor = std::make_shared<Harbor>();
    return harbor;
  }
  std::vector<plugin::Plugin> plugins() const override { return {}; }
  std::vector<std::string> types() const override { return {"harbor", "plain"}; }
  const plugin::Note::Type* type(std::string_view name) const override {
    const auto found = notes_.find(std::string(name));
    return found == notes_.end() ? nullptr : &found->second;
  }
  base::Result<std::shared_ptr<plugin::Type>> load(std::string_view name) override {
    return std::shared_ptr<plugin::Type>(new HarborType(*this, std::string(name)));
  }

 private:
  class HarborType : public plugin::Type {
   public:
    HarborType(HarborPlugins& plugins, std::string name)
        : plugins_(plugins), name_(std::move(name)) {}
    const std::string& name() const override { return name_; }
    base::Result<std::unique_ptr<plugin::Instance>> create(services::Call&, const std::string& base,
                                                           const std::string&,
                                                           const std::string&) override {
      return std::unique_ptr<plugin::Instance>(
          std::make_unique<HarborInstance>(plugins_.at(base), base));
    }
    base::Result<model::Detection> detect(services::Call&, const std::string&) override {
      return base::Error{base::Code::unsupported, "no"};
    }

   private:
    HarborPlugins& plugins_;
    const std::string name_;
  };

  std::map<std::string, plugin::Note::Type> notes_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Harbor>> harbors_;
};

}  // namespace portolan::test
