#pragma once
/// The single source of the API: from these routes come matching, the checks of a request and the
/// OpenAPI description.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/problem.h"
#include "api/serving.h"
#include "base/json.h"
#include "base/result.h"

namespace portolan::api {

/// Who asks. Defined by the room that signs callers in; the kernel only hands it on.
struct Caller;

/// A request of one route, checked: everything declared is there, nothing else is.
struct Call {
  Request& request;
  std::shared_ptr<const Caller> caller;  ///< Null: nobody signed in (Route::security is none).
  Fields path;                           ///< Values of the template's parameters.
  base::Json query;  ///< An object; what was left out has its default or is absent.
  base::Json body;   ///< With defaults filled in; null when the route takes none.

  /// For names the route declares; the text is empty and the number 0 when it was left out.
  const std::string& in_path(std::string_view name) const;
  const std::string& text(std::string_view name) const;  ///< A string in the query.
  std::int64_t number(std::string_view name) const;      ///< An integer in the query.
  bool flag(std::string_view name) const;                ///< A boolean in the query.
};

/// A parameter of a route. Its schema is of the closed profile (base/schema.h): string, integer,
/// number, boolean, or an array of these, for which the name may be repeated in the query. A header
/// is described here and read by the handler.
struct Parameter {
  enum class In { path, query, header };
  In in = In::query;
  std::string name;
  std::string schema;  ///< R"({"type": "integer", "minimum": 1})"
  std::string help;
  bool required = false;  ///< Always of In::path.
};

/// An answer that the route may give, for the description.
struct Possible {
  int status = 200;
  std::string schema{};  ///< Name of a component; empty: no body.
  std::string help{};
  Fields headers{};  ///< Name and help.
};

/// Route::security that is not the name of an action.
inline constexpr std::string_view security_none = "none";
inline constexpr std::string_view security_signed_in = "signed-in";

/// One operation. Made as Route{.method = …}: what is left out has its default.
struct Route {
  std::string method;     ///< GET POST PUT PATCH DELETE. HEAD and OPTIONS come by themselves.
  std::string path;       ///< "/api/v1/registries/{registry}"
  std::string operation;  ///< operationId, unique: "listRegistries".
  std::string tag;
  std::string summary;
  std::string description{};  ///< CommonMark.
  std::vector<Parameter> parameters{};
  std::string body{};               ///< Name of the component that the body must pass; or none.
  bool body_required = true;        ///< Else it may be left out; Call::body is null then.
  std::vector<Possible> answers{};  ///< The good ones; problems are described by themselves.
  std::string security{security_signed_in};  ///< none, signed-in, or the action that is asked for.
  bool fast = false;   ///< The handler never waits: it runs on the I/O thread (Lane::io).
  bool waits = false;  ///< It may wait for a registry: apart from the others (Lane::far).
  std::string produces = "application/json";  ///< Content-Type of its good answers.
  std::function<base::Result<Answer>(Call&)> handler{};
};

/// Lets a call in or says why not (401, 403, 404), before anything of the request is checked. May
/// set call.caller. Runs where the route runs.
using Guard = std::function<std::optional<Problem>(const Route&, Call&)>;

/// The routes while they are gathered.
class Routes {
 public:
  /// The route, until the next is added.
  Route& add(Route route);

  /// A named schema. What a body must pass is of the closed profile of base/schema.h; what only
  /// describes answers may be any JSON Schema 2020-12, with "$ref": "#/components/schemas/Name".
  void component(std::string name, std::string schema);

 private:
  friend class RouteTable;
  std::vector<Route> routes_;
  std::map<std::string, std::string> components_;
};

/// Title and version of the served description.
struct Description {
  std::string title, version, text;
};

/// The routes, compiled. Immutable; safe from any thread.
///
/// It answers by itself: 404, 405 with Allow, OPTIONS, 400 for mistakes in the query, 415 and 406,
/// 400 for what is no JSON, 422 with every mistake of a body, and 304 when a good answer to a GET
/// carries the ETag of If-None-Match. An answer with events needs Accept: text/event-stream.
class RouteTable {
 public:
  /// invalid_config naming every fault of the routes: a path or operation twice, a schema that does
  /// not compile, a component that is missing, a parameter that is not in the template.
  static base::Result<std::shared_ptr<const RouteTable>> make(Routes routes, Guard guard,
                                                              Description description);

  /// For Server::start(); keeps the table alive.
  static Handler handler(std::shared_ptr<const RouteTable> table);

  /// OpenAPI 3.1, as JSON. Served at /api/v1/openapi.json.
  const std::shared_ptr<const std::string>& openapi() const;
  /// Its routes, in the order they were added.
  const std::vector<Route>& routes() const;

  ~RouteTable();

 private:
  struct Compiled;
  explicit RouteTable(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

/// A good answer with a JSON body.
Answer json_answer(const base::Json& body, int status = 200);

}  // namespace portolan::api
