/// What operators look after: plugins and types, reload.
#include "api/binder.h"
#include "api/resources.h"
#include "model/json.h"
#include "plugin/listing.h"
#include "plugin/plugin_set.h"
#include "store/jobs.h"
#include "store/store.h"

namespace portolan::api {
namespace {

using base::Code;
using base::Error;
using base::Json;

class Operations : public Handlers {
 public:
  using Handlers::Handlers;

  base::Result<Answer> list_plugins(Call&) {
    Json list = Json::array();
    for (const plugin::Plugin& plugin : resources_.daemon.plugins.plugins())
      list.push(plugin::to_json(plugin));
    Json out = Json::object();
    out.set("plugins", std::move(list));
    return json_answer(out);
  }

  base::Result<Answer> list_types(Call&) {
    return json_answer(plugin::types_json(resources_.daemon.plugins));
  }

  base::Result<Answer> show_type(Call& call) {
    auto form = plugin::form_json(resources_.daemon.plugins, call.in_path("type"));
    if (!form)
      return Error{
          .code = Code::not_found, .message = form.error().message, .hint = form.error().hint};
    return json_answer(*form);
  }

  base::Result<Answer> reload(Call& call) {
    auto done = resources_.reload();
    auto written = store().write([&](store::Writer& writer) {
      return engine::note(writer, act_of(call), "daemon.reload", "portolan", "",
                          base::to_text(done ? *done : model::to_json(done.error())));
    });
    if (!done) return done.error();
    if (!written) return written.error();
    return json_answer(*done);
  }
};

void add_components(Routes& routes) {
  routes.component("Plugin", R"({"type": "object", "required": ["file", "state"],
    "properties": {"file": {"type": "string"},
      "state": {"enum": ["ready", "disabled", "refused"]},
      "id": {"type": ["string", "null"]}, "version": {"type": ["string", "null"]},
      "types": {"type": "array", "items": {"type": "string"}},
      "code": {"type": ["string", "null"]}, "message": {"type": ["string", "null"]},
      "hint": {"type": ["string", "null"]},
      "needs_restart": {"type": ["string", "null"],
        "description": "It is in use, and only a restart would change that: why."}}})");
  routes.component("Plugins", R"({"type": "object", "required": ["plugins"], "properties": {
      "plugins": {"type": "array", "items": {"$ref": "#/components/schemas/Plugin"}}}})");
  routes.component("RegistryTypes", R"({"type": "object", "required": ["types"], "properties": {
      "types": {"type": "array", "items": {"type": "object", "required": ["type", "name",
        "extensions"], "properties": {"type": {"type": "string"}, "name": {"type": "string"},
          "extensions": {"type": "array", "items": {"type": "string"}}}}}}})");
  routes.component("RegistryForm", R"({"type": "object", "required": ["type", "name", "fields"],
    "properties": {"type": {"type": "string"}, "name": {"type": "string"},
      "fields": {"type": "array", "items": {"type": "object", "required": ["pointer", "name",
        "type", "required", "secret"], "properties": {"pointer": {"type": "string"},
          "name": {"type": "string"}, "type": {"type": "string"},
          "required": {"type": "boolean"}, "secret": {"type": "boolean"}, "default": {},
          "choices": {"type": "array", "items": {"type": "string"}},
          "title": {"type": "string"}, "help": {"type": "string"}}}}}})");
  routes.component("Reloaded", R"({"type": "object", "properties": {
      "changed": {"type": "array", "items": {"type": "string"}},
      "needs_restart": {"type": "array", "items": {"type": "string"}},
      "plugins": {"type": "object", "properties": {
        "loaded": {"type": "array", "items": {"type": "string"},
          "description": "Types that can be used from now on."},
        "refused": {"type": "array",
          "items": {"$ref": "#/components/schemas/Plugin"}},
        "missing": {"type": "array", "items": {"type": "string"},
          "description": "Types that are enabled and that no file implements."},
        "needs_restart": {"type": "array",
          "items": {"$ref": "#/components/schemas/Plugin"}}}}}})");
}

void add_types(const Table<Operations>& table) {
  table
      .get("/registry-types", &Operations::list_types, "listRegistryTypes",
           "The types that can be integrated")
      .gives(200, "RegistryTypes", "All of them")
      .needs("type.read");
  table
      .get("/registry-types/{type}", &Operations::show_type, "showRegistryType",
           "The form of a type")
      .takes({path_parameter("type", "Registry type",
                             R"({"type": "string", "pattern": "^[a-z0-9-]{1,63}$"})")})
      .gives(200, "RegistryForm", "Its fields")
      .needs("type.read");
}

}  // namespace

void add_operation_routes(Routes& routes, Resources& resources) {
  add_components(routes);
  const Table<Operations> table = Table<Operations>(routes, resources).at({"operations"});
  table
      .get("/plugins", &Operations::list_plugins, "listPlugins",
           "Every plugin file, ready, disabled or refused")
      .gives(200, "Plugins", "All of them")
      .needs("plugin.read");
  add_types(table.at({"registries"}));
  table.post("/reload", &Operations::reload, "reload", "Read the configuration anew")
      .says(
          "Settings: everything or nothing. Plugins that are newly enabled are loaded; one that is "
          "refused is listed and stops nothing. What takes a restart is listed.")
      .gives(200, "Reloaded", "What changed")
      .needs("daemon.write");
}

}  // namespace portolan::api
