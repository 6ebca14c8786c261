#pragma once
/// Registries that a test writes: what stands at an address, and the plugin that speaks to it.
/// Everything is safe from any thread.
#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "plugin/plugin_set.h"
#include "unit/services/world.h"

namespace portolan::test {

inline model::Check a_check(std::string name, model::CheckState state = model::CheckState::ok,
                            base::Code code = base::Code::ok) {
  model::Check check;
  check.name = std::move(name);
  check.state = state;
  check.code = code;
  check.message = check.name + " " + std::string(to_string(code));
  return check;
}

/// What stands at one address. A test changes it under `mutex`.
struct Site {
  std::mutex mutex;
  bool silent = false;            ///< Takes the probe and never answers.
  bool down = false;              ///< Nothing listens.
  std::string password = "good";  ///< What it accepts.
  bool database_down = false;     ///< Cannot tell whether a password is right.
  std::vector<std::string> capabilities = {"spaces"};
  std::vector<model::Space> spaces;
  std::vector<model::Repository> repositories;
  std::map<std::string, std::vector<std::string>> tags;
  base::Result<void> listing;  ///< How a listing of repositories ends.
  std::string version = "1";
  /// Runs inside each call of the plugin, without the mutex.
  std::function<void(const std::string& call, const base::Deadline&)> inside;
  std::function<void(services::Call&)> counting;  ///< Inside each collection.

  std::atomic<int> integrations{0}, validations{0}, collections{0}, listings{0}, sent_passwords{0};
  std::atomic<int> alive{0};
};

/// Asks its site over the scripted network who it is there; the rest it knows.
class SiteInstance : public plugin::Instance {
 public:
  SiteInstance(std::shared_ptr<Site> site, std::string base, bool has_password)
      : site_(std::move(site)), base_(std::move(base)), has_password_(has_password) {
    ++site_->alive;
  }
  ~SiteInstance() override { --site_->alive; }
  bool has(std::string_view) const override { return true; }

  base::Result<model::Integration> integrate(services::Call& call) override {
    ++site_->integrations;
    enter("integrate", call);
    if (auto fine = log_in(call); !fine) return fine.error();
    std::lock_guard lock(site_->mutex);
    model::Integration found;
    found.address = base_;
    found.product = "Site";
    found.version = site_->version;
    found.capabilities = site_->capabilities;
    found.facts_json = "{}";
    return found;
  }
  base::Result<void> validate(services::Call& call, model::Depth depth,
                              const std::function<void(model::Check)>& each) override {
    ++site_->validations;
    enter("validate", call);
    each(a_check("identity"));
    each(a_check("api-version"));
    const auto fine = log_in(call);
    if (!has_password_) {
      each(a_check("credentials", model::CheckState::skipped));
    } else if (fine) {
      each(a_check("credentials"));
    } else {
      const bool is_known = fine.error().code == base::Code::unauthorized;
      each(a_check("credentials", is_known ? model::CheckState::fail : model::CheckState::unknown,
                   fine.error().code));
    }
    if (depth == model::Depth::full) each(a_check("permissions.catalog"));
    each(a_check("capabilities"));
    return {};
  }
  base::Result<void> collect(services::Call& call, model::Level,
                             const plugin::Receiver<model::FoundMeasure>& receive) override {
    ++site_->collections;
    enter("collect", call);
    std::lock_guard lock(site_->mutex);
    if (site_->counting) site_->counting(call);
    model::Measure measure;
    measure.name = "repositories";
    measure.value = static_cast<std::int64_t>(site_->repositories.size());
    measure.state = model::MeasureState::known;
    measure.unit = "count";
    measure.taken_at_ms = 1'800'000'000'000;
    receive({{"", {}, measure}});
    return {};
  }
  base::Result<void> spaces(services::Call& call, const plugin::Query&,
                            const plugin::Receiver<model::Space>& receive, std::string&) override {
    enter("spaces", call);
    std::vector<model::Space> rows;
    const bool knows_us = log_in(call).has_value();
    {
      std::lock_guard lock(site_->mutex);
      // With a password that it does not know it shows what is public, and says nothing.
      for (const auto& space : site_->spaces) {
        if (knows_us || space.visibility == model::Visibility::open) rows.push_back(space);
      }
    }
    receive(std::move(rows));
    return {};
  }
  base::Result<void> repositories(services::Call& call, const plugin::Query& query,
                                  const plugin::Receiver<model::Repository>& receive,
                                  std::string& cursor) override {
    ++site_->listings;
    enter("repositories", call);
    std::vector<model::Repository> rows;
    base::Result<void> end;
    {
      std::lock_guard lock(site_->mutex);
      for (const auto& one : site_->repositories) {
        if (one.name <= query.cursor) continue;
        if (rows.size() == query.limit) break;
        rows.push_back(one);
      }
      if (!site_->listing && !query.cursor.empty()) end = site_->listing;
    }
    if (!end) return end;
    if (!rows.empty()) cursor = rows.back().name;
    receive(std::move(rows));
    return {};
  }
  base::Result<void> tags(services::Call& call, const plugin::Query& query,
                          const plugin::Receiver<model::Tag>& receive, std::string&) override {
    enter("tags", call);
    std::vector<model::Tag> rows;
    {
      std::lock_guard lock(site_->mutex);
      const auto found = site_->tags.find(query.repository);
      if (found == site_->tags.end()) return base::Error{base::Code::not_found, "no such one"};
      for (const auto& name : found->second) rows.push_back({query.repository, name, "sha256:1"});
    }
    receive(std::move(rows));
    return {};
  }
  base::Result<void> artifacts(services::Call&, const plugin::Query&,
                               const plugin::Receiver<model::Artifact>&, std::string&) override {
    return {};
  }
  base::Result<model::Space> create_space(services::Call&, const std::string&,
                                          model::Visibility) override {
    return unable();
  }
  base::Result<void> remove_space(services::Call&, const std::string&) override { return unable(); }
  base::Result<model::Space> set_visibility(services::Call&, const std::string&,
                                            model::Visibility) override {
    return unable();
  }
  base::Result<model::Robot> issue_robot(services::Call&, const std::string&,
                                         const std::vector<model::Grant>&, std::uint32_t) override {
    return unable();
  }
  base::Result<model::Robot> rewrite_robot(services::Call&, const std::string&,
                                           const std::vector<model::Grant>&) override {
    return unable();
  }
  base::Result<void> revoke_robot(services::Call&, const std::string&) override { return unable(); }
  base::Result<std::vector<model::Robot>> list_robots(services::Call&,
                                                      const std::string&) override {
    return unable();
  }

 private:
  static base::Error unable() { return {base::Code::unsupported, "a site makes no changes"}; }

  void enter(const std::string& name, services::Call& call) {
    std::function<void(const std::string&, const base::Deadline&)> inside;
    {
      std::lock_guard lock(site_->mutex);
      inside = site_->inside;
    }
    if (inside) inside(name, call.deadline());
  }
  base::Result<void> log_in(services::Call& call) {
    if (!has_password_) return {};
    tests::Answer answer;
    const auto asked = tests::request("/login", PORTOLAN_AUTH_BASIC);
    tests::http().send(call.abi(), &asked, &answer.sink);
    if (answer.status == 200) return {};
    if (answer.status == 401) return base::Error{base::Code::unauthorized, "the password is wrong"};
    return base::Error{base::Code::unavailable, "the database is down"};
  }

  const std::shared_ptr<Site> site_;
  const std::string base_;
  const bool has_password_;
};

}  // namespace portolan::test
