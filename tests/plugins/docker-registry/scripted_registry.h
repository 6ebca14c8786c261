#pragma once
/// A registry of the fake host: repositories with tags and manifests, pages and faults.
#include <map>
#include <string>
#include <vector>

#include "support/fake_host.h"

struct ScriptedRegistry {
  std::map<std::string, std::vector<std::string>> tags;  ///< Of each repository.
  std::map<std::string, std::string> manifests;          ///< "repository:reference" → body.
  std::map<std::string, fake::Reply> instead;            ///< Path → what is answered instead.
  std::size_t page = 1000;                               ///< Repositories of one page at most.
  bool links = true;

  static std::string digest_of(const std::string& body) {
    return "sha256:" + std::to_string(std::hash<std::string>{}(body)) + std::string(45, 'a');
  }
  /// A manifest under a tag; its digest.
  std::string put(const std::string& repository, const std::string& tag, const std::string& body) {
    const auto digest = digest_of(body);
    if (!tag.empty()) {
      tags[repository].push_back(tag);
      manifests[repository + ":" + tag] = body;
    }
    manifests[repository + ":" + digest] = body;
    return digest;
  }
  /// The way a registry answers; `host.answer = std::ref(registry)`.
  fake::Reply operator()(const fake::Request& request) const {
    const auto path = request.url.substr(0, request.url.find('?'));
    if (const auto found = instead.find(path); found != instead.end()) return found->second;
    const fake::Reply unknown{404,
                              R"({"errors":[{"code":"NAME_UNKNOWN","message":"","detail":null}]})"};
    if (path == "/v2/") return {200, "{}", {{"docker-distribution-api-version", "registry/2.0"}}};
    if (path == "/v2/_catalog") return catalog(request);
    const auto ends = path.find("/tags/list");
    if (ends != std::string::npos) return tag_list(path.substr(4, ends - 4));
    const auto at = path.find("/manifests/");
    if (at == std::string::npos) return unknown;
    const auto found = manifests.find(path.substr(4, at - 4) + ":" + path.substr(at + 11));
    if (found == manifests.end()) return unknown;
    return {200,
            found->second,
            {{"docker-content-digest", digest_of(found->second)},
             {"content-type", "application/vnd.oci.image.manifest.v1+json"}}};
  }

 private:
  static std::string quoted(const std::vector<std::string>& names) {
    std::string out = "[";
    for (const auto& name : names) out += (out.size() > 1 ? ",\"" : "\"") + name + "\"";
    return out + "]";
  }
  static std::string parameter(const std::string& url, const std::string& name) {
    const auto at = url.find(name + "=");
    if (at == std::string::npos) return {};
    auto value = url.substr(at + name.size() + 1);
    value = value.substr(0, value.find('&'));
    for (auto slash = value.find("%2F"); slash != std::string::npos; slash = value.find("%2F"))
      value.replace(slash, 3, "/");
    return value;
  }
  fake::Reply catalog(const fake::Request& request) const {
    const auto n = parameter(request.url, "n"), last = parameter(request.url, "last");
    const auto most = std::min(page, n.empty() ? std::size_t{100} : std::size_t(std::stoul(n)));
    std::vector<std::string> names;
    fake::Reply reply;
    for (const auto& [name, of] : tags) {
      if (!last.empty() && name <= last) continue;
      if (names.size() == most) {
        if (links)
          reply.headers.push_back({"link", "</v2/_catalog?last=" + names.back() +
                                               "&n=" + std::to_string(most) + ">; rel=\"next\""});
        break;
      }
      names.push_back(name);
    }
    reply.body = "{\"repositories\":" + quoted(names) + "}";
    return reply;
  }
  fake::Reply tag_list(const std::string& repository) const {
    const auto found = tags.find(repository);
    if (found == tags.end())
      return {404, R"({"errors":[{"code":"NAME_UNKNOWN","message":"","detail":null}]})"};
    const auto list = found->second.empty() ? "null" : quoted(found->second);
    return {200, "{\"name\":\"" + repository + "\",\"tags\":" + list + "}"};
  }
};

/// An image manifest with a config and layers of these sizes; a name says which blob it is.
inline std::string image(const std::string& config,
                         const std::vector<std::pair<std::string, int>>& layers) {
  const auto part = [](const std::string& name, int size) {
    return "{\"digest\":\"" + ScriptedRegistry::digest_of(name) +
           "\",\"size\":" + std::to_string(size) + "}";
  };
  std::string out = R"({"schemaVersion":2,"config":)" + part(config, 10) + ",\"layers\":[";
  for (std::size_t i = 0; i < layers.size(); ++i)
    out += (i ? "," : "") + part(layers[i].first, layers[i].second);
  return out + "]}";
}
/// An index of manifests.
inline std::string index_of(const std::vector<std::string>& digests) {
  std::string out = R"({"schemaVersion":2,"manifests":[)";
  for (std::size_t i = 0; i < digests.size(); ++i)
    out += std::string(i ? "," : "") + "{\"digest\":\"" + digests[i] + "\",\"size\":1}";
  return out + "]}";
}
