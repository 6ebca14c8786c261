// Makes one change at a real registry, over the same road as the daemon: router, plugin, services.
//
//   driver_changes PLUGIN_DIR TYPE ADDRESS USERNAME create_space|set_visibility NAME public|private
//   driver_changes …                       remove_space NAME
//   driver_changes …                       issue_robot NAME DAYS SPACE|SPACE+push…
//   driver_changes …                       rewrite_robot ID SPACE|SPACE+push…
//   driver_changes …                       revoke_robot ID
//   driver_changes …                       list_robots PREFIX
//
// The password is PORTOLAN_DRIVER_PASSWORD. Prints {"result": …} or {"error": {code, message,
// hint}}; a new robot with its secret, so this is for tests only.
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <vector>

#include "base/json.h"
#include "base/url.h"
#include "model/outcome.h"
#include "net/transport.h"
#include "plugin/plugin_set.h"
#include "router/router.h"
#include "services/upstream.h"

using namespace portolan;
using base::Json;

namespace {

using Words = std::vector<std::string>;

Json to_json(const model::Space& space) {
  return Json::object({{"name", Json::string(space.name)},
                       {"id", Json::string(space.upstream_id)},
                       {"visibility", Json::string(std::string(to_string(space.visibility)))},
                       {"repositories", Json::integer(space.repositories)}});
}
Json to_json(const model::Robot& robot) {
  return Json::object({{"id", Json::string(robot.id)},
                       {"username", Json::string(robot.username)},
                       {"secret", Json::string(robot.secret.reveal())},
                       {"expires_ms", Json::integer(robot.expires_ms)}});
}
Json to_json(const std::vector<model::Robot>& robots) {
  Json list = Json::array();
  for (const auto& robot : robots) list.push(to_json(robot));
  return list;
}
Json to_json(const base::Error& error) {
  return Json::object({{"code", Json::string(std::string(base::to_string(error.code)))},
                       {"message", Json::string(error.message)},
                       {"hint", Json::string(error.hint)}});
}

template <class T>
Json answer(const base::Result<T>& result) {
  if (!result) return Json::object({{"error", to_json(result.error())}});
  if constexpr (std::is_void_v<T>)
    return Json::object({{"result", Json()}});
  else
    return Json::object({{"result", to_json(*result)}});
}

model::Visibility visibility(const std::string& word) {
  return word == "public" ? model::Visibility::open : model::Visibility::closed;
}

std::vector<model::Grant> grants(const Words& words, std::size_t first) {
  std::vector<model::Grant> out;
  for (std::size_t i = first; i < words.size(); ++i) {
    const auto plus = words[i].find("+push");
    out.push_back({words[i].substr(0, plus), plus != std::string::npos});
  }
  return out;
}

Json change(router::Router& router, router::Registry& registry, const Words& words) {
  router::CallSettings settings;
  settings.deadline = base::Deadline::in(std::chrono::seconds(30));
  const std::string &call = words.at(0), &name = words.at(1);
  if (call == "create_space")
    return answer(router.create_space(registry, name, visibility(words.at(2)), settings));
  if (call == "set_visibility")
    return answer(router.set_visibility(registry, name, visibility(words.at(2)), settings));
  if (call == "remove_space") return answer(router.remove_space(registry, name, settings));
  if (call == "issue_robot")
    return answer(router.issue_robot(registry, name, grants(words, 3),
                                     static_cast<std::uint32_t>(std::stoul(words.at(2))),
                                     settings));
  if (call == "rewrite_robot")
    return answer(router.rewrite_robot(registry, name, grants(words, 2), settings));
  if (call == "revoke_robot") return answer(router.revoke_robot(registry, name, settings));
  if (call == "list_robots") return answer(router.list_robots(registry, name, settings));
  throw std::invalid_argument("no such call: " + call);
}

Json run(const Words& words) {
  const auto plugins = plugin::PluginSet::scan({{}, {words.at(0)}, {}});
  const auto transport = net::make_curl_transport();
  router::Router router(*plugins, *transport);
  model::Registry registry;
  registry.name = "driven";
  registry.type = words.at(1);
  const auto address = base::parse_address(words.at(2));
  if (!address) throw std::invalid_argument("no address: " + words.at(2));
  registry.address = address->text();
  registry.allow_plain_http = true;
  registry.credentials.username = words.at(3);
  if (const char* password = std::getenv("PORTOLAN_DRIVER_PASSWORD"))
    registry.credentials.password = base::Secret(password);
  auto policy = net::AddressPolicy::make(true, {});
  auto added = router.add({std::move(registry), *std::move(policy), 8});
  if (!added) return Json::object({{"error", to_json(added.error())}});
  return change(router, **added, Words(words.begin() + 4, words.end()));
}

}  // namespace

int main(int count, char** arguments) {
  try {
    std::cout << base::to_text(run(Words(arguments + 1, arguments + count))) << '\n';
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << '\n';
    return 2;
  }
}
