/// What can be said of a registry before anybody is contacted.
#include <algorithm>

#include "base/json.h"
#include "base/url.h"
#include "engine/fleet.h"
#include "engine/registries.h"
#include "net/trust.h"
#include "plugin/plugin_set.h"
#include "router/config_json.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Error;
using base::Json;

constexpr std::size_t name_bytes = 63;

bool is_small(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// Whether a value is written as documents write references: {"env": "NAME"}.
bool is_reference(const Json& value) {
  constexpr std::string_view kinds[] = {"env", "file", "credential", "stdin", "exec"};
  return value.is_object() && value.members().size() == 1 &&
         std::find(std::begin(kinds), std::end(kinds), value.members().front().first) !=
             std::end(kinds);
}

/// The pointer of the first reference in `json`, or empty.
std::string reference_in(const Json& json, const std::string& at) {
  if (is_reference(json)) return at;
  for (const auto& [key, value] : json.members()) {
    if (auto found = reference_in(value, base::pointer_below(at, key)); !found.empty())
      return found;
  }
  for (std::size_t i = 0; i < json.items().size(); ++i) {
    const std::string place = at + "/" + std::to_string(i);
    if (auto found = reference_in(json.items()[i], place); !found.empty()) return found;
  }
  return {};
}

/// Goes through one draft, normalises it and gathers every mistake.
class DraftCheck {
 public:
  DraftCheck(model::RegistryRecord& draft, const plugin::PluginSet& plugins)
      : draft_(draft), settings_(draft.settings), plugins_(plugins) {}

  base::Result<void> run() {
    name();
    address();
    credentials();
    tls();
    proxy();
    pull_host();
    options();
    if (message_.empty()) return {};
    return Error{.code = Code::invalid_config, .message = message_, .hint = hint_, .where = where_};
  }

 private:
  void add(const std::string& pointer, const std::string& message, const std::string& hint = {}) {
    message_ += (message_.empty() ? "" : "; ") + pointer + ": " + message;
    if (where_.empty()) where_ = pointer;
    if (hint_.empty()) hint_ = hint;
  }

  void name() {
    if (!is_registry_name(settings_.name))
      add("/name", "expected small letters, digits, '.', '_' and '-', 63 at most",
          "A name begins with a letter or a digit.");
  }

  void address() {
    const auto url = base::parse_address(settings_.address);
    if (!url) return add("/address", url.error().message, url.error().hint);
    settings_.address = url->text();
    const bool exposed = url->scheme == "http" && !url->is_loopback_literal();
    if (exposed && !settings_.credentials.password.empty() && !settings_.allow_plain_http)
      add("/address", "the password would travel in clear",
          "Use https, or set allow_plain_http to true.");
  }

  void credentials() {
    const model::Credentials& given = settings_.credentials;
    for (std::size_t i = 0; i < given.trusted_realms.size(); ++i) {
      if (base::is_origin(given.trusted_realms[i])) continue;
      add("/credentials/trusted_realms/" + std::to_string(i),
          "expected an origin such as https://auth.example.com, without a path");
    }
  }

  void tls() {
    const model::Tls& tls = settings_.tls;
    if (tls.client_certificate_pem.empty() != tls.client_key_pem.empty()) {
      const char* missing = tls.client_key_pem.empty() ? "client_key" : "client_certificate";
      add("/tls/" + std::string(missing), "certificate and key are given together or not at all");
    }
    if (tls.minimum_version != "1.2" && tls.minimum_version != "1.3")
      add("/tls/minimum_version", "expected \"1.2\" or \"1.3\"");
    if (!tls.pin_sha256.empty() && !net::is_pin(tls.pin_sha256))
      add("/tls/pin_sha256", "expected the Base64 of a SHA-256");
  }

  void proxy() {
    if (settings_.proxy.empty()) return;
    const auto url = base::parse_proxy(settings_.proxy);
    if (!url) add("/proxy", url.error().message, url.error().hint);
  }

  void pull_host() {
    if (draft_.pull_host.empty()) return;
    const bool has_scheme = draft_.pull_host.find("://") != std::string::npos;
    const auto url = base::parse_address("https://" + draft_.pull_host);
    if (has_scheme || !url || !url->path.empty())
      return add("/pull_host", "expected a host, or host:port");
    draft_.pull_host = url->authority();
  }

  void options() {
    const auto options = base::parse_json(settings_.options_json);
    if (!options || !options->is_object()) return add("/options", "expected a JSON object");
    if (const std::string at = reference_in(*options, "/options"); !at.empty())
      return add(at, "a reference stands where the value is needed",
                 "References are resolved by the client: send the value.");
    const plugin::Note::Type* type = plugins_.type(settings_.type);
    if (!type) return;  // Who makes the registry says why there is none.
    const auto made = router::make_config_json(*type, settings_);
    if (made) return;
    message_ += (message_.empty() ? "" : "; ") + made.error().message;
    if (where_.empty()) where_ = pointer_in(made.error().message);
    if (hint_.empty()) hint_ = made.error().hint;
  }

  /// "/options/page_size: expected ..." names its field itself.
  static std::string pointer_in(const std::string& message) {
    return message.rfind('/', 0) == 0 ? message.substr(0, message.find(": ")) : "/credentials";
  }

  model::RegistryRecord& draft_;
  model::Registry& settings_;
  const plugin::PluginSet& plugins_;
  std::string message_, hint_, where_;
};

}  // namespace

bool is_registry_name(std::string_view text) {
  if (text.empty() || text.size() > name_bytes || !is_small(text.front())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_small(c) || c == '.' || c == '_' || c == '-'; });
}

base::Result<void> Registries::check_draft(model::RegistryRecord& draft) const {
  if (auto checked = DraftCheck(draft, daemon_.plugins).run(); !checked) return checked;
  // Type, certificates and what else the upstream's own settings need.
  auto made = fleet_.draft(draft);
  if (made) return {};
  base::Error error = std::move(made).error();
  if (error.code == base::Code::tls) {  // Nobody's handshake failed: what was sent is no PEM.
    error.code = base::Code::invalid_config;
    error.where = "/tls";
  }
  return error;
}

}  // namespace portolan::engine
