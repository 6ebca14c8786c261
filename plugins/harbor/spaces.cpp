/// Projects: created, removed, made public or private.
#include "harbor.h"

namespace harbor {
namespace {

std::string project_path(const std::string& name) {
  return "/projects/" + portolan::percent_encode(name);
}

void check_name(const std::string& name) {
  if (!is_project_name(name))
    throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "Harbor can have no project of that name",
                            "use lower-case letters, digits and ._- between them");
}

std::string public_flag(std::uint32_t visibility) {
  if (visibility != PORTOLAN_VISIBILITY_PUBLIC && visibility != PORTOLAN_VISIBILITY_PRIVATE)
    throw portolan::failure(PORTOLAN_INVALID_ARGUMENT, "a project of Harbor is public or private",
                            "say which of both it shall be");
  return visibility == PORTOLAN_VISIBILITY_PUBLIC ? R"("metadata":{"public":"true"})"
                                                  : R"("metadata":{"public":"false"})";
}

const char* word(std::uint32_t visibility) {
  return visibility == PORTOLAN_VISIBILITY_PUBLIC ? "public" : "private";
}

/// What may be sent again after an answer that was lost: it reaches the same state.
portolan::request repeatable(portolan::request change) {
  change.flags |= PORTOLAN_HTTP_IDEMPOTENT;
  return change;
}

/// Who is no administrator is told 403 of a project that is not there (registries.md §1.8.20).
bool is_gone(Client& client, const std::string& name, const portolan::response& answer) {
  if (answer.code == PORTOLAN_NOT_FOUND) return true;
  if (answer.code != PORTOLAN_FORBIDDEN || to_complaint(answer.body).code == "DENIED") return false;
  portolan::request head = client.request("/projects?project_name=" + name);
  head.method = "HEAD";
  return client.call().send(head).code == PORTOLAN_NOT_FOUND;
}

/// The project as it is; nothing when it is gone.
std::optional<portolan::space> look_up(Client& client, const std::string& name) {
  const portolan::response found = client.get(project_path(name));
  if (!found.ok() && is_gone(client, name, found)) return std::nullopt;
  if (found.status != 200)
    throw explain_refusal(client, found, "Harbor does not show the project " + name);
  return to_space(to_project(found.json()));
}

portolan::failure no_project(const std::string& name) {
  return {PORTOLAN_NOT_FOUND, "Harbor has no project " + name, "list its projects, or create it"};
}

portolan::failure not_as_asked(const portolan::space& found) {
  return {PORTOLAN_CONFLICT, "the project " + found.name + " is " + word(found.visibility),
          "change its visibility, or take another name"};
}

}  // namespace

portolan::space to_space(const Project& project) {
  return {project.name, std::to_string(project.id),
          project.is_public ? PORTOLAN_VISIBILITY_PUBLIC : PORTOLAN_VISIBILITY_PRIVATE,
          project.repositories, project.proxy_cache ? PORTOLAN_SPACE_PROXY_CACHE : 0};
}

portolan::space Harbor::create_space(portolan::call& call, const std::string& name,
                                     std::uint32_t visibility) {
  check_name(name);
  Client client(call, base_);
  const std::string body =
      "{\"project_name\":" + portolan::json_quote(name) + "," + public_flag(visibility) + "}";
  const portolan::response made = call.send(repeatable(client.change("POST", "/projects", body)));
  if (made.status != 201 && made.status != 409)
    throw explain_refusal(client, made, "Harbor does not create the project " + name);
  const auto found = look_up(client, name);
  if (!found)
    throw portolan::failure(PORTOLAN_CONFLICT, "the project " + name + " was removed meanwhile",
                            "see who else works on it, and try again");
  if (found->visibility != visibility) throw not_as_asked(*found);
  return *found;
}

void Harbor::remove_space(portolan::call& call, const std::string& name) {
  check_name(name);
  Client client(call, base_);
  const portolan::response gone =
      call.send(repeatable(client.change("DELETE", project_path(name))));
  if (gone.status == 200 || is_gone(client, name, gone)) return;
  portolan::failure problem =
      explain_refusal(client, gone, "Harbor does not remove the project " + name);
  if (problem.code != PORTOLAN_CONFLICT) throw portolan::failure(problem);
  const auto left = look_up(client, name);
  if (!left) return;
  if (left->repositories > 0) {
    const bool one = left->repositories == 1;
    problem.message = "the project " + name + " holds " + std::to_string(left->repositories) +
                      (one ? " repository" : " repositories");
    problem.hint = "delete what it holds in Harbor first";
  }
  throw portolan::failure(problem);
}

portolan::space Harbor::set_visibility(portolan::call& call, const std::string& name,
                                       std::uint32_t visibility) {
  check_name(name);
  Client client(call, base_);
  const portolan::response put = call.send(
      repeatable(client.change("PUT", project_path(name), "{" + public_flag(visibility) + "}")));
  if (!put.ok() && is_gone(client, name, put)) throw no_project(name);
  if (put.status != 200)
    throw explain_refusal(client, put, "Harbor does not change the project " + name);
  const auto found = look_up(client, name);
  if (!found) throw no_project(name);
  if (found->visibility != visibility) throw not_as_asked(*found);
  return *found;
}

}  // namespace harbor
