#include "base/quantity.h"
#include "base/url.h"
#include "manifest/checks.h"
#include "manifest/manifest.h"

namespace portolan::manifest {
namespace {

using base::Json;

/// Makes one registry of a document that has no mistakes.
class RegistryMaker {
 public:
  RegistryMaker(const Document& document, std::string pointer, const References& references,
                std::vector<Mistake>& mistakes)
      : document_(document),
        json_(*document.value.at_pointer(pointer)),
        pointer_(std::move(pointer)),
        references_(references),
        mistakes_(mistakes) {}

  model::Registry make(const TypeSchemas& types) {
    model::Registry registry;
    registry.name = text("/name");
    registry.type = text("/type");
    registry.address = canonical(text("/address"));
    registry.allow_plain_http = flag("/allowPlainHttp");
    registry.proxy = has("/proxy") ? text("/proxy") : proxy_from();
    registry.credentials = credentials();
    registry.tls = tls();
    registry.timeouts = timeouts();
    registry.options_json = options(types, registry.type);
    registry.where = where();
    return registry;
  }

 private:
  bool has(std::string_view below) const { return json_.at_pointer(below) != nullptr; }
  std::string text(std::string_view below) const {
    const Json* value = json_.at_pointer(below);
    return value ? *value->as_string() : "";
  }
  bool flag(std::string_view below) const {
    const Json* value = json_.at_pointer(below);
    return value && *value->as_bool();
  }

  static std::string canonical(const std::string& address) {
    const auto url = base::parse_address(address);
    return url ? url->text() : address;
  }

  void add(std::string_view below, const base::Error& error) {
    mistakes_.push_back(document_.mistake(pointer_ + std::string(below), message_of(error)));
  }

  base::Secret secret(std::string_view below, Privacy privacy) {
    const Json* reference = json_.at_pointer(below);
    if (!reference) return {};
    auto value = read_reference(*reference, document_.folder, privacy, references_);
    if (value) return *std::move(value);
    add(below, value.error());
    return {};
  }

  std::string proxy_from() {
    std::string proxy = secret("/proxyFrom", Privacy::open).reveal();
    if (proxy.empty()) return proxy;
    if (const auto read = base::parse_proxy(proxy); !read) add("/proxyFrom", read.error());
    return proxy;
  }

  model::Credentials credentials() {
    model::Credentials credentials;
    credentials.username = text("/credentials/username");
    credentials.password = secret("/credentials/passwordFrom", Privacy::secret);
    if (const Json* realms = json_.at_pointer("/credentials/trustedRealms")) {
      for (const Json& realm : realms->items()) {
        credentials.trusted_realms.push_back(base::parse_url(*realm.as_string())->origin());
      }
    }
    return credentials;
  }

  model::Tls tls() {
    model::Tls tls;
    tls.ca_pem = has("/tls/ca") ? text("/tls/ca") : secret("/tls/caFrom", Privacy::open).reveal();
    tls.client_certificate_pem = has("/tls/clientCertificate")
                                     ? text("/tls/clientCertificate")
                                     : secret("/tls/clientCertificateFrom", Privacy::open).reveal();
    tls.client_key_pem = secret("/tls/clientKeyFrom", Privacy::secret);
    if (has("/tls/minimumVersion")) tls.minimum_version = text("/tls/minimumVersion");
    tls.pin_sha256 = text("/tls/pin");
    tls.skip_verify = flag("/tls/skipVerify");
    return tls;
  }

  model::Timeouts timeouts() const {
    model::Timeouts timeouts;
    const auto set = [&](std::string_view below, std::chrono::milliseconds& into) {
      if (has(below)) into = base::parse_duration(text(below)).value_or(into);
    };
    set("/timeouts/connect", timeouts.connect);
    set("/timeouts/request", timeouts.request);
    set("/timeouts/validation", timeouts.validation);
    set("/timeouts/statistics", timeouts.statistics);
    return timeouts;
  }

  std::string options(const TypeSchemas& types, const std::string& type) const {
    Json document = type_document(json_);
    const auto schema = types.ready.find(type);
    if (schema != types.ready.end()) document = schema->second.with_defaults(document);
    return base::to_text(*document.find("options"));
  }

  std::string where() const {
    const Position at = document_.at(pointer_).value;
    return document_.file + ':' + std::to_string(at.line) + ':' + std::to_string(at.column);
  }

  const Document& document_;
  const Json& json_;
  const std::string pointer_;
  const References& references_;
  std::vector<Mistake>& mistakes_;
};

std::vector<std::string> network_allow(const Document& document) {
  std::vector<std::string> rules;
  const Json* allow = document.value.at_pointer("/spec/network/allow");
  if (!allow) return rules;
  for (const Json& rule : allow->items()) rules.push_back(*rule.as_string());
  return rules;
}

}  // namespace

Resolution resolve(const Manifest& manifest, const References& references,
                   const std::string& only) {
  Resolution resolution;
  std::vector<std::string> files;
  for (const Document& document : manifest.documents) {
    files.push_back(document.file);
    const Json* registries = document.value.at_pointer("/spec/registries");
    const Json* open = document.value.at_pointer("/spec/network/allowPrivate");
    for (std::size_t i = 0; registries && i < registries->items().size(); ++i) {
      const Json* name = registries->items()[i].find("name");
      if (!only.empty() && *name->as_string() != only) continue;
      RegistryMaker maker(document, "/spec/registries/" + std::to_string(i), references,
                          resolution.mistakes);
      WantedRegistry& wanted = resolution.registries.emplace_back();
      wanted.registry = maker.make(manifest.types);
      wanted.network_allow = network_allow(document);
      wanted.allow_private = open && *open->as_bool();
      const base::Json* workspace = registries->items()[i].find("workspace");
      if (workspace && workspace->as_string()) wanted.workspace = *workspace->as_string();
    }
  }
  sort_mistakes(resolution.mistakes, files);
  return resolution;
}

}  // namespace portolan::manifest
