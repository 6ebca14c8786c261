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
    out.push((index.ok() ? portolan::check{"identity"}.ok(std::to_string(index.json().size()) +
                                                          " layouts are listed")
                         : portolan::check{"identity"}.fail(index.as_failure()))
                 .seen(index));
    for (const char* name : {"api-version", "credentials", "permissions", "capabilities"})
      out.push(portolan::check{name}.skipped("this type has none"));
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
    out.push(portolan::measure{"artifacts"}.counted(manifests, end));
  }

 private:
  std::vector<std::string> list(portolan::call& call) {
    std::vector<std::string> names;
    const auto index = call.get(index_).json();
    if (!index.is_array())
      throw portolan::failure(PORTOLAN_PROTOCOL, index_ + " is no list",
                              "the option index names the file");
    index.each([&](portolan::json name) { names.push_back(name.string_or("")); });
    return names;
  }

  std::string base_, index_;
};

PORTOLAN_PLUGIN(oci_layouts)
