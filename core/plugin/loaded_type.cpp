#include "plugin/loaded_type.h"

#include "plugin/abi_read.h"
#include "plugin/items.h"
#include "plugin/outcome.h"
#include "plugin/sink.h"

namespace portolan::plugin {
namespace {

class LoadedType : public Type {
 public:
  LoadedType(const portolan_entry& entry, const portolan_host* host, const Note::Type& note,
             std::string plugin)
      : entry_(entry), host_(host), name_(note.type), plugin_(std::move(plugin)) {}

  const std::string& name() const override { return name_; }

  base::Result<std::unique_ptr<Instance>> create(services::Call& call, const std::string& base,
                                                 const std::string& config_json,
                                                 const std::string& facts_json) override {
    const portolan_registry registry{
        sizeof(portolan_registry), 0, to_abi(name_), to_abi(base), to_abi(config_json),
        to_abi(facts_json)};
    const portolan_instance* raw = nullptr;
    const auto made = run(plugin_, call, nullptr,
                          [&] { return entry_.create(call.abi(), host_, &registry, &raw); });
    if (!made) return made.error();
    return make_instance(raw, base, plugin_);
  }

  base::Result<model::Detection> detect(services::Call& call, const std::string& base) override {
    const void* table = nullptr;
    const auto asked = run(plugin_, call, nullptr, [&] {
      table = entry_.type_extension
                  ? entry_.type_extension(to_abi(name_), to_abi(PORTOLAN_EXT_DETECT))
                  : nullptr;
      return PORTOLAN_OK;
    });
    if (!asked) return asked.error();
    const auto extension = read_struct<portolan_ext_detect>(table);
    if (!extension || !extension->detect)
      return misbehaves(plugin_, "it names portolan.detect/1 and has none");

    model::Detection found;
    found.type = name_;
    Sink sink(minor_0_size<portolan_detection>, 1,
              each<portolan_detection>(
                  [&](const portolan_detection& item) { return read_item(item, found); }));
    const auto done = run(plugin_, call, &sink, [&] {
      return extension->detect(call.abi(), host_, to_abi(base), sink.abi());
    });
    if (!done) return done.error();
    if (sink.taken() == 0) return misbehaves(plugin_, "detect() said nothing");
    found.reason = call.redact(std::move(found.reason));
    return found;
  }

 private:
  const portolan_entry entry_;
  const portolan_host* const host_;
  const std::string name_, plugin_;
};

}  // namespace

std::shared_ptr<Type> make_type(const portolan_entry* entry, const portolan_host* host,
                                const Note::Type& note, std::string plugin) {
  return std::make_shared<LoadedType>(*read_struct<portolan_entry>(entry), host, note,
                                      std::move(plugin));
}

}  // namespace portolan::plugin
