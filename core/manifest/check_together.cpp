#include "manifest/checks.h"

#include <map>

#include "base/schema.h"

namespace portolan::manifest {
namespace {

using Json = base::Json;

/// One item of a list under spec.
struct Item {
  const Document& document;
  std::string pointer;
  const Json& value;

  std::string text(std::string_view field) const {
    const Json* found = value.find(field);
    const std::string* string = found ? found->as_string() : nullptr;
    return string ? *string : "";
  }
};

std::vector<Item> items_of(const std::vector<Document>& documents, const std::string& list) {
  std::vector<Item> items;
  for (const Document& document : documents) {
    const Json* found = document.value.at_pointer("/spec/" + list);
    if (!found) continue;
    for (std::size_t i = 0; i < found->items().size(); ++i) {
      items.push_back({document, "/spec/" + list + '/' + std::to_string(i), found->items()[i]});
    }
  }
  return items;
}

class Together {
 public:
  Together(const std::vector<Document>& documents, std::vector<Mistake>& mistakes)
      : documents_(documents), mistakes_(mistakes) {}

  void run() {
    const Names registries = names("registries", {"name"}, "a registry");
    const Names workspaces = names("workspaces", {"name"}, "a workspace");
    names("spaces", {"registry", "name"}, "a space");
    names("bindings", {"space", "workspace"}, "a binding");
    for (const Item& item : items_of(documents_, "registries")) {
      refers(item, "workspace", item.text("workspace"), workspaces);
    }
    for (const Item& item : items_of(documents_, "spaces")) {
      refers(item, "registry", item.text("registry"), registries);
    }
    for (const Item& item : items_of(documents_, "bindings")) {
      const std::string space = item.text("space");
      refers(item, "space", space.substr(0, space.find('/')), registries);
      refers(item, "workspace", item.text("workspace"), workspaces);
    }
    check_choices();
    check_standard_input();
  }

 private:
  using Names = std::map<std::string, std::string>;  ///< Name to where it was first given.

  void add(const Item& item, const std::string& field, std::string message, std::string nearest) {
    const std::string pointer = field.empty() ? item.pointer : item.pointer + '/' + field;
    Mistake mistake = item.document.mistake(pointer, std::move(message));
    mistake.nearest = std::move(nearest);
    mistakes_.push_back(std::move(mistake));
  }

  /// What the items of `list` are known by; an item whose `fields` are all taken is a mistake.
  Names names(const std::string& list, const std::vector<std::string>& fields,
              const std::string& noun) {
    Names known;
    for (const Item& item : items_of(documents_, list)) {
      std::string name;
      for (const auto& field : fields) name += (name.empty() ? "" : "/") + item.text(field);
      if (name.empty()) continue;
      const std::string at = item.pointer + '/' + fields.back();
      const Position position = item.document.at(at).value;
      const std::string where = item.document.file + ':' + std::to_string(position.line) + ':' +
                                std::to_string(position.column);
      const auto [first, fresh] = known.emplace(name, where);
      if (!fresh) {
        add(item, fields.back(), noun + " of this name is already at " + first->second, "");
      }
    }
    return known;
  }

  void refers(const Item& item, const std::string& field, const std::string& name,
              const Names& known) {
    if (name.empty() || known.count(name) != 0) return;
    std::vector<std::string> candidates;
    for (const auto& [each, where] : known) candidates.push_back(each);
    const std::string noun = field == "workspace" ? "workspace" : "registry";
    add(item, field, "no " + noun + " \"" + name + "\" is in these files",
        base::nearest_name(name, candidates));
  }

  void check_choices() {
    for (const Item& item : items_of(documents_, "workspaces")) {
      one_of(item, "members", "user", "group");
      one_of(item, "namespaces", "namespace", "selector");
    }
  }

  void one_of(const Item& item, const std::string& list, const char* one, const char* other) {
    const Json* found = item.value.find(list);
    if (!found) return;
    for (std::size_t i = 0; i < found->items().size(); ++i) {
      const Json& each = found->items()[i];
      if (!each.is_object() || (each.find(one) != nullptr) != (each.find(other) != nullptr))
        continue;
      add(item, list + '/' + std::to_string(i),
          std::string("exactly one of \"") + one + "\" and \"" + other + "\" must be given", "");
    }
  }

  void check_standard_input() {
    std::string first;
    for (const Document& document : documents_) {
      if (document.file == standard_input_name) first = "the manifest itself";
    }
    for (const Item& item : items_of(documents_, "registries")) {
      const std::string field = "credentials/passwordFrom/stdin";
      if (!item.value.at_pointer('/' + field)) continue;
      if (!first.empty()) add(item, field, "standard input is already read for " + first, "");
      if (first.empty()) first = item.document.path(item.pointer + "/credentials/passwordFrom");
    }
  }

  const std::vector<Document>& documents_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

void check_together(const std::vector<Document>& documents, std::vector<Mistake>& mistakes) {
  Together(documents, mistakes).run();
}

}  // namespace portolan::manifest
