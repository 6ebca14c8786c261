#include "cli/flag_registry.h"

#include "base/schema.h"
#include "base/url.h"
#include "manifest/reference.h"

namespace portolan::cli {
namespace {

using base::Code;
using base::Error;
using base::Json;

Error invalid(std::string where, std::string message, std::string hint) {
  return {Code::invalid_config, std::move(message), std::move(hint), std::move(where)};
}

/// "env:NAME", "file:PATH", "credential:NAME" or "stdin" as the reference that documents write.
base::Result<Json> reference_of(const std::string& flag, const std::string& source) {
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

base::Result<std::string> read_file(const std::string& flag, const std::string& path,
                                    manifest::Privacy privacy,
                                    const manifest::References& references) {
  Json reference = Json::object();
  reference.set("file", Json::string(path));
  auto text = manifest::read_reference(reference, "", privacy, references);
  if (!text) {
    text.error().where = flag;
    return text.error();
  }
  return text->reveal();
}

/// KEY=VALUE as the field's type asks for; the schema then checks the value.
base::Result<Json> option_value(const base::SchemaField& field, const std::string& text) {
  if (field.type == "string") return Json::string(text);
  auto value = base::parse_json(text);
  if (value) return *std::move(value);
  if (field.type == "array" || field.type == "object")
    return invalid("--option", field.name + " needs JSON: " + value.error().message,
                   "for example --option '" + field.name + "=[\"a\"]'");
  return invalid("--option", field.name + " needs " + field.expected, "");
}

base::Result<Json> options(const config::ParsedCommand& arguments, const base::Schema& schema) {
  Json out = Json::object();
  std::vector<std::string> names;
  for (const auto& field : schema.fields())
    if (field.pointer.starts_with("/options/")) names.push_back(field.name);
  for (const std::string& assignment : arguments.values("option")) {
    const std::size_t equals = assignment.find('=');
    const std::string key = assignment.substr(0, equals);
    const base::SchemaField* known = nullptr;
    const auto fields = schema.fields();
    for (const auto& field : fields)
      if (field.pointer == "/options/" + key) known = &field;
    if (known == nullptr || equals == std::string::npos) {
      const std::string nearest = base::nearest_name(key, names);
      return invalid("--option",
                     known == nullptr ? "the type has no option \"" + key + "\""
                                      : "\"" + key + "\" has no value",
                     nearest.empty() || known != nullptr
                         ? "write KEY=VALUE; see `portolan types show`"
                         : "did you mean \"" + nearest + "\"?");
    }
    auto value = option_value(*known, assignment.substr(equals + 1));
    if (!value) return value.error();
    out.set(key, *std::move(value));
  }
  return out;
}

/// "/credentials/password" → "--password-from": what to type for a field of the schema.
std::string flag_of(const std::string& pointer) {
  if (pointer.starts_with("/credentials/username")) return "--username";
  if (pointer.starts_with("/credentials/password")) return "--password-from";
  if (pointer.starts_with("/credentials")) return "--username, --password-from";
  return "--option";
}

base::Result<void> check(const base::Schema& schema, const model::Registry& registry,
                         const Json& option_values) {
  Json credentials = Json::object();
  if (!registry.credentials.username.empty())
    credentials.set("username", Json::string(registry.credentials.username));
  if (!registry.credentials.password.empty()) {
    Json sealed = Json::object();
    sealed.set("$secret", Json::string("password"));
    credentials.set("password", std::move(sealed));
  }
  Json document = Json::object();
  if (!credentials.members().empty()) document.set("credentials", std::move(credentials));
  document.set("options", option_values);
  Error all{Code::invalid_config, "", "see `portolan types show " + registry.type + "`", ""};
  for (const auto& mistake : schema.check(document)) {
    all.message += (all.message.empty() ? "" : "; ") +
                   mistake.pointer.substr(mistake.pointer.empty() ? 0 : 1) + ": expected " +
                   mistake.expected + ", found " + mistake.found;
    if (all.where.empty()) all.where = flag_of(mistake.pointer);
  }
  if (all.message.empty()) return {};
  return all;
}

base::Result<void> read_credentials(const config::ParsedCommand& arguments,
                                    const manifest::References& references,
                                    model::Credentials& out) {
  out.username = arguments.value("username");
  out.trusted_realms = arguments.values("trusted-realm");
  if (!arguments.has("password-from")) return {};
  const auto reference = reference_of("--password-from", arguments.value("password-from"));
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

base::Result<void> read_connection_flags(const config::ParsedCommand& arguments,
                                         const manifest::References& references,
                                         model::Registry& registry) {
  const auto read = [&](const char* name, manifest::Privacy privacy,
                        auto&& keep) -> base::Result<void> {
    if (!arguments.has(name)) return {};
    auto text = read_file("--" + std::string(name), arguments.value(name), privacy, references);
    if (!text) return text.error();
    keep(*std::move(text));
    return {};
  };
  model::Tls& tls = registry.tls;
  if (auto done =
          read("ca", manifest::Privacy::open, [&](std::string&& t) { tls.ca_pem = std::move(t); });
      !done)
    return done;
  if (auto done = read("client-certificate", manifest::Privacy::open,
                       [&](std::string&& t) { tls.client_certificate_pem = std::move(t); });
      !done)
    return done;
  if (auto done = read("client-key", manifest::Privacy::secret,
                       [&](std::string&& t) { tls.client_key_pem = base::Secret(std::move(t)); });
      !done)
    return done;
  if (arguments.has("tls-minimum")) tls.minimum_version = arguments.value("tls-minimum");
  tls.pin_sha256 = arguments.value("pin");
  tls.skip_verify = arguments.has("skip-verify");
  registry.proxy = arguments.value("proxy");
  registry.allow_plain_http = arguments.has("allow-plain-http");
  return {};
}

base::Result<model::Registry> flag_registry(const config::ParsedCommand& arguments,
                                            plugin::PluginSet& plugins,
                                            const manifest::References& references) {
  for (const char* needed : {"type", "address"})
    if (!arguments.has(needed))
      return Error{Code::invalid_config, "--" + std::string(needed) + " is missing",
                   "give both --type and --address; `portolan detect ADDRESS` tells the type", ""};
  model::Registry registry;
  registry.type = arguments.value("type");
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
    auto loaded = plugins.load(registry.type);  // Says why it cannot be used.
    return loaded ? Error{} : loaded.error();
  }
  const auto schema = base::Schema::compile(type->schema_text);
  if (!schema) return schema.error();
  const auto values = options(arguments, *schema);
  if (!values) return values.error();
  if (auto good = check(*schema, registry, *values); !good) return good.error();
  registry.options_json = base::to_text(*values);
  return registry;
}

}  // namespace portolan::cli
