#pragma once
/// What the calls take and give back, in C++; out<T> carries items over the border. The braces let
/// an author leave members out under -Wextra.
#include <string>
#include <utility>
#include <vector>

#include "http.hpp"

namespace portolan::inline v1 {

/// The registry an instance speaks to.
struct registry {
  std::string type;
  std::string base;      ///< Canonical, no trailing slash.
  std::string username;  ///< Empty: none was given.
  bool has_password = false;
  json options;  ///< An object with the schema's defaults filled in.
  json facts;    ///< What integrate() gave as facts; absent before it.
};

struct integration {
  using raw = portolan_integration;
  std::string address{}, product{}, version{}, api_version{}, account{}, privilege{}, pull_host{},
      facts_json{};
  std::vector<std::string> capabilities{};
};

enum class depth : std::uint32_t { quick = PORTOLAN_DEPTH_QUICK, full = PORTOLAN_DEPTH_FULL };
enum class level : std::uint32_t {
  quick = PORTOLAN_LEVEL_QUICK,
  normal = PORTOLAN_LEVEL_NORMAL,
  deep = PORTOLAN_LEVEL_DEEP
};

/// One step of a diagnosis: check{"credentials"}.fail(…).seen(answer). Each word gives a new value,
/// so that `c = std::move(c).seen(answer)` is right as well.
struct check {
  using raw = portolan_check;
  std::string name;
  std::uint32_t state = PORTOLAN_CHECK_UNKNOWN;
  portolan_status code = PORTOLAN_OK;
  std::string message, hint, method, url, detail;
  int http_status = 0;
  std::int64_t elapsed_us = 0;

  explicit check(std::string name_) : name(std::move(name_)) {}

  [[nodiscard]] check ok(std::string what) && {
    return set(PORTOLAN_CHECK_OK, PORTOLAN_OK, std::move(what), {});
  }
  [[nodiscard]] check skipped(std::string why) && {
    return set(PORTOLAN_CHECK_SKIPPED, PORTOLAN_OK, std::move(why), {});
  }
  [[nodiscard]] check warn(portolan_status why, std::string what, std::string to_do) && {
    return set(PORTOLAN_CHECK_WARN, why, std::move(what), std::move(to_do));
  }
  [[nodiscard]] check fail(portolan_status why, std::string what, std::string to_do) && {
    return set(PORTOLAN_CHECK_FAIL, why, std::move(what), std::move(to_do));
  }
  [[nodiscard]] check unknown(portolan_status why, std::string what, std::string to_do) && {
    return set(PORTOLAN_CHECK_UNKNOWN, why, std::move(what), std::move(to_do));
  }
  [[nodiscard]] check fail(const failure& why) && {
    return set(PORTOLAN_CHECK_FAIL, why.code, why.message, why.hint);
  }
  /// The answer behind it, as evidence.
  [[nodiscard]] check seen(const response& answer) && {
    method = answer.method;
    url = answer.url;
    http_status = answer.status;
    elapsed_us = answer.elapsed_us;
    return std::move(*this);
  }

 private:
  [[nodiscard]] check set(std::uint32_t state_, portolan_status code_, std::string message_,
                          std::string hint_) {
    state = state_;
    code = code_;
    message = std::move(message_);
    hint = std::move(hint_);
    return std::move(*this);
  }
};

/// One number with its state: measure{"repositories"}.known(12).
struct measure {
  using raw = portolan_measure;
  std::string name;
  std::string unit = "count";  ///< Or "bytes".
  std::string space;           ///< Empty: of the registry.
  std::string hint;
  std::uint32_t state = PORTOLAN_MEASURE_UNKNOWN, scope = PORTOLAN_SCOPE_REGISTRY,
                kind = PORTOLAN_KIND_NONE, flags = 0,
                space_visibility = PORTOLAN_VISIBILITY_UNKNOWN;
  std::int64_t value = 0, taken_at_ms = 0;

  explicit measure(std::string name_) : name(std::move(name_)) {}

  [[nodiscard]] measure known(std::int64_t v) && { return set(PORTOLAN_MEASURE_KNOWN, v, {}); }
  [[nodiscard]] measure partial(std::int64_t v, std::string why) && {
    return set(PORTOLAN_MEASURE_PARTIAL, v, std::move(why));
  }
  /// What a walk over the registry counted: known after all of it, else as far as it came.
  [[nodiscard]] measure counted(std::int64_t v, ended how) && {
    if (how == ended::all) return std::move(*this).known(v);
    std::string why = how == ended::budget ? "the request budget is spent: raise --max-requests"
                                           : "the time was over: raise --timeout";
    return v == 0 ? std::move(*this).unknown(std::move(why)).cut()
                  : std::move(*this).partial(v, std::move(why)).cut();
  }
  [[nodiscard]] measure unknown(std::string why) && {
    return set(PORTOLAN_MEASURE_UNKNOWN, 0, std::move(why));
  }
  [[nodiscard]] measure unsupported(std::string why) && {
    return set(PORTOLAN_MEASURE_UNSUPPORTED, 0, std::move(why));
  }
  [[nodiscard]] measure forbidden(std::string why) && {
    return set(PORTOLAN_MEASURE_FORBIDDEN, 0, std::move(why));
  }
  [[nodiscard]] measure of_account() && {
    scope = PORTOLAN_SCOPE_ACCOUNT;
    return std::move(*this);
  }
  [[nodiscard]] measure bytes(std::uint32_t kind_) && {
    unit = "bytes";
    kind = kind_;
    return std::move(*this);
  }
  /// Ended by budget, deadline or cancel.
  [[nodiscard]] measure cut() && {
    flags |= PORTOLAN_MEASURE_CUT;
    return std::move(*this);
  }
  [[nodiscard]] measure in(std::string space_,
                           std::uint32_t visibility = PORTOLAN_VISIBILITY_UNKNOWN) && {
    space = std::move(space_);
    space_visibility = visibility;
    return std::move(*this);
  }

 private:
  [[nodiscard]] measure set(std::uint32_t state_, std::int64_t value_, std::string hint_) {
    state = state_;
    value = value_;
    hint = std::move(hint_);
    return std::move(*this);
  }
};

struct query {
  std::string space{}, repository{}, cursor{};
  std::uint64_t limit = 0;  ///< 0: all.
};
struct space {
  using raw = portolan_space;
  std::string name{}, upstream_id{};
  std::uint32_t visibility = PORTOLAN_VISIBILITY_UNKNOWN;
  std::int64_t repositories = -1;
  std::uint32_t flags = 0;  ///< PORTOLAN_SPACE_*
};
struct repository {
  using raw = portolan_repository;
  std::string name{}, space{};
  std::int64_t artifacts = -1, pulls = -1, updated_ms = -1;
};
struct tag {
  using raw = portolan_tag;
  std::string repository{}, name{}, digest{};
};
struct artifact {
  using raw = portolan_artifact;
  std::string repository{}, digest{}, media_type{};
  std::vector<std::string> tags{};
  std::int64_t bytes = -1, pushed_ms = -1;
};
struct robot {
  using raw = portolan_robot;
  std::string id{}, username{};
  std::string secret_handle{};  ///< What request::secret_pointer left in a new secret's place.
  std::int64_t expires_ms = -1;
};
/// What a robot may do in one space: pull, and perhaps push.
struct grant {
  std::string space{};
  std::uint32_t rights = PORTOLAN_ROBOT_PULL;
  bool may_push() const { return (rights & PORTOLAN_ROBOT_PUSH) != 0; }
};
struct detection {
  using raw = portolan_detection;
  unsigned score = 0;  ///< 0..100
  std::string reason{};
};

}  // namespace portolan::inline v1
