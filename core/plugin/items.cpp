#include "plugin/items.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/json.h"
#include "plugin/abi_read.h"

namespace portolan::plugin {
namespace {

constexpr std::array<std::string_view, 5> host_checks = {"address", "dns", "tcp", "tls", "http"};
constexpr std::array<std::string_view, 4> privileges = {"administrator", "user", "robot",
                                                        "anonymous"};
constexpr std::size_t word_max = 64;

/// [a-z0-9][a-z0-9._-]*, at most 64: names that end up as JSON values, table columns and flags.
bool is_word(std::string_view word) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !word.empty() && word.size() <= word_max && plain(word[0]) &&
         std::all_of(word.begin(), word.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

std::string without_query(std::string url) {
  url.resize(std::min(url.size(), url.find_first_of("?#")));
  return url;
}

model::Visibility visibility_of(std::uint32_t value) {
  return value == PORTOLAN_VISIBILITY_PUBLIC    ? model::Visibility::open
         : value == PORTOLAN_VISIBILITY_PRIVATE ? model::Visibility::closed
                                                : model::Visibility::unknown;
}

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// Numbers that a list does not tell are -1; anything else below zero says the same.
std::int64_t told(std::int64_t value) { return std::max<std::int64_t>(value, -1); }

}  // namespace

base::Code code_of(portolan_status status) {
  const auto code = static_cast<base::Code>(status);
  // From 1000 on the codes are the host's own.
  return status >= 1000 || base::to_string(code) == "internal" ? base::Code::internal : code;
}

bool is_host_check(std::string_view name) {
  return std::find(host_checks.begin(), host_checks.end(), name) != host_checks.end();
}

bool same_origin(const std::string& address, const std::string& other) {
  const auto one = base::parse_address(address);
  const auto two = base::parse_address(other);
  return one && two && one->origin() == two->origin();
}

std::string read_item(const portolan_integration& from, model::Integration& out) {
  const std::string address = text(from.address, model::limits::url_bytes);
  const auto url = base::parse_address(address);
  if (!url) return "its canonical address is no address: \"" + without_query(address) + "\"";
  out.address = url->text();
  out.product = text(from.product);
  out.version = text(from.version);
  out.api_version = text(from.api_version);
  out.account = text(from.account);
  out.privilege = text(from.privilege);
  if (std::find(privileges.begin(), privileges.end(), out.privilege) == privileges.end())
    out.privilege = "unknown";
  out.pull_host = text(from.pull_host);
  if (from.facts_json.len > model::limits::facts_bytes) {
    return "its facts have " + std::to_string(from.facts_json.len) + " bytes, at most " +
           std::to_string(model::limits::facts_bytes) + " are allowed";
  }
  out.facts_json = from.facts_json.len == 0 ? "{}" : view(from.facts_json);
  const auto facts = base::parse_json(out.facts_json);
  if (!facts || !facts->is_object()) return "its facts are no JSON object";
  if (from.capability_count > model::limits::capabilities) return "it names too many capabilities";
  out.capabilities.clear();
  for (std::uint64_t i = 0; from.capabilities && i < from.capability_count; ++i) {
    std::string word = text(from.capabilities[i]);
    if (!is_word(word)) return "a capability is no plain word: \"" + word + "\"";
    out.capabilities.push_back(std::move(word));
  }
  return {};
}

std::string read_item(const portolan_check& from, model::Check& out) {
  out.name = text(from.name);
  if (!is_word(out.name)) return "a check's name is no plain word: \"" + out.name + "\"";
  if (is_host_check(out.name)) return "the check \"" + out.name + "\" is the host's own";
  out.state = from.state <= PORTOLAN_CHECK_UNKNOWN ? static_cast<model::CheckState>(from.state)
                                                   : model::CheckState::unknown;
  out.code = out.state == model::CheckState::ok ? base::Code::ok : code_of(from.code);
  if (out.state == model::CheckState::fail && out.code == base::Code::ok)
    out.code = base::Code::internal;
  out.message = text(from.message);
  if (out.message.empty()) return "the check \"" + out.name + "\" has no message";
  out.hint = text(from.hint);
  if (view(from.method).empty() && view(from.url).empty() && view(from.detail).empty()) return {};
  out.evidence = model::Evidence{
      text(from.method, word_max), without_query(text(from.url, model::limits::url_bytes)),
      from.http_status, std::max<std::int64_t>(from.elapsed_us, 0), text(from.detail)};
  return {};
}

std::string read_item(const portolan_measure& from, model::FoundMeasure& found) {
  model::Measure& out = found.measure;
  out.name = text(from.name);
  if (!is_word(out.name)) return "a measure's name is no plain word: \"" + out.name + "\"";
  if (from.scope > PORTOLAN_SCOPE_ACCOUNT)
    return "the measure \"" + out.name + "\" has an unknown scope";
  if (from.kind > PORTOLAN_KIND_PHYSICAL)
    return "the measure \"" + out.name + "\" has an unknown kind";
  out.state = from.state <= PORTOLAN_MEASURE_FORBIDDEN
                  ? static_cast<model::MeasureState>(from.state)
                  : model::MeasureState::unknown;
  out.scope = static_cast<model::Scope>(from.scope);
  out.kind = static_cast<model::MeasureKind>(from.kind);
  const bool has_value =
      out.state == model::MeasureState::known || out.state == model::MeasureState::partial;
  if (has_value && from.value < 0) return "the measure \"" + out.name + "\" is below zero";
  out.value = has_value ? from.value : 0;
  out.unit = text(from.unit);
  if (out.unit != "count" && out.unit != "bytes") {
    return "the measure \"" + out.name + "\" counts in \"" + out.unit +
           "\", neither count nor bytes";
  }
  out.taken_at_ms = from.taken_at_ms > 0 ? from.taken_at_ms : now_ms();
  out.hint = text(from.hint);
  out.cut = (from.flags & PORTOLAN_MEASURE_CUT) != 0;
  found.space = text(from.space);
  found.visibility = visibility_of(from.space_visibility);
  return {};
}

std::string read_item(const portolan_detection& from, model::Detection& out) {
  if (from.score > 100) return "its score is " + std::to_string(from.score) + ", not 0 to 100";
  out.score = static_cast<int>(from.score);
  out.reason = text(from.reason);
  return {};
}

std::string read_item(const portolan_space& from, model::Space& out) {
  out.name = text(from.name);
  out.upstream_id = text(from.upstream_id);
  out.visibility = visibility_of(from.visibility);
  out.repositories = told(from.repositories);
  out.proxy_cache = (from.flags & PORTOLAN_SPACE_PROXY_CACHE) != 0;
  return out.name.empty() ? "a space has no name" : "";
}

std::string read_item(const portolan_repository& from, model::Repository& out) {
  out.name = text(from.name);
  out.space = text(from.space);
  out.artifacts = told(from.artifacts);
  out.pulls = told(from.pulls);
  out.updated_ms = told(from.updated_ms);
  return out.name.empty() ? "a repository has no name" : "";
}

std::string read_item(const portolan_tag& from, model::Tag& out) {
  out.repository = text(from.repository);
  out.name = text(from.name);
  out.digest = text(from.digest);
  return out.name.empty() ? "a tag has no name" : "";
}

std::string read_item(const portolan_artifact& from, model::Artifact& out) {
  out.repository = text(from.repository);
  out.digest = text(from.digest);
  out.media_type = text(from.media_type);
  if (from.tag_count > model::limits::artifact_tags) return "an artifact has too many tags";
  for (std::uint64_t i = 0; from.tags && i < from.tag_count; ++i) {
    out.tags.push_back(text(from.tags[i]));
  }
  out.bytes = told(from.bytes);
  out.pushed_ms = told(from.pushed_ms);
  return out.digest.empty() ? "an artifact has no digest" : "";
}

std::string read_item(const portolan_robot& from, model::Robot& out, std::string& handle) {
  out.id = text(from.id);
  out.username = text(from.username);
  if (out.id.empty() || out.username.empty()) return "a robot has no id or no user name";
  // They are handed back and logged in with: a cleaned one would be another.
  if (out.id != view(from.id) || out.username != view(from.username))
    return "a robot's id or user name is no plain text";
  handle = text(from.secret_handle);
  out.expires_ms = told(from.expires_ms);
  return {};
}

}  // namespace portolan::plugin
