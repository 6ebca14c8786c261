#pragma once
/// Reports as JSON (docs/output.md), YAML, tables and JUnit. Value in, text out.
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/run.h"

namespace portolan::cli {

/// Which parts a command shows.
struct Parts {
  bool integration = true, validation = true, statistics = true, summary = true;
};

base::Json to_json(const engine::RegistryReport& report, const Parts& parts);
base::Json to_json(const std::vector<engine::RegistryReport>& reports,
                   const engine::FailOn& fail_on, const Parts& parts);

/// Block style; strings are quoted wherever YAML could read something else (YAML 1.2 core).
std::string to_yaml(const base::Json& value);

/// For people: checks, numbers with their states, hints; `color` uses SGR codes.
std::string to_tables(const std::vector<engine::RegistryReport>& reports,
                      const engine::FailOn& fail_on, const Parts& parts, bool color);

/// One testsuite a registry, one testcase a check and one for the statistics.
std::string to_junit(const std::vector<engine::RegistryReport>& reports,
                     const engine::FailOn& fail_on);

/// Rows under a header, columns padded to their widest cell (in code points).
std::string text_table(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows);

/// What -o table shows of one value: its text, "-" for null, a list with commas.
std::string cell_text(const base::Json* value);

/// An object as FIELD and VALUE, each list of objects in it as a table under its name. Without
/// evidence of checks, which -o json has.
std::string object_text(const base::Json& object);

/// "1.2 GiB (1288490188 bytes)".
std::string bytes_text(std::int64_t bytes);

}  // namespace portolan::cli
