#pragma once
/// A route as the room itself uses it: schemas compiled, and what a request is held to.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/routes.h"
#include "base/schema.h"

namespace portolan::api {

struct CompiledRoute {
  Route route;
  std::vector<std::pair<std::size_t, std::string>> path_names{};  ///< Segment and parameter.
  /// Of a query parameter the schema's "type", of an array "items" has it.
  struct QueryName {
    std::string name, type;
    bool repeated = false;
  };
  std::vector<QueryName> query_names{};
  std::optional<base::Schema> path_schema{}, query_schema{}, body_schema{};  ///< Of objects.
  std::optional<base::Json> empty_query{};  ///< What no query means; none: it is a mistake.
};

/// Every fault is added to `faults`. Components are JSON text by name.
CompiledRoute compile_route(Route route, const std::map<std::string, std::string>& components,
                            std::vector<std::string>& faults);

/// The rest of the checks, in this order: Accept, path, query, Content-Type, body. Fills in `call`.
std::optional<Problem> check_request(const CompiledRoute& compiled, Call& call);

/// OpenAPI 3.1 of them all.
base::Json describe(const std::vector<CompiledRoute>& routes,
                    const std::map<std::string, std::string>& components,
                    const Description& description);

/// "/a/{b}" → {"a", "{b}"}.
std::vector<std::string> template_segments(std::string_view path);
bool is_parameter(std::string_view segment);

}  // namespace portolan::api
