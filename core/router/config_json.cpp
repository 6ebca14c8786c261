#include "router/config_json.h"

#include "base/json.h"
#include "base/schema.h"

namespace portolan::router {
namespace {

using base::Json;

/// The password has its length and nothing else: the schema may ask for that, and no text can show
/// it.
Json credentials_to_check(const model::Credentials& credentials) {
  Json json = Json::object();
  if (!credentials.username.empty()) json.set("username", Json::string(credentials.username));
  if (!credentials.password.empty()) {
    json.set("password", Json::string(std::string(credentials.password.reveal().size(), '*')));
  }
  return json;
}

std::string describe(const base::SchemaMistake& mistake) {
  std::string text = mistake.pointer.empty() ? "/" : mistake.pointer;
  text += ": expected " + mistake.expected + ", found " + mistake.found;
  return mistake.nearest.empty() ? text : text + " (did you mean " + mistake.nearest + "?)";
}

}  // namespace

base::Result<std::string> make_config_json(const plugin::Note::Type& type,
                                           const model::Registry& registry) {
  const auto schema = base::Schema::compile(type.schema_text);
  if (!schema) return schema.error();
  const auto options = base::parse_json(registry.options_json);
  if (!options)
    return base::Error{base::Code::invalid_config,
                       "the options are no JSON: " + options.error().message};
  const model::Credentials& credentials = registry.credentials;
  if (credentials.username.empty() != credentials.password.empty()) {
    const char* missing = credentials.username.empty() ? "a password without a user name"
                                                       : "a user name without a password";
    return base::Error{base::Code::invalid_config, std::string("there is ") + missing,
                       "give both or neither", registry.where};
  }

  Json document = Json::object();
  if (credentials.given()) document.set("credentials", credentials_to_check(credentials));
  document.set("options", *options);
  document = schema->with_defaults(document);
  std::string problems;
  for (const base::SchemaMistake& mistake : schema->check(document)) {
    problems += (problems.empty() ? "" : "; ") + describe(mistake);
  }
  if (!problems.empty()) {
    return base::Error{base::Code::invalid_config, problems,
                       "`portolan types show " + type.type + "` lists the fields of this type",
                       registry.where};
  }

  Json config = Json::object();
  if (credentials.given()) {
    Json secret = Json::object();
    secret.set("$secret", Json::string("password"));
    Json given = Json::object();
    given.set("username", Json::string(credentials.username));
    given.set("password", std::move(secret));
    config.set("credentials", std::move(given));
  }
  config.set("options", *document.find("options"));
  return base::to_text(config);
}

}  // namespace portolan::router
