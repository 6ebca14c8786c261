#include "api/binder.h"

#include "api/resources.h"
#include "config/daemon_settings.h"

namespace portolan::api {
namespace {

using base::Json;

std::string words_schema(const std::vector<std::string>& words, const std::string& otherwise) {
  Json list = Json::array();
  for (const std::string& word : words) list.push(Json::string(word));
  Json out = Json::object({{"type", Json::string("string")}, {"enum", std::move(list)}});
  if (!otherwise.empty()) out.set("default", Json::string(otherwise));
  return base::to_text(out);
}

}  // namespace

Parameter path_parameter(std::string name, std::string help, std::string schema) {
  return {.in = Parameter::In::path,
          .name = std::move(name),
          .schema = std::move(schema),
          .help = std::move(help)};
}

Parameter id_parameter(std::string name) {
  std::string help = "Id of the " + name;
  return path_parameter(std::move(name), std::move(help),
                        R"({"type": "string", "pattern": "^[0-9]{1,18}$"})");
}

Parameter workspace_parameter() { return path_parameter("workspace", "Name of the workspace"); }

Parameter registry_parameter() {
  return path_parameter("registry", "Name of the registry", name_schema);
}

Parameter text_parameter(std::string name, std::string help, int longest) {
  return {.name = std::move(name),
          .schema = R"({"type": "string", "maxLength": )" + std::to_string(longest) + "}",
          .help = std::move(help)};
}

Parameter flag_parameter(std::string name, std::string help) {
  return {.name = std::move(name),
          .schema = R"({"type": "boolean", "default": false})",
          .help = std::move(help)};
}

Parameter choice_parameter(std::string name, std::string help,
                           std::initializer_list<const char*> words, const char* otherwise) {
  return {.name = std::move(name),
          .schema = words_schema({words.begin(), words.end()}, otherwise),
          .help = std::move(help)};
}

Parameter search_parameter() { return text_parameter("search", "Part of the name"); }

Parameter sort_parameter(std::initializer_list<const char*> words) {
  std::vector<std::string> both;
  for (const std::string word : words) {
    both.push_back(word);
    both.push_back("-" + word);
  }
  return {.name = "sort", .schema = words_schema(both, ""), .help = "Order"};
}

std::string list_of(const std::string& component) {
  return R"({"type": "object", "required": ["items"], "properties": {"items": {"type": "array",
      "items": {"$ref": "#/components/schemas/)" +
         component + R"("}}}})";
}

PageLimits page_limits(const Resources& resources) {
  const auto settings = resources.daemon.settings();
  return {settings->limits.page, settings->limits.page_max};
}

}  // namespace portolan::api
