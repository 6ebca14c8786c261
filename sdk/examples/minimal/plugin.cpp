// The plugin to copy: a web server with a directory of OCI image layouts (image-spec,
// image-layout.md), found through a JSON file that lists their names: ["team/app", "team/db"].
#include <portolan/plugin.hpp>

class oci_layouts {
 public:
  explicit oci_layouts(const portolan::registry& registry)
      : base_(registry.base), index_("/" + registry.options["index"].string_or("layouts.json")) {}

  portolan::integration integrate(portolan::call& call) {
    const auto names = list(call);
    return {.address = base_,
            .product = "OCI layouts",
            .privilege = "anonymous",
            .facts_json = "{\"layouts\":" + std::to_string(names.size()) + "}",
            .capabilities = {"catalog"}};
  }

  void validate(portolan::call& call, portolan::depth, portolan::out<portolan::check>& out) {
    const auto index = call.get(index_);
    if (!index.ok()) {
      const auto problem = index.as_failure();
      out.push(portolan::check{"identity"}
                   .fail(problem.code, problem.message, "put a JSON list of layouts there")
                   .seen(index));
      return;
    }
    out.push(portolan::check{"identity"}
                 .ok(std::to_string(index.json().size()) + " layouts are listed")
                 .seen(index));
    out.push(portolan::check{"credentials"}.skipped("this type has none"));
  }

  void collect(portolan::call& call, portolan::level level, portolan::out<portolan::measure>& out) {
    const auto names = list(call);
    out.push(portolan::measure{"repositories"}.known(static_cast<std::int64_t>(names.size())));
    if (level == portolan::level::quick) return;
    std::vector<std::string> urls;
    for (const auto& name : names) urls.push_back("/" + name + "/index.json");
    std::int64_t manifests = 0;
    const auto end = call.each(urls, [&](portolan::response&& layout, std::size_t) {
      manifests += static_cast<std::int64_t>(layout.json()["manifests"].size());
    });
    out.push(end == portolan::ended::all
                 ? portolan::measure{"artifacts"}.known(manifests)
                 : portolan::measure{"artifacts"}.partial(manifests, "ended early").cut());
  }

 private:
  std::vector<std::string> list(portolan::call& call) {
    std::vector<std::string> names;
    call.get(index_).json().each([&](portolan::json name) { names.push_back(name.string_or("")); });
    return names;
  }

  std::string base_, index_;
};

PORTOLAN_PLUGIN(oci_layouts)
