#include "base/schema.h"
#include "cli/check/checks.h"
#include "router/config_json.h"

namespace portolan::cli::check {

std::optional<model::Registry> made_up_registry(const plugin::Note::Type& type,
                                                const std::string& address,
                                                const std::string& secret) {
  const auto schema = base::Schema::compile(type.schema_text);
  if (!schema) return std::nullopt;
  model::Registry registry;
  registry.name = "check";
  registry.type = type.type;
  registry.address = address;
  base::Json options = base::Json::object();
  for (const auto& field : schema->fields()) {
    if (field.pointer == "/credentials/username") registry.credentials.username = "check";
    if (field.pointer == "/credentials/password")
      registry.credentials.password = base::Secret("check");
    if (!field.pointer.starts_with("/options/")) continue;
    if (!secret.empty() && field.secret && field.pointer == "/options/" + field.name)
      options.set(field.name, base::Json::string(secret));
    if (!field.required || !field.default_text.empty() || options.find(field.name)) continue;
    const base::Json* example =
        schema->json().at_pointer("/properties/options/properties/" + field.name + "/examples/0");
    if (example) options.set(field.name, *example);
  }
  registry.options_json = base::to_text(options);
  if (router::make_config_json(type, registry)) return registry;
  return secret.empty() ? std::nullopt : made_up_registry(type, address);
}

}  // namespace portolan::cli::check
