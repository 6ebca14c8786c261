// portolan.validation/1: who answers there, do the credentials work, what may the account do.
#include <optional>
#include <set>
#include <utility>

#include "docker_registry.h"
#include "name_list.h"

namespace docker_registry {
namespace {

using portolan::check;
using portolan::response;

/// Repositories among which those to try are looked for.
constexpr int samples = 100;
/// Of how many spaces anonymous callers try a repository.
constexpr std::size_t spaces_tried = 5;
/// Who asks: flags of a request.
constexpr std::uint32_t as_account = 0, anonymous = PORTOLAN_HTTP_ANONYMOUS;

portolan_status code_of(const response& answer) { return answer.as_failure().code; }
std::string words_of(const response& answer) { return told(answer.as_failure()); }

class Diagnosis {
 public:
  struct Subject {
    std::string root;
    bool has_password;
    bool full;
  };
  Diagnosis(portolan::call& call, portolan::out<check>& out, Subject of)
      : call_(call), out_(out), of_(std::move(of)) {}

  void run() {
    auto met = meet(call_, of_.root, of_.has_password);
    ping_ = std::move(met.ping);
    proof_ = std::move(met.proof);
    who_ = std::move(met.who);
    identity_check();
    if (who_.is != Identity::Kind::registry) return skip_the_rest();
    api_version();
    look();
    credentials();
    catalog();
    if (of_.full) {
      pull();
      anonymous_access();
    }
    capabilities();
  }

 private:
  bool is_open() const { return ping_.status == 200; }

  /// One after the other: several wrong logins at once lock accounts.
  void look() {
    if (!is_open() && of_.has_password && !proof_) proof_ = call_.attempt(ping_request(of_.root));
    if (refused()) return;
    if (is_open()) {
      anonymous_catalog_ = list(anonymous);
      const bool is_asked = anonymous_catalog_->status == 401 && of_.has_password;
      catalog_ = is_asked ? list(as_account) : *anonymous_catalog_;
    } else {
      catalog_ = list(as_account);
    }
  }

  response list(std::uint32_t who) {
    return ask(catalog_request(of_.root, of_.full ? samples : 1), who);
  }

  response ask(portolan::request request, std::uint32_t who) {
    request.flags |= who;
    return call_.attempt(request);
  }

  /// The password was sent and not accepted: it is not sent again.
  bool refused() const { return proof_ && !proof_->ok(); }
  /// Known and may not, once the password was accepted; before, who is there is the question.
  portolan_status refusal(const response& answer) const {
    return of_.has_password ? PORTOLAN_FORBIDDEN : code_of(answer);
  }
  bool needs_password() const {
    return !of_.has_password && !is_open() && who_.asks.scheme != "bearer";
  }

  void identity_check() {
    if (who_.is == Identity::Kind::unclear)
      out_.push(check{"identity"}
                    .unknown(code_of(ping_), who_.reason, ping_.as_failure().hint)
                    .seen(ping_));
    else if (who_.is == Identity::Kind::other)
      out_.push(check{"identity"}
                    .fail(PORTOLAN_PROTOCOL, who_.reason,
                          "check the address and the registry's type; a path may be missing")
                    .seen(ping_));
    else if (who_.is_harbor())
      out_.push(check{"identity"}
                    .warn(PORTOLAN_INVALID_CONFIG, "this is a Harbor, used as a plain registry",
                          "the type harbor tells more: projects, quotas, true storage")
                    .seen(ping_));
    else
      out_.push(check{"identity"}.ok(who_.reason).seen(ping_));
  }

  void skip(const char* name) {
    out_.push(check{name}.skipped("without credentials that are accepted nothing is tried"));
  }

  void skip_the_rest() {
    const auto skipped = [&](const char* name) {
      out_.push(check{name}.skipped("it is not known that a registry answers there"));
    };
    skipped("api-version");
    refused() ? credentials() : skipped("credentials");
    skipped("permissions.catalog");
    skipped("capabilities");
  }

  void api_version() {
    out_.push(check{"api-version"}
                  .ok(who_.api_version.empty() ? "registry API v2; the registry names no version"
                                               : who_.api_version)
                  .seen(ping_));
  }

  void credentials() {
    check one{"credentials"};
    if (needs_password()) {
      out_.push(std::move(one)
                    .fail(PORTOLAN_UNAUTHORIZED,
                          "the registry wants a user name and a password, and none were given",
                          "give both")
                    .seen(ping_));
    } else if (!of_.has_password) {
      out_.push(std::move(one).skipped("none were given").seen(ping_));
    } else if (is_open()) {
      open_credentials(std::move(one));
    } else if (proof_->ok()) {
      out_.push(
          std::move(one).ok("the registry accepts the user name and the password").seen(*proof_));
    } else {
      const auto problem = proof_->as_failure();
      const bool wrong = problem.code == PORTOLAN_UNAUTHORIZED ||
                         problem.code == PORTOLAN_FORBIDDEN || problem.code == PORTOLAN_POLICY;
      out_.push(
          wrong
              ? std::move(one).fail(problem.code, problem.message, problem.hint).seen(*proof_)
              : std::move(one).unknown(problem.code, problem.message, problem.hint).seen(*proof_));
    }
  }

  /// "/v2/" is open to everybody; the catalog may still ask who is there.
  void open_credentials(check one) {
    const bool asked = anonymous_catalog_->status == 401;
    if (asked && catalog_->ok()) {
      out_.push(std::move(one)
                    .ok("the catalog is open to this user name and password only")
                    .seen(*catalog_));
    } else if (asked && code_of(*catalog_) == PORTOLAN_UNAUTHORIZED) {
      out_.push(std::move(one)
                    .fail(PORTOLAN_UNAUTHORIZED, catalog_->as_failure().message,
                          "correct the user name or the password")
                    .seen(*catalog_));
    } else {
      out_.push(std::move(one)
                    .unknown(PORTOLAN_UNSUPPORTED,
                             "not verifiable: the registry is open and never asks for the password",
                             "remove the credentials, or close the registry")
                    .seen(ping_));
    }
  }

  void catalog() {
    if (refused() || needs_password()) return skip("permissions.catalog");
    check one{"permissions.catalog"};
    switch (access_of(*catalog_)) {
      case Access::granted:
        out_.push(std::move(one).ok("the repositories can be listed").seen(*catalog_));
        break;
      case Access::forbidden:
        out_.push(std::move(one)
                      .warn(refusal(*catalog_),
                            "the repositories may not be listed: " + words_of(*catalog_),
                            "statistics need the catalog: give the account the right to list it "
                            "(token scope registry:catalog:*)")
                      .seen(*catalog_));
        break;
      case Access::absent:
        out_.push(
            std::move(one)
                .skipped(
                    "the registry has no catalog: its repositories cannot be listed or counted")
                .seen(*catalog_));
        break;
      case Access::lost: {
        const auto problem = catalog_->as_failure();
        out_.push(
            std::move(one).unknown(problem.code, problem.message, problem.hint).seen(*catalog_));
      }
    }
  }

  std::vector<std::string> listed() const {
    std::vector<std::string> names;
    if (!catalog_ || access_of(*catalog_) != Access::granted) return names;
    try {
      catalog_->json()["repositories"].each([&](const portolan::json& name) {
        if (is_repository_name(name.string_or(""))) names.push_back(name.string_or(""));
      });
    } catch (const portolan::failure&) {
      // A catalog that is no JSON: permissions.catalog has said what it could.
    }
    return names;
  }

  response get_tags(const std::string& repository, std::uint32_t who) {
    portolan::request request(tags_url(of_.root, repository));
    request.scope = pull_scope(repository);
    return ask(std::move(request), who);
  }

  /// The first tag of a page, or empty.
  static std::string first_tag(const response& page) {
    try {
      auto names = NameList({{}, "tags", {}, 0, {}}).take(page);
      for (auto& name : names)
        if (is_reference(name)) return std::move(name);
    } catch (const portolan::failure&) {
      // Not a list: then there is nothing to try.
    }
    return {};
  }

  void pull() {
    if (refused() || needs_password()) return skip("permissions.pull");
    const auto names = listed();
    for (std::size_t i = 0; i < names.size() && i < 3; ++i) {
      const auto page = get_tags(names[i], as_account);
      if (is_unknown_name(page)) continue;
      sample_ = names[i];
      if (access_of(page) != Access::granted) return tell_pull(page, "its tags may not be listed");
      const auto tag = first_tag(page);
      if (tag.empty()) continue;
      const auto head = call_.attempt(manifest_request(of_.root, sample_, tag, "HEAD"));
      return tell_pull(head, "its manifests may not be read");
    }
    out_.push(check{"permissions.pull"}.skipped(
        names.empty() ? "there is no repository to try it with"
                      : "no repository with a tag was found to try it with"));
  }

  void tell_pull(const response& last, const char* what) {
    pulled_ = last;
    check one{"permissions.pull"};
    const auto got = access_of(last);
    if (got == Access::granted)
      out_.push(std::move(one).ok(sample_ + " can be pulled").seen(last));
    else if (got == Access::forbidden)
      out_.push(
          std::move(one)
              .warn(refusal(last), sample_ + ": " + what + ": " + words_of(last),
                    "give the account the right to pull it, or leave it out of what is counted")
              .seen(last));
    else
      out_.push(std::move(one)
                    .unknown(code_of(last), sample_ + ": " + words_of(last), last.as_failure().hint)
                    .seen(last));
  }

  /// What anybody can do who knows the address.
  void anonymous_access() {
    const bool known = !of_.has_password && !needs_password();  // All this was seen so.
    if (!anonymous_catalog_) anonymous_catalog_ = known ? *catalog_ : list(anonymous);
    const bool lists = access_of(*anonymous_catalog_) == Access::granted;
    auto page = known ? pulled_ : std::nullopt;
    if (!known) page = try_spaces();
    const bool pulls = page && access_of(*page) == Access::granted;
    std::string what = std::string("without credentials the repositories can") +
                       (lists ? "" : "not") + " be listed";
    if (page) what += ", and " + sample_ + " can" + (pulls ? "" : "not") + " be pulled";
    check one{"permissions.anonymous"};
    const auto& seen = page ? *page : *anonymous_catalog_;
    out_.push((of_.has_password && (lists || pulls)
                   ? std::move(one).warn(
                         PORTOLAN_INVALID_CONFIG, what,
                         "close the registry to anonymous callers if what it holds is private")
                   : std::move(one).ok(what))
                  .seen(seen));
  }

  /// Rights are given by name more often than not: one repository of each of a few spaces.
  std::optional<response> try_spaces() {
    std::optional<response> page;
    std::set<std::string> tried;
    for (const auto& name : listed()) {
      if (tried.size() == spaces_tried || !tried.insert(space_of(name)).second) continue;
      sample_ = name;
      page = get_tags(name, anonymous);
      if (access_of(*page) == Access::granted) break;
    }
    return page;
  }

  void capabilities() {
    if (refused() || needs_password()) return skip("capabilities");
    check one{"capabilities"};
    const bool lists = access_of(*catalog_) == Access::granted;
    one.detail = "deletion and pushing are not tried: nothing is changed";
    out_.push(std::move(one).ok(lists ? "catalog, tags" : "tags of repositories that are named"));
  }

  portolan::call& call_;
  portolan::out<check>& out_;
  const Subject of_;
  response ping_;
  Identity who_;
  std::optional<response> proof_;              // "/v2/" with the password.
  std::optional<response> anonymous_catalog_;  // The catalog without.
  std::optional<response> catalog_;            // The catalog as the account.
  std::string sample_;                         // A repository that was tried,
  std::optional<response> pulled_;             // and what came of it.
};

}  // namespace

void DockerRegistry::validate(portolan::call& call, portolan::depth depth,
                              portolan::out<portolan::check>& out) {
  Diagnosis(call, out, {root_, has_password_, depth == portolan::depth::full}).run();
}

}  // namespace docker_registry
