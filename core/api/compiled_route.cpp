#include "api/compiled_route.h"

#include <algorithm>
#include <set>

#include "api/target.h"

namespace portolan::api {
namespace {

using base::Json;
using std::string_view;

/// Compiles one route; its faults begin with "GET /path: ".
class Compiler {
 public:
  Compiler(CompiledRoute& compiled, const std::map<std::string, std::string>& components,
           std::vector<std::string>& faults)
      : compiled_(compiled), route_(compiled.route), components_(components), faults_(faults) {}

  void run() {
    constexpr string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    if (std::find(std::begin(methods), std::end(methods), route_.method) == std::end(methods))
      wrong("no such method");
    if (!route_.handler) wrong("it has no handler");
    if (route_.operation.empty() || route_.summary.empty() || route_.tag.empty())
      wrong("operation, summary and tag are needed");
    if (route_.fast && route_.waits) wrong("it cannot be fast and wait");
    if (route_.answers.empty()) wrong("it names no answer");
    for (const Possible& answer : route_.answers) needs_component(answer.schema);
    read_template();
    compiled_.path_schema = compile_parameters(Parameter::In::path);
    compiled_.query_schema = compile_parameters(Parameter::In::query);
    const Json nothing = Json::object();
    if (compiled_.query_schema && compiled_.query_schema->check(nothing).empty())
      compiled_.empty_query = compiled_.query_schema->with_defaults(nothing);
    compile_body();
  }

 private:
  void wrong(const std::string& what) {
    faults_.push_back(route_.method + " " + route_.path + ": " + what);
  }
  void needs_component(const std::string& name) {
    if (!name.empty() && components_.count(name) == 0) wrong("there is no component " + name);
  }

  void read_template() {
    const auto segments = template_segments(route_.path);
    if (!decode_path(route_.path.substr(0, route_.path.find('{')))) wrong("the path is no path");
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (!is_parameter(segments[i])) continue;
      const std::string name = segments[i].substr(1, segments[i].size() - 2);
      compiled_.path_names.emplace_back(i, name);
      if (!declared(name)) wrong("the parameter {" + name + "} is not declared");
    }
    for (const Parameter& parameter : route_.parameters) {
      if (parameter.in == Parameter::In::path && !in_template(parameter.name))
        wrong("the template has no {" + parameter.name + "}");
    }
  }
  bool declared(const std::string& name) const {
    const auto is = [&](const Parameter& parameter) {
      return parameter.in == Parameter::In::path && parameter.name == name;
    };
    return std::any_of(route_.parameters.begin(), route_.parameters.end(), is);
  }
  bool in_template(const std::string& name) const {
    const auto is = [&](const auto& path_name) { return path_name.second == name; };
    return std::any_of(compiled_.path_names.begin(), compiled_.path_names.end(), is);
  }

  std::optional<base::Schema> compile_parameters(Parameter::In in) {
    Json properties = Json::object(), required = Json::array();
    for (const Parameter& parameter : route_.parameters) {
      if (parameter.in != in) continue;
      auto schema = base::parse_json(parameter.schema);
      if (!schema) {
        wrong("the schema of " + parameter.name + " is no JSON");
        continue;
      }
      if (properties.find(parameter.name)) wrong(parameter.name + " is declared twice");
      if (in == Parameter::In::query) note_type(parameter.name, *schema);
      properties.set(parameter.name, *std::move(schema));
      if (parameter.required || in == Parameter::In::path)
        required.push(Json::string(parameter.name));
    }
    Json object = Json::object();
    object.set("type", Json::string("object"));
    object.set("properties", std::move(properties));
    object.set("required", std::move(required));
    object.set("additionalProperties", Json::boolean(false));
    return compile(to_text(object));
  }

  void note_type(const std::string& name, const Json& schema) {
    const auto type_of = [](const Json* json) {
      const Json* type = json ? json->find("type") : nullptr;
      return type && type->is_string() ? *type->as_string() : "string";
    };
    const bool repeated = type_of(&schema) == "array";
    compiled_.query_names.push_back(
        {name, type_of(repeated ? schema.find("items") : &schema), repeated});
  }

  void compile_body() {
    needs_component(route_.body);
    const auto component = components_.find(route_.body);
    if (component != components_.end()) compiled_.body_schema = compile(component->second);
  }

  std::optional<base::Schema> compile(const std::string& text) {
    auto schema = base::Schema::compile(text);
    if (schema) return *std::move(schema);
    wrong(schema.error().message);
    return {};
  }

  CompiledRoute& compiled_;
  const Route& route_;
  const std::map<std::string, std::string>& components_;
  std::vector<std::string>& faults_;
};

}  // namespace

CompiledRoute compile_route(Route route, const std::map<std::string, std::string>& components,
                            std::vector<std::string>& faults) {
  CompiledRoute compiled{.route = std::move(route)};
  Compiler(compiled, components, faults).run();
  return compiled;
}

std::vector<std::string> template_segments(string_view path) {
  std::vector<std::string> segments;
  while (path.size() > 1) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool is_parameter(string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace portolan::api
