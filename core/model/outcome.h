#pragma once
/// What the calls answer, as plain values. JSON keys: docs/output.md.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/secret.h"

namespace portolan::model {

/// What integration found out about a registry.
struct Integration {
  std::string address;  ///< Canonical base URL.
  std::string product;  ///< "Harbor", "Distribution", ...
  std::string version;  ///< Empty when the registry does not say.
  std::string api_version;
  std::string account;    ///< Who we are there; empty = anonymous.
  std::string privilege;  ///< "administrator", "user", "robot", "anonymous", ...
  std::string pull_host;  ///< What an image reference starts with; empty = the address's authority.
  std::vector<std::string> capabilities;
  std::string facts_json;  ///< Opaque to the host; handed to every later instance.
};

enum class CheckState : std::uint32_t { ok = 0, warn = 1, fail = 2, skipped = 3, unknown = 4 };

/// The request behind a check. No query string, no secret.
struct Evidence {
  std::string method;
  std::string url;
  std::int32_t status = 0;  ///< HTTP status, 0 = none arrived.
  std::int64_t elapsed_us = 0;
  std::string detail;  ///< Free text, e.g. the resolved address or a certificate's end.
};

struct Check {
  std::string name;  ///< "dns", "credentials", "permissions.pull", ...
  CheckState state = CheckState::unknown;
  base::Code code = base::Code::ok;
  std::string message;
  std::string hint;
  std::optional<Evidence> evidence;
};

/// The worst of fail > unknown > warn > ok; skipped is ignored.
enum class Verdict { ok, warn, unknown, fail };

struct Validation {
  Verdict verdict = Verdict::unknown;
  std::vector<Check> checks;  ///< In the order they were made.
};

enum class MeasureState : std::uint32_t {
  known = 0,
  partial = 1,
  unknown = 2,
  unsupported = 3,
  forbidden = 4
};
enum class Scope : std::uint32_t {
  registry = 0,
  account = 1
};  ///< JSON "visibility" of a measure.
enum class MeasureKind : std::uint32_t { none = 0, logical = 1, deduplicated = 2, physical = 3 };
enum class Visibility : std::uint32_t {
  unknown = 0,
  open = 1,
  closed = 2
};  ///< JSON null, "public", "private".

struct Measure {
  std::string name;        ///< "repositories", "storage_bytes", ...
  std::int64_t value = 0;  ///< Meaningful only when known or partial.
  MeasureState state = MeasureState::unknown;
  Scope scope = Scope::registry;
  MeasureKind kind = MeasureKind::none;  ///< none for counts.
  std::string unit;                      ///< "count" or "bytes".
  std::int64_t taken_at_ms = 0;          ///< Unix time.
  std::string hint;                      ///< Why it is not known and what would tell; may be empty.
  bool cut = false;  ///< Not complete because a budget, deadline or cancel ended it.
};

/// A measure, and of which space; empty = of the registry.
struct FoundMeasure {
  std::string space;
  Visibility visibility = Visibility::unknown;  ///< Of the space.
  Measure measure;
};

struct SpaceMeasures {
  std::string name;
  Visibility visibility = Visibility::unknown;
  std::vector<Measure> measures;
};

enum class Level : std::uint32_t { quick = 0, normal = 1, deep = 2 };
enum class Depth : std::uint32_t { quick = 0, full = 1 };

struct Statistics {
  Level level = Level::normal;
  bool complete = false;          ///< Nothing asked for at this level is partial or cut.
  std::vector<Measure> measures;  ///< Of the registry.
  std::vector<SpaceMeasures> spaces;
};

/// One row of a catalogue listing; fields that the registry's list does not give are empty or -1.
struct Space {
  std::string name, upstream_id;
  Visibility visibility = Visibility::unknown;
  std::int64_t repositories = -1;
  bool proxy_cache = false;  ///< A mirror: nothing can be pushed to it.
};
struct Repository {
  std::string name, space;
  std::int64_t artifacts = -1, pulls = -1, updated_ms = -1;
};
struct Tag {
  std::string repository, name, digest;
};
struct Artifact {
  std::string repository, digest, media_type;
  std::vector<std::string> tags;
  std::int64_t bytes = -1, pushed_ms = -1;
};

/// What a robot may do in one space.
struct Grant {
  std::string space;
  bool push = false;  ///< Pull and push; else pull only.
};

/// A credential that the registry made for us.
struct Robot {
  std::string id;                ///< The registry's.
  std::string username;          ///< As a client logs in.
  base::Secret secret;           ///< Empty where no new one was made.
  std::int64_t expires_ms = -1;  ///< Unix time; -1: never.
};

/// What a plugin keeps from one collection of a registry for the next, by key; opaque to everybody
/// but the plugin.
using Notes = std::map<std::string, std::string, std::less<>>;

/// Of one collection: what it may recall, and what it remembers in the place of that. Nothing
/// remembered leaves everything as it was.
struct Memory {
  Notes recalled, remembered;
};

/// How sure a type is that an address is its own.
struct Detection {
  std::string type;
  int score = 0;  ///< 0..100.
  std::string reason;
};

// Their words, as JSON, tables and the document spell them.
std::string_view to_string(CheckState state);    ///< ok warn fail skipped unknown
std::string_view to_string(Verdict verdict);     ///< ok warn unknown fail
std::string_view to_string(MeasureState state);  ///< known partial unknown unsupported forbidden
std::string_view to_string(Scope scope);         ///< registry account
std::string_view to_string(MeasureKind kind);    ///< "" logical deduplicated physical
std::string_view to_string(Visibility v);        ///< "" public private
std::string_view to_string(Level level);         ///< quick normal deep
std::string_view to_string(Depth depth);         ///< quick full

/// The worst of fail > unknown > warn > ok; skipped is ignored; nothing at all is unknown.
Verdict verdict_of(const std::vector<Check>& checks);

}  // namespace portolan::model
