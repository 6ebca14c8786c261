
#include <algorithm>

#include "base/quantity.h"
#include "base/text.h"
#include "base/url.h"
#include "manifest/checks.h"

namespace portolan::manifest {
namespace {

constexpr std::string_view references[] = {"/credentials/passwordFrom", "/tls/caFrom",
                                           "/tls/clientCertificateFrom", "/tls/clientKeyFrom",
                                           "/proxyFrom"};
constexpr std::string_view durations[] = {"/timeouts/connect",    "/timeouts/request",
                                          "/timeouts/validation", "/timeouts/statistics",
                                          "/check/interval",      "/check/timeout"};
constexpr std::pair<std::string_view, std::string_view> exclusions[] = {
    {"/scope", "/workspace"},
    {"/proxy", "/proxyFrom"},
    {"/tls/ca", "/tls/caFrom"},
    {"/tls/clientCertificate", "/tls/clientCertificateFrom"}};

std::string field_name(std::string_view pointer) {
  return std::string(pointer.substr(pointer.rfind('/') + 1));
}

/// The checks of one registry of a document.
class RegistryCheck {
 public:
  RegistryCheck(const Document& document, const std::string& pointer, const TypeSchemas& types,
                std::vector<Mistake>& mistakes)
      : document_(document),
        registry_(*document.value.at_pointer(pointer)),
        pointer_(pointer),
        types_(types),
        mistakes_(mistakes) {}

  void run() {
    check_type();
    check_credentials();
    check_client_certificate();
    check_addresses();
    for (const auto reference : references) check_reference(reference);
    for (const auto duration : durations) check_duration(duration);
    for (const auto& [one, other] : exclusions) {
      if (has(one) && has(other)) add(other, "may not stand beside " + field_name(one));
    }
  }

 private:
  const base::Json* get(std::string_view below) const { return registry_.at_pointer(below); }
  bool has(std::string_view below) const { return get(below) != nullptr; }
  const std::string* text(std::string_view below) const {
    const base::Json* value = get(below);
    return value ? value->as_string() : nullptr;
  }

  Mistake& add(std::string_view below, std::string message) {
    const std::string pointer = pointer_ + std::string(below);
    return mistakes_.emplace_back(document_.mistake(pointer, std::move(message)));
  }

  void check_type() {
    const std::string* type = text("/type");
    if (!type || types_.unavailable.count(*type) != 0) return;
    const auto known = types_.ready.find(*type);
    if (known != types_.ready.end()) return check_by(known->second, *type);
    std::vector<std::string> names(types_.unavailable.begin(), types_.unavailable.end());
    for (const auto& [name, schema] : types_.ready) names.push_back(name);
    Mistake& mistake = add("/type", "no plugin implements the type \"" + *type + '"');
    mistake.found = "the string \"" + base::clean_text(*type, 64) + '"';
    mistake.expected = "the type of an installed plugin";
    mistake.nearest = base::nearest_name(*type, names);
  }

  void check_by(const base::Schema& schema, const std::string& type) {
    for (const base::SchemaMistake& found : schema.check(type_document(registry_))) {
      const bool password = found.pointer == "/credentials/password";
      std::string pointer = pointer_ + (password ? "/credentials/passwordFrom" : found.pointer);
      // A value that is there but has the wrong shape was told by the document's own schema.
      if (password && has("/credentials/passwordFrom")) continue;
      if (document_.is_broken(pointer)) continue;
      Mistake mistake = to_mistake(document_, pointer, found);
      const bool missing = found.about_key && document_.places.count(pointer) == 0;
      if (missing) mistake.message += "; the type \"" + type + "\" requires it";
      told_missing_ = told_missing_ || missing;
      mistakes_.push_back(std::move(mistake));
    }
  }

  void check_credentials() {
    const bool username = has("/credentials/username"), password = has("/credentials/passwordFrom");
    if (username == password || told_missing_) return;
    if (username) {
      add("/credentials/passwordFrom", "this field is missing beside \"username\"");
    } else {
      add("/credentials/username", "this field is missing beside \"passwordFrom\"");
    }
  }

  void check_client_certificate() {
    const bool certificate = has("/tls/clientCertificate") || has("/tls/clientCertificateFrom");
    const bool key = has("/tls/clientKeyFrom");
    if (certificate && !key)
      add("/tls/clientKeyFrom", "this field is missing beside the certificate");
    if (key && !certificate) {
      add("/tls/clientCertificateFrom", "this field is missing beside \"clientKeyFrom\"");
    }
  }

  void check_addresses() {
    if (const std::string* address = text("/address")) {
      auto url = base::parse_address(*address);
      if (!url) add_error("/address", url.error());
      if (url) check_plain_http(*url);
    }
    if (const std::string* proxy = text("/proxy")) {
      if (auto read = base::parse_proxy(*proxy); !read) add_error("/proxy", read.error());
    }
    const base::Json* realms = get("/credentials/trustedRealms");
    if (!realms) return;
    for (std::size_t i = 0; i < realms->items().size(); ++i) {
      const std::string* realm = realms->items()[i].as_string();
      if (!realm || base::is_origin(*realm)) continue;
      add("/credentials/trustedRealms/" + std::to_string(i),
          "expected an origin such as https://auth.example.com, without a path");
    }
  }

  void check_plain_http(const base::Url& url) {
    const base::Json* allowed = get("/allowPlainHttp");
    const bool exposed = url.scheme == "http" && !url.is_loopback_literal();
    if (!exposed || !has("/credentials/passwordFrom") || (allowed && allowed->as_bool() == true))
      return;
    add("/address", "the password would travel in clear; use https, or write allowPlainHttp: true");
  }

  void add_error(std::string_view below, const base::Error& error) {
    add(below, message_of(error));
  }

  void check_reference(std::string_view below) {
    const base::Json* reference = get(below);
    if (!reference || !reference->is_object()) return;
    const auto& kinds = reference->members();
    const bool known = std::all_of(kinds.begin(), kinds.end(), [&](const auto& kind) {
      return kind.first == "env" || kind.first == "file" || kind.first == "credential" ||
             kind.first == "stdin";
    });
    if (known && kinds.size() != 1) add(below, "exactly one source must be named");
  }

  void check_duration(std::string_view below) {
    const std::string* span = text(below);
    const auto parsed = span ? base::parse_duration(*span) : std::nullopt;
    if (parsed && parsed->count() == 0) add(below, "this time must be longer than zero");
  }

  const Document& document_;
  const base::Json& registry_;
  const std::string pointer_;
  const TypeSchemas& types_;
  std::vector<Mistake>& mistakes_;
  bool told_missing_ = false;
};

}  // namespace

base::Json type_document(const base::Json& registry) {
  base::Json credentials = base::Json::object(), document = base::Json::object();
  if (const base::Json* username = registry.at_pointer("/credentials/username")) {
    credentials.set("username", *username);
  }
  if (registry.at_pointer("/credentials/passwordFrom")) {
    base::Json secret = base::Json::object();
    secret.set("$secret", base::Json::string("password"));
    credentials.set("password", std::move(secret));
  }
  document.set("credentials", std::move(credentials));
  const base::Json* options = registry.find("options");
  document.set("options", options ? *options : base::Json::object());
  return document;
}

void check_registries(const Document& document, const TypeSchemas& types,
                      std::vector<Mistake>& mistakes) {
  const base::Json* registries = document.value.at_pointer("/spec/registries");
  if (!registries) return;
  for (std::size_t i = 0; i < registries->items().size(); ++i) {
    RegistryCheck(document, "/spec/registries/" + std::to_string(i), types, mistakes).run();
  }
}

void check_network(const Document& document, std::vector<Mistake>& mistakes) {
  const base::Json* allow = document.value.at_pointer("/spec/network/allow");
  if (!allow) return;
  for (std::size_t i = 0; i < allow->items().size(); ++i) {
    const std::string* rule = allow->items()[i].as_string();
    if (!rule || is_network_rule(*rule)) continue;
    mistakes.push_back(document.mistake("/spec/network/allow/" + std::to_string(i),
                                        "expected a network such as 10.0.0.0/8, or host:port"));
  }
}

}  // namespace portolan::manifest
