#include "api/references.h"

#include <algorithm>

namespace portolan::api {

using base::Json;
using std::string_view;

namespace {

bool ends_like_a_reference(string_view name) {
  constexpr string_view ends[] = {"From",  "_from", "File", "_file",  "Path",
                                  "_path", "Env",   "_env", "$secret"};
  return std::any_of(std::begin(ends), std::end(ends),
                     [&](string_view end) { return name.ends_with(end); });
}

bool is_reference_object(const Json& value) {
  constexpr string_view kinds[] = {"env", "file", "credential", "exec", "stdin", "$secret"};
  return value.members().size() == 1 && std::find(std::begin(kinds), std::end(kinds),
                                                  value.members().front().first) != std::end(kinds);
}

}  // namespace

bool is_reference(const base::SchemaMistake& mistake, const Json& body) {
  const Json* value = body.at_pointer(mistake.pointer);
  if (!value) return false;  // What is missing.
  if (!mistake.about_key) return is_reference_object(*value);
  return ends_like_a_reference(mistake.pointer.substr(mistake.pointer.rfind('/') + 1));
}

std::optional<base::Error> refuse_paths(const Json& body) {
  for (const char* name : {"ca", "client_certificate", "client_key"}) {
    const Json* value = body.at_pointer("/tls/" + std::string(name));
    const std::string* text = value ? value->as_string() : nullptr;
    if (!text || text->empty() || text->find("-----BEGIN") != text->npos) continue;
    return base::Error{.code = base::Code::invalid_config,
                       .message = "expected PEM, not the name of a file",
                       .hint = reference_hint,
                       .where = "/tls/" + std::string(name)};
  }
  return {};
}

}  // namespace portolan::api
