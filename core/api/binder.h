#pragma once
/// A file of routes is a class of handlers and a table of its routes. This writes the table's rows.
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/paging.h"
#include "api/routes.h"

namespace portolan::api {

struct Resources;

// What routes take and lists give, each said once.

/// Of a parameter that is a time; what it admits is one, but for a 29th of February too many.
inline constexpr const char* time_schema =
    R"({"type": "string", "pattern": "^20[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|)"
    R"((0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31|02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"})";
/// Of a name that becomes part of one of Kubernetes: workspaces, namespaces.
inline constexpr const char* label_schema =
    R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"})";
/// Of registries and users.
inline constexpr const char* name_schema =
    R"({"type": "string", "pattern": "^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$"})";

Parameter path_parameter(std::string name, std::string help, std::string schema = label_schema);
Parameter id_parameter(std::string name);
Parameter workspace_parameter();
Parameter registry_parameter();

/// A text to filter by.
Parameter text_parameter(std::string name, std::string help, int longest = 200);
Parameter flag_parameter(std::string name, std::string help);  ///< False without it.
Parameter choice_parameter(std::string name, std::string help,
                           std::initializer_list<const char*> words, const char* otherwise = "");
Parameter search_parameter();  ///< For page_request().
/// Each word and, with a minus, its reverse; for page_request().
Parameter sort_parameter(std::initializer_list<const char*> words);

/// The schema of {"items": [...]} of a component.
std::string list_of(const std::string& component);

// The rows.

/// One row while it is written; used up before the next begins.
class Row {
 public:
  Row(Route& route, PageLimits pages) : route_(route), pages_(pages) {}

  Row& says(std::string description) { return set(route_.description, std::move(description)); }
  /// Behind the parameters of the table.
  Row& takes(std::vector<Parameter> more) {
    for (Parameter& parameter : more) route_.parameters.push_back(std::move(parameter));
    return *this;
  }
  /// Its answer is a page: `limit` and `cursor`.
  Row& paged() { return takes(page_parameters(pages_)); }
  Row& body(std::string component) { return set(route_.body, std::move(component)); }
  Row& gives(int status, std::string component, std::string help) {
    route_.answers.push_back({status, std::move(component), std::move(help)});
    return *this;
  }
  /// Without it whoever is signed in may.
  Row& needs(std::string action) { return set(route_.security, std::move(action)); }
  Row& open_to_all() { return needs(std::string(security_none)); }
  Row& fast() { return set(route_.fast, true); }
  Row& waits() { return set(route_.waits, true); }
  Row& produces(std::string type) { return set(route_.produces, std::move(type)); }

 private:
  template <class T>
  Row& set(T& field, T value) {
    field = std::move(value);
    return *this;
  }

  Route& route_;
  const PageLimits pages_;
};

/// Of the settings as they are now.
PageLimits page_limits(const Resources& resources);

/// Where the rows of a table stand.
struct Place {
  std::string tag;
  std::string path{};                   ///< Behind /api/v1, before the path of each row.
  std::string scope{};                  ///< Stands for the `*` in operation ids.
  std::vector<Parameter> parameters{};  ///< Those in `path`; before the parameters of each row.
};

/// The routes of one class of handlers, `base::Result<Answer> Class::method(Call&)`.
template <class Class>
class Table {
 public:
  using Method = base::Result<Answer> (Class::*)(Call&);

  Table(Routes& routes, Resources& resources)
      : routes_(routes),
        handlers_(std::make_shared<Class>(resources)),
        pages_(page_limits(resources)) {}
  /// The same handlers at a place of their own.
  Table at(Place place) const {
    Table out = *this;
    out.place_ = std::move(place);
    return out;
  }

  Row get(std::string path, Method method, std::string operation, std::string summary) const {
    return add("GET", path, method, std::move(operation), std::move(summary));
  }
  Row post(std::string path, Method method, std::string operation, std::string summary) const {
    return add("POST", path, method, std::move(operation), std::move(summary));
  }
  Row put(std::string path, Method method, std::string operation, std::string summary) const {
    return add("PUT", path, method, std::move(operation), std::move(summary));
  }
  Row patch(std::string path, Method method, std::string operation, std::string summary) const {
    return add("PATCH", path, method, std::move(operation), std::move(summary));
  }
  Row remove(std::string path, Method method, std::string operation, std::string summary) const {
    return add("DELETE", path, method, std::move(operation), std::move(summary));
  }

 private:
  Row add(std::string verb, const std::string& path, Method method, std::string operation,
          std::string summary) const {
    if (const auto star = operation.find('*'); star != std::string::npos)
      operation.replace(star, 1, place_.scope);
    return Row(routes_.add({.method = std::move(verb),
                            .path = "/api/v1" + place_.path + path,
                            .operation = std::move(operation),
                            .tag = place_.tag,
                            .summary = std::move(summary),
                            .parameters = place_.parameters,
                            .handler = [handlers = handlers_, method](
                                           Call& call) { return ((*handlers).*method)(call); }}),
               pages_);
  }

  Routes& routes_;
  std::shared_ptr<Class> handlers_;
  PageLimits pages_;
  Place place_;
};

}  // namespace portolan::api
