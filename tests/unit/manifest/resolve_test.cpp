#include <stdlib.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "type_schemas.h"

using namespace portolan;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A folder with files that references point to, an environment, and standard input.
class World {
 public:
  World() {
    std::string name = (fs::temp_directory_path() / "portolan-resolve-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~World() { fs::remove_all(folder_); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  std::map<std::string, std::string> environment;
  std::istringstream standard_input;

  fs::path write(const std::string& name, const std::string& text,
                 fs::perms mode = fs::perms(0600)) {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, mode);
    return folder_ / name;
  }
  std::string folder() const { return folder_.string(); }

  /// One registry with these further lines, each indented by six blanks.
  manifest::Resolution resolve(const std::string& lines,
                               const std::string& type = "docker-registry") {
    const auto file =
        write("fleet.yaml",
              "apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: m}\nspec:\n"
              "  registries:\n    - name: a\n      type: " +
                  type + "\n      address: https://A.example.com:443/x/\n" + lines);
    std::istringstream nothing;
    const auto reading = manifest::read({file.string()}, sample_types(), nothing);
    for (const auto& mistake : reading.mistakes) FAIL(to_text(mistake));
    return manifest::resolve(reading.manifest, references());
  }

  manifest::References references() {
    return {[this](const std::string& name) -> std::optional<std::string> {
              const auto found = environment.find(name);
              if (found == environment.end()) return std::nullopt;
              return found->second;
            },
            standard_input};
  }

  std::string password_from(const std::string& reference) {
    const auto resolution =
        resolve("      credentials: {username: u, passwordFrom: " + reference + "}\n");
    for (const auto& mistake : resolution.mistakes) FAIL(to_text(mistake));
    return resolution.registries.at(0).registry.credentials.password.reveal();
  }
  std::string refusal_of(const std::string& reference) {
    const auto resolution =
        resolve("      credentials: {username: u, passwordFrom: " + reference + "}\n");
    REQUIRE(resolution.mistakes.size() == 1);
    CHECK(resolution.mistakes[0].line == 9);
    CHECK(resolution.mistakes[0].path == "spec.registries[0].credentials.passwordFrom");
    return resolution.mistakes[0].message;
  }

 private:
  fs::path folder_;
};

}  // namespace

TEST_CASE("a password comes from each kind of reference, one line end dropped", "[manifest]") {
  World world;
  world.environment = {{"TOKEN", "from-env"}, {"CREDENTIALS_DIRECTORY", world.folder()}};
  world.write("secret", "from-file\n\n");
  world.write("unit-secret", "from-systemd\n", fs::perms(0440));
  world.standard_input.str("from-stdin\n");
  CHECK(world.password_from("{env: TOKEN}") == "from-env");
  CHECK(world.password_from("{file: secret}") == "from-file\n");
  CHECK(world.password_from("{file: " + world.folder() + "/secret}") == "from-file\n");
  CHECK(world.password_from("{credential: unit-secret}") == "from-systemd");
  CHECK(world.password_from("{stdin: true}") == "from-stdin");
}

TEST_CASE("a reference that cannot be read is told with its place and never a value",
          "[manifest]") {
  World world;
  world.environment = {{"EMPTY", "\n"}};
  world.write("open", "x", fs::perms(0640));
  world.write("empty", "\n");
  const std::string folder = world.folder() + "/";
  CHECK(world.refusal_of("{env: NONE}") == "the environment variable NONE is not set");
  CHECK(world.refusal_of("{env: EMPTY}") == "the environment variable EMPTY is empty");
  CHECK(world.refusal_of("{file: none}") ==
        "the file " + folder + "none cannot be read: No such file or directory");
  CHECK(world.refusal_of("{file: open}") ==
        "the file " + folder + "open may be read or written by others; chmod 600 " + folder +
            "open");
  CHECK(world.refusal_of("{file: empty}") == "the file " + folder + "empty is empty");
  CHECK(world.refusal_of("{file: .}").find("is a directory") != std::string::npos);
  CHECK(world.refusal_of("{credential: x}").find("CREDENTIALS_DIRECTORY is not set") == 0);
  CHECK(world.refusal_of("{stdin: true}") == "standard input is empty");
  world.environment["CREDENTIALS_DIRECTORY"] = world.folder();
  CHECK(world.refusal_of("{credential: ../x}") == "a credential's name has no slash");
  world.write("huge", std::string(2 * 1024 * 1024, 'x'));
  CHECK(world.refusal_of("{file: huge}") == "the file " + folder + "huge holds more than 1 MiB");
}

TEST_CASE("all references that cannot be read are told together", "[manifest]") {
  World world;
  const auto resolution = world.resolve(
      "      credentials: {username: u, passwordFrom: {env: A}}\n"
      "      proxyFrom: {env: B}\n"
      "      tls: {caFrom: {file: none}, clientCertificateFrom: {env: C}, clientKeyFrom: {env: "
      "D}}\n");
  CHECK(resolution.mistakes.size() == 5);
}

TEST_CASE("what a document says is what the registry gets", "[manifest]") {
  World world;
  world.environment = {{"KEY", "key"}, {"CERT", "cert"}, {"PROXY", "http://proxy:3128"}};
  world.write("ca.pem", "ca", fs::perms(0644));
  const auto resolution = world.resolve(
      "      allowPlainHttp: true\n"
      "      proxyFrom: {env: PROXY}\n"
      "      timeouts: {connect: 1s, request: 1500ms}\n"
      "      tls: {caFrom: {file: ca.pem}, clientCertificateFrom: {env: CERT}, clientKeyFrom: "
      "{env: KEY},\n"
      "            minimumVersion: '1.3', skipVerify: true}\n"
      "  network: {allow: [10.0.0.0/8], allowPrivate: true}\n");
  REQUIRE(resolution.mistakes.empty());
  REQUIRE(resolution.registries.size() == 1);
  const auto& wanted = resolution.registries[0];
  const auto& registry = wanted.registry;
  CHECK(registry.name == "a");
  CHECK(registry.type == "docker-registry");
  CHECK(registry.address == "https://a.example.com/x");
  CHECK(registry.allow_plain_http);
  CHECK(registry.proxy == "http://proxy:3128");
  CHECK(registry.timeouts.connect == 1s);
  CHECK(registry.timeouts.request == 1500ms);
  CHECK(registry.timeouts.validation == model::limits::validation);
  CHECK(registry.tls.ca_pem == "ca");
  CHECK(registry.tls.client_certificate_pem == "cert");
  CHECK(registry.tls.client_key_pem.reveal() == "key");
  CHECK(registry.tls.minimum_version == "1.3");
  CHECK(registry.tls.skip_verify);
  CHECK(registry.where == world.folder() + "/fleet.yaml:6:7");
  CHECK(wanted.network_allow == std::vector<std::string>{"10.0.0.0/8"});
  CHECK(wanted.allow_private);
}

TEST_CASE("options are given with the type's defaults, unless the type is unavailable",
          "[manifest]") {
  World world;
  CHECK(world.resolve("").registries.at(0).registry.options_json == "{\"pageSize\":100}");
  CHECK(world.resolve("      options: {pageSize: 5}\n").registries.at(0).registry.options_json ==
        "{\"pageSize\":5}");
  CHECK(world.resolve("      options: {x: 5}\n", "jfrog").registries.at(0).registry.options_json ==
        "{\"x\":5}");
}

TEST_CASE("a realm is kept as its origin", "[manifest]") {
  World world;
  world.environment = {{"P", "p"}};
  const auto resolution = world.resolve(
      "      credentials: {username: u, passwordFrom: {env: P}, trustedRealms: "
      "['https://Auth.example.com:443/']}\n");
  CHECK(resolution.registries.at(0).registry.credentials.trusted_realms ==
        std::vector<std::string>{"https://auth.example.com"});
}

TEST_CASE("one registry can be resolved without the secrets of the others", "[manifest]") {
  World world;
  std::istringstream text(
      "apiVersion: portolan.dev/v1\nkind: Manifest\nmetadata: {name: m}\nspec:\n  registries:\n"
      "    - {name: a, type: harbor, address: a, credentials: {username: u, passwordFrom: {env: "
      "NONE}}}\n"
      "    - {name: b, type: docker-registry, address: b}\n");
  const auto reading = manifest::read({"-"}, sample_types(), text);
  REQUIRE(reading.mistakes.empty());
  const auto resolution = manifest::resolve(reading.manifest, world.references(), "b");
  CHECK(resolution.mistakes.empty());
  REQUIRE(resolution.registries.size() == 1);
  CHECK(resolution.registries[0].registry.name == "b");
}

TEST_CASE("a proxy from the environment is checked like a written one", "[manifest]") {
  World world;
  world.environment = {{"PROXY", "http://user:canary@proxy:3128"}};
  const auto resolution = world.resolve("      proxyFrom: {env: PROXY}\n");
  REQUIRE(resolution.mistakes.size() == 1);
  CHECK(to_text(resolution.mistakes[0]).find("canary") == std::string::npos);
}
