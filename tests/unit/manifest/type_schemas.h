#pragma once
#include <catch2/catch.hpp>

#include "manifest/manifest.h"

/// Two ready types, one with optional and one with required credentials, and one that is refused.
inline portolan::manifest::TypeSchemas sample_types() {
  const auto schema = [](const std::string& credentials, const std::string& options) {
    auto compiled = portolan::base::Schema::compile(
        R"({"type":"object","additionalProperties":false,"properties":{"credentials":{"type":"object",)"
        R"("additionalProperties":false,"properties":{"username":{"type":"string","minLength":1},)"
        R"("password":{"type":"string","x-secret":true}}, )" +
        credentials +
        R"(},"options":{"type":"object","additionalProperties":false,"properties":{)" + options +
        "}}}}");
    if (!compiled) FAIL(compiled.error().message);
    return *compiled;
  };
  portolan::manifest::TypeSchemas types;
  types.ready.emplace(
      "docker-registry",
      schema(R"("dependentRequired":{"username":["password"],"password":["username"]})",
             R"("pageSize":{"type":"integer","minimum":1,"maximum":1000,"default":100})"));
  types.ready.emplace("harbor", schema(R"("required":["username","password"])", ""));
  types.unavailable.insert("jfrog");
  return types;
}
