/// docs/security.md shows the table of access.cpp, row by row.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "model/access.h"

using namespace portolan::model;

namespace {

std::string cell(Role role, Action action) {
  const bool platform = allowed(role, action, Owner::platform);
  const bool own = allowed(role, action, Owner::own_workspace);
  if (allowed(role, action, Owner::other_workspace)) return "everywhere";
  if (platform && own) return "platform, own";
  return platform ? "platform" : own ? "own" : "–";
}

std::string page_table() {
  std::ostringstream out;
  out << "| Action |";
  for (const Role role : roles) out << " " << to_string(role) << " |";
  out << "\n|---|";
  for (std::size_t i = 0; i < roles.size(); ++i) out << "---|";
  out << "\n";
  for (std::size_t i = 0; i < action_count; ++i) {
    const auto action = static_cast<Action>(i);
    out << "| `" << to_string(action) << "` |";
    for (const Role role : roles) out << " " << cell(role, action) << " |";
    out << "\n";
  }
  return out.str();
}

}  // namespace

TEST_CASE("docs/security.md shows who may do what as the code has it", "[model][access]") {
  std::ifstream file(PORTOLAN_DOCS "/security.md");
  std::stringstream page;
  page << file.rdbuf();
  const bool same = page.str().find(page_table()) != std::string::npos;
  INFO("docs/security.md should hold:\n" << page_table());
  CHECK(same);
}
