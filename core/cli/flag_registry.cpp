#include "cli/flag_registry.h"

#include "base/schema.h"
#include "base/url.h"
#include "config/type_options.h"
#include "manifest/manifest.h"
#include "net/trust.h"

namespace portolan::cli {
namespace {

using base::Code;
using base::Error;
using base::Json;

Error invalid(std::string where, std::string message, std::string hint) {
  return {Code::invalid_config, std::move(message), std::move(hint), std::move(where)};
}

/// The file that the flag names; empty without the flag.
base::Result<base::Secret> read_file(const config::ParsedCommand& arguments,
                                     const std::string& option, manifest::Privacy privacy,
                                     const manifest::References& references) {
  if (!arguments.has(option)) return base::Secret();
  Json reference = Json::object();
  reference.set("file", Json::string(arguments.value(option)));
  auto text = manifest::read_reference(reference, "", privacy, references);
  if (!text) text.error().where = "--" + option;
  return text;
}

/// The rules of a document's fields that hold for their flags too.
base::Result<void> check_connection(const model::Registry& registry) {
  const model::Tls& tls = registry.tls;
  if (tls.client_certificate_pem.empty() != tls.client_key_pem.empty())
    return invalid(tls.client_key_pem.empty() ? "--client-key" : "--client-certificate",
                   "a client certificate and its key are given together or not at all", "");
  if (!tls.pin_sha256.empty() && !net::is_pin(tls.pin_sha256))
    return invalid("--pin", "expected the Base64 of a SHA-256: 43 characters and =",
                   "it is what `openssl dgst -sha256 -binary | base64` makes of the public key");
  if (!registry.proxy.empty()) {
    if (auto read = base::parse_proxy(registry.proxy); !read) {
      read.error().where = "--proxy";
      return read.error();
    }
  }
  return {};
}

base::Result<void> read_credentials(const config::ParsedCommand& arguments,
                                    const manifest::References& references,
                                    model::Credentials& out) {
  out.username = arguments.value("username");
  out.trusted_realms = arguments.values("trusted-realm");
  for (const std::string& realm : out.trusted_realms)
    if (!base::is_origin(realm))
      return invalid("--trusted-realm",
                     "expected an origin such as https://auth.example.com, without a path", "");
  if (!arguments.has("password-from")) return {};
  const auto reference = secret_reference("--password-from", arguments.value("password-from"));
  if (!reference) return reference.error();
  auto secret = manifest::read_reference(*reference, "", manifest::Privacy::secret, references);
  if (!secret) {
    secret.error().where = "--password-from";
    return secret.error();
  }
  out.password = *std::move(secret);
  return {};
}

}  // namespace

base::Result<Json> secret_reference(const std::string& flag, const std::string& source) {
  const std::size_t colon = source.find(':');
  const std::string kind = source.substr(0, colon);
  Json out = Json::object();
  if (source == "stdin") {
    out.set("stdin", Json::boolean(true));
  } else if ((kind == "env" || kind == "file" || kind == "credential") &&
             colon != std::string::npos && colon + 1 < source.size()) {
    out.set(kind, Json::string(source.substr(colon + 1)));
  } else {
    // The value is not shown: it may be a password that was written by mistake.
    return invalid(flag, "the source of the secret is not understood",
                   "write env:NAME, file:PATH, credential:NAME or stdin");
  }
  return out;
}

base::Result<void> read_connection_flags(const config::ParsedCommand& arguments,
                                         const manifest::References& references,
                                         model::Registry& registry) {
  using manifest::Privacy;
  const auto ca = read_file(arguments, "ca", Privacy::open, references);
  if (!ca) return ca.error();
  const auto certificate = read_file(arguments, "client-certificate", Privacy::open, references);
  if (!certificate) return certificate.error();
  auto key = read_file(arguments, "client-key", Privacy::secret, references);
  if (!key) return key.error();
  model::Tls& tls = registry.tls;
  tls.ca_pem = ca->reveal();
  tls.client_certificate_pem = certificate->reveal();
  tls.client_key_pem = *std::move(key);
  if (arguments.has("tls-minimum")) tls.minimum_version = arguments.value("tls-minimum");
  tls.pin_sha256 = arguments.value("pin");
  tls.skip_verify = arguments.has("skip-verify");
  registry.proxy = arguments.value("proxy");
  registry.allow_plain_http = arguments.has("allow-plain-http");
  return check_connection(registry);
}

base::Result<model::Registry> flag_registry(const config::ParsedCommand& arguments,
                                            plugin::PluginSet& plugins,
                                            const manifest::References& references,
                                            const std::string& type_without_flag) {
  for (const char* needed : {"type", "address"})
    if (!arguments.has(needed) && (*needed == 'a' || type_without_flag.empty()))
      return Error{Code::invalid_argument, "--" + std::string(needed) + " is missing",
                   "give both --type and --address; `portolan detect ADDRESS` tells the type", ""};
  model::Registry registry;
  registry.type = arguments.has("type") ? arguments.value("type") : type_without_flag;
  registry.where = "command line";
  const auto address = base::parse_address(arguments.value("address"));
  if (!address) {
    Error error = address.error();
    error.where = "--address";
    return error;
  }
  registry.address = address->text();
  registry.name = address->authority();
  if (auto done = read_connection_flags(arguments, references, registry); !done)
    return done.error();
  if (auto done = read_credentials(arguments, references, registry.credentials); !done)
    return done.error();

  const plugin::Note::Type* type = plugins.type(registry.type);
  if (type == nullptr) {
    const Error why = plugins.load(registry.type).error();
    // As with a document: what is refused or disabled fails the registry, in its report.
    if (why.code == Code::plugin_missing) return why;
    return registry;
  }
  const auto schema = base::Schema::compile(type->schema_text);
  if (!schema) return schema.error();
  const config::TypeFlags flags{registry.type, registry.credentials.username,
                                !registry.credentials.password.empty(), arguments.values("option")};
  auto options = config::options_from_flags(flags, *schema);
  if (!options) return options.error();
  registry.options_json = *std::move(options);
  return registry;
}

}  // namespace portolan::cli
