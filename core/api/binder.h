#pragma once
/// A file of routes is a class of handlers and a table of its routes. This writes the table's rows.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/parameters.h"
#include "api/resources.h"

namespace portolan::api {

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
        pages_{resources.daemon.settings()->limits.page,
               resources.daemon.settings()->limits.page_max} {}
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
