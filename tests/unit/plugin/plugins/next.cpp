// A plugin of the next minor: every struct that it hands over has a tail that today's host does not
// know, filled with poison. It needs no more than today's host has.
#include <portolan/abi/abi.h>

#include <array>
#include <cstring>
#include <string_view>

namespace {

constexpr portolan_str text(std::string_view from) { return {from.data(), from.size()}; }

template <class T>
struct Longer {
  T known;
  std::array<std::uint64_t, 3> tail{0xdeaddeaddeaddead, 0xdeaddeaddeaddead, 0xdeaddeaddeaddead};
  explicit Longer(T from) : known(from) { known.size = sizeof *this; }
};

constexpr std::array<portolan_str, 3> extensions = {
    text(PORTOLAN_EXT_INTEGRATION), text(PORTOLAN_EXT_VALIDATION), text(PORTOLAN_EXT_STATISTICS)};
const Longer descriptor(portolan_descriptor{
    0,
    PORTOLAN_THREADS_CONCURRENT,
    text("test.next"),
    text("next"),
    text("Next"),
    text("2.0.0"),
    {},
    {},
    {},
    text(
        R"({"type":"object","additionalProperties":false,"properties":{)"
        R"("credentials":{"type":"object","additionalProperties":false,"properties":{}},"options":{)"
        R"("type":"object","additionalProperties":false,"properties":{}}}})"),
    extensions.data(),
    extensions.size(),
    nullptr,
    0});

portolan_status integrate(const portolan_instance*, const portolan_call*,
                          const portolan_sink* sink) {
  const Longer found(portolan_integration{0,
                                          0,
                                          text("https://r.example:5000"),
                                          text("Next"),
                                          {},
                                          {},
                                          {},
                                          text("user"),
                                          {},
                                          text("{}"),
                                          nullptr,
                                          0});
  return sink->emit(sink, &found, 1, sizeof found);
}

portolan_status validate(const portolan_instance*, const portolan_call*, uint32_t,
                         const portolan_sink* sink) {
  const std::array<Longer<portolan_check>, 2> checks = {
      Longer(portolan_check{0, 0, 0, 0, text("identity"), text("one"), {}, {}, {}, {}, 0}),
      Longer(portolan_check{0, 0, 0, 0, text("credentials"), text("two"), {}, {}, {}, {}, 0})};
  return sink->emit(sink, checks.data(), checks.size(), sizeof checks[0]);
}

portolan_status collect(const portolan_instance*, const portolan_call*, uint32_t,
                        const portolan_sink* sink) {
  const std::array<Longer<portolan_measure>, 2> all = {
      Longer(portolan_measure{0, 0, 0, 0, 0, 0, text("tags"), text("count"), {}, {}, 1, 1}),
      Longer(portolan_measure{0, 0, 0, 0, 0, 0, text("artifacts"), text("count"), {}, {}, 2, 1})};
  return sink->emit(sink, all.data(), all.size(), sizeof all[0]);
}

const Longer integration(portolan_ext_integration{0, 0, integrate});
const Longer validation(portolan_ext_validation{0, 0, validate});
const Longer statistics(portolan_ext_statistics{0, 0, collect});

const void* extension(const portolan_instance*, portolan_str id) {
  const std::string_view name(id.data, id.len);
  if (name == PORTOLAN_EXT_INTEGRATION) return &integration;
  if (name == PORTOLAN_EXT_VALIDATION) return &validation;
  return name == PORTOLAN_EXT_STATISTICS ? &statistics : nullptr;
}

void destroy(const portolan_instance*) {}

const Longer instance(portolan_instance{0, 0, nullptr, extension, destroy});

portolan_status create(const portolan_call*, const portolan_host*, const portolan_registry*,
                       const portolan_instance** out) {
  *out = &instance.known;
  return PORTOLAN_OK;
}

const portolan_descriptor* get_descriptor(uint32_t index) {
  return index == 0 ? &descriptor.known : nullptr;
}

const Longer entry(portolan_entry{0, 1, 0, 1, get_descriptor, nullptr, create});

}  // namespace

const portolan_entry* portolan_plugin_v1() { return &entry.known; }
