// The description of the API, made from its routes.
#include <set>

#include "api/compiled_route.h"

namespace portolan::api {
namespace {

using base::Json;

Json text(std::string value) { return Json::string(std::move(value)); }

Json reference(const std::string& name) {
  return Json::object({{"$ref", text("#/components/schemas/" + name)}});
}

// Formats of ours that have another meaning, or none, in JSON Schema: said as patterns.
constexpr const char* duration_pattern =
    R"(^(?=[0-9])([0-9]{1,3}d)?([0-9]{1,3}h)?([0-9]{1,3}m)?([0-9]{1,3}s)?([0-9]{1,3}ms)?$)";
constexpr const char* bytes_pattern = "^[0-9]{1,3}(B|KiB|MiB|GiB|kB|MB|GB)?$";

Json portable(const Json& schema) {
  if (schema.is_array()) {
    Json out = Json::array();
    for (const Json& item : schema.items()) out.push(portable(item));
    return out;
  }
  if (!schema.is_object()) return schema;
  Json out = Json::object();
  for (const auto& [name, value] : schema.members()) {
    if (name == "format" && value == Json::string("duration"))
      out.set("pattern", text(duration_pattern));
    else if (name == "format" && value == Json::string("bytes"))
      out.set("pattern", text(bytes_pattern));
    else
      out.set(name, portable(value));
  }
  return out;
}

// A schema that compiled: its text is JSON.
Json schema_of(const std::string& written) { return portable(*base::parse_json(written)); }

const char* place(Parameter::In in) {
  switch (in) {
    case Parameter::In::path: return "path";
    case Parameter::In::query: return "query";
    case Parameter::In::header: return "header";
  }
  return "query";
}

Json describe_parameter(const Parameter& parameter) {
  Json json = Json::object();
  json.set("name", text(parameter.name));
  json.set("in", text(place(parameter.in)));
  json.set("description", text(parameter.help));
  json.set("required", Json::boolean(parameter.required || parameter.in == Parameter::In::path));
  json.set("schema", schema_of(parameter.schema));
  return json;
}

Json content(const std::string& type, Json schema) {
  return Json::object({{type, Json::object({{"schema", std::move(schema)}})}});
}

Json describe_answer(const Possible& answer, const std::string& produces) {
  Json json = Json::object({{"description", text(answer.help)}});
  for (const auto& [name, help] : answer.headers) {
    Json headers = json.find("headers") ? *json.find("headers") : Json::object();
    headers.set(name, Json::object({{"description", text(help)},
                                    {"schema", Json::object({{"type", text("string")}})}}));
    json.set("headers", std::move(headers));
  }
  const bool is_json = produces == "application/json";
  if (!answer.schema.empty())
    json.set("content", content(produces, reference(answer.schema)));
  else if (!is_json && answer.status != 204)
    json.set("content", content(produces, Json::object({{"type", text("string")}})));
  return json;
}

Json describe_operation(const Route& route) {
  Json json = Json::object();
  json.set("operationId", text(route.operation));
  json.set("tags", Json::array({text(route.tag)}));
  json.set("summary", text(route.summary));
  if (!route.description.empty()) json.set("description", text(route.description));
  if (route.security == security_none) {
    json.set("security", Json::array());
  } else if (route.security != security_signed_in) {
    json.set("x-portolan-action", text(route.security));
  }
  Json parameters = Json::array();
  for (const Parameter& parameter : route.parameters)
    parameters.push(describe_parameter(parameter));
  if (!parameters.items().empty()) json.set("parameters", std::move(parameters));
  if (!route.body.empty()) {
    Json body = Json::object({{"required", Json::boolean(route.body_required)}});
    body.set("content", content("application/json", reference(route.body)));
    json.set("requestBody", std::move(body));
  }
  Json answers = Json::object();
  for (const Possible& answer : route.answers)
    answers.set(std::to_string(answer.status), describe_answer(answer, route.produces));
  answers.set("default", Json::object({{"$ref", text("#/components/responses/Problem")}}));
  json.set("responses", std::move(answers));
  return json;
}

constexpr const char* problem_schema = R"({
  "type": "object",
  "description": "RFC 9457. `code` is stable, docs/errors.md lists them; `hint` says what to do.",
  "required": ["type", "title", "status", "code"],
  "properties": {
    "type": {"type": "string"},
    "title": {"type": "string"},
    "status": {"type": "integer", "minimum": 400, "maximum": 599},
    "code": {"type": "string"},
    "detail": {"type": "string"},
    "hint": {"type": "string"},
    "where": {"type": "string"},
    "instance": {"type": "string", "description": "urn:portolan:request: and the request id"},
    "errors": {
      "type": "array",
      "description": "Every mistake of the request.",
      "items": {
        "type": "object",
        "required": ["in", "detail"],
        "properties": {
          "in": {"type": "string", "enum": ["body", "query", "path", "header"]},
          "pointer": {"type": "string", "description": "RFC 6901, into the body"},
          "name": {"type": "string", "description": "of the parameter or header"},
          "detail": {"type": "string"},
          "nearest": {"type": "string", "description": "the name that may have been meant"}
        }
      }
    }
  }
})";

constexpr const char* security_schemes = R"({
  "bearer": {"type": "http", "scheme": "bearer", "description": "`portolan token create`"},
  "session": {"type": "apiKey", "in": "cookie", "name": "portolan_session"}
})";

Json describe_components(const std::map<std::string, std::string>& components) {
  Json schemas = Json::object({{"Problem", *base::parse_json(problem_schema)}});
  for (const auto& [name, written] : components) schemas.set(name, schema_of(written));
  Json problem = Json::object({{"description", text("It was not done; why, and what to do.")}});
  problem.set("content", content("application/problem+json", reference("Problem")));
  return Json::object({{"schemas", std::move(schemas)},
                       {"responses", Json::object({{"Problem", std::move(problem)}})},
                       {"securitySchemes", *base::parse_json(security_schemes)}});
}

std::string lower(std::string word) {
  for (char& c : word) c = static_cast<char>(c | 0x20);
  return word;
}

}  // namespace

Json describe(const std::vector<CompiledRoute>& routes,
              const std::map<std::string, std::string>& components,
              const Description& description) {
  Json info = Json::object({{"title", text(description.title)}});
  info.set("version", text(description.version));
  if (!description.text.empty()) info.set("description", text(description.text));
  info.set("license",
           Json::object({{"name", text("Apache-2.0")}, {"identifier", text("Apache-2.0")}}));
  Json paths = Json::object(), tags = Json::array();
  std::set<std::string> seen;
  for (const CompiledRoute& each : routes) {
    const Route& route = each.route;
    Json path = paths.find(route.path) ? *paths.find(route.path) : Json::object();
    path.set(lower(route.method), describe_operation(route));
    paths.set(route.path, std::move(path));
    if (seen.insert(route.tag).second) tags.push(Json::object({{"name", text(route.tag)}}));
  }
  Json json = Json::object({{"openapi", text("3.1.0")}, {"info", std::move(info)}});
  json.set("servers", Json::array({Json::object({{"url", text("/")}})}));
  json.set("tags", std::move(tags));
  json.set("security", Json::array({Json::object({{"bearer", Json::array()}}),
                                    Json::object({{"session", Json::array()}})}));
  json.set("paths", std::move(paths));
  json.set("components", describe_components(components));
  return json;
}

}  // namespace portolan::api
