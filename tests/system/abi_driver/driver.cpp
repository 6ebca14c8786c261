// A host of whatever minor its headers have: loads a plugin, makes an instance, runs the mandatory
// calls.
#include <dlfcn.h>

#include <cstring>
#include <iostream>

#include "support/fake_host.h"

int main(int, char** argv) {
  void* file = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!file) return std::cerr << dlerror() << '\n', 1;
  using Function = const portolan_entry* (*)();
  const auto* entry = reinterpret_cast<Function>(dlsym(file, "portolan_plugin_v1"))();
  const portolan_descriptor* descriptor = entry->descriptor(0);

  fake::Host host;
  host.answer = [](const fake::Request& request) -> fake::Reply {
    if (request.url == "/layouts.json") return {200, R"(["team/app","busybox"])"};
    return {200, R"({"manifests":[1,2,3]})"};
  };
  const auto text = [](const char* t) { return portolan_str{t, std::strlen(t)}; };
  portolan_registry registry{};
  std::memset(&registry, 0xA5, sizeof registry);  // A newer host's members hold what they hold.
  registry.size = sizeof registry;
  registry.reserved = 0;
  registry.type = descriptor->type;
  registry.base = text("https://registry.example");
  registry.config_json = text(R"({"options":{"index":"layouts.json"}})");
  registry.facts_json = {nullptr, 0};
  const portolan_instance* instance = nullptr;
  if (entry->create(host.call(), host.host(), &registry, &instance) != PORTOLAN_OK) return 2;

  const auto table = [&](const char* id) { return instance->extension(instance, text(id)); };
  const auto status = host.collect<portolan_measure>(
      [](const portolan_measure& item) {
        std::cout << fake::text(item.name) << '=' << item.value << '\n';
      },
      [&](const portolan_sink* sink) {
        return static_cast<const portolan_ext_statistics*>(table(PORTOLAN_EXT_STATISTICS))
            ->collect(instance, host.call(), PORTOLAN_LEVEL_NORMAL, sink);
      });
  const auto checked = host.collect<portolan_check>(
      [](const portolan_check& item) {
        std::cout << fake::text(item.name) << ' ' << item.state << '\n';
      },
      [&](const portolan_sink* sink) {
        return static_cast<const portolan_ext_validation*>(table(PORTOLAN_EXT_VALIDATION))
            ->validate(instance, host.call(), PORTOLAN_DEPTH_FULL, sink);
      });
  std::cout << "minor " << entry->abi_minor << " size " << descriptor->size << '\n';
  instance->destroy(instance);
  return status == PORTOLAN_OK && checked == PORTOLAN_OK ? 0 : 3;
}
