// Breaks one promise of the contract at a time: the one that config_json names.
#include <portolan/abi/abi.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr portolan_str text(std::string_view from) { return {from.data(), from.size()}; }

constexpr std::array<portolan_str, 3> extensions = {
    text(PORTOLAN_EXT_INTEGRATION), text(PORTOLAN_EXT_VALIDATION), text(PORTOLAN_EXT_STATISTICS)};
constexpr portolan_descriptor descriptor = {
    sizeof(portolan_descriptor),
    PORTOLAN_THREADS_SERIAL,
    text("test.wicked"),
    text("wicked"),
    text("Wicked"),
    text("1.0.0"),
    text(""),
    text(""),
    text(""),
    text(
        R"({"type":"object","additionalProperties":false,"properties":{)"
        R"("credentials":{"type":"object","additionalProperties":false,"properties":{}},"options":{)"
        R"("type":"object","additionalProperties":false,"properties":{"mode":{"type":"string"}}}}})"),
    extensions.data(),
    extensions.size(),
    nullptr,
    0};

struct Wicked {
  portolan_instance table;
  std::string mode, base;
};

const Wicked& of(const portolan_instance* self) {
  return *static_cast<Wicked*>(self->plugin_context);
}

std::string mode_in(std::string_view config_json) {
  constexpr std::string_view key = R"("mode":")";
  const auto at = config_json.find(key);
  if (at == std::string_view::npos) return {};
  const auto rest = config_json.substr(at + key.size());
  return std::string(rest.substr(0, rest.find('"')));
}

/// Neither deadline nor cancel is asked for; nothing ends it but the process.
portolan_status hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

portolan_status integrate(const portolan_instance* self, const portolan_call* call,
                          const portolan_sink* sink) {
  const std::string& mode = of(self).mode;
  const std::string big(20'000, 'x');
  portolan_integration found{sizeof found,
                             0,
                             text(of(self).base),
                             text("Wicked"),
                             text("\xff\x1b[31mred\n"),
                             {},
                             {},
                             text("emperor"),
                             {},
                             text("{}"),
                             nullptr,
                             0};
  if (mode == "hangs in integration") return hang();
  if (mode == "throws") throw std::runtime_error("out of\x1b[2J cheese");
  if (mode == "throws a number") throw 42;
  if (mode == "silent") return PORTOLAN_OK;
  if (mode == "status") return 4711;
  if (mode == "wordless") return PORTOLAN_FORBIDDEN;
  if (mode == "host's code") return 1001;
  if (mode == "explains") {
    const portolan_error error{sizeof error,         PORTOLAN_UNAUTHORIZED, 401, 0, 0,
                               text("who is there"), text("knock"),         {},  {}};
    return call->fail(call, &error);
  }
  if (mode == "twice") sink->emit(sink, &found, 1, sizeof found);
  if (mode == "big facts") found.facts_json = text(big);
  if (mode == "list facts") found.facts_json = text("[]");
  if (mode == "no facts") found.facts_json = {};
  if (mode == "other origin") found.address = text("https://elsewhere.example/path");
  if (mode == "other path") found.address = text("https://r.example:5000/deeper");
  if (mode == "no address") found.address = text("gopher://r");
  sink->emit(sink, &found, 1, sizeof found);  // What it answers is the host's to remember.
  return PORTOLAN_OK;
}

portolan_check check(std::string_view name, std::string_view message = "seen") {
  return {sizeof(portolan_check),
          PORTOLAN_CHECK_OK,
          PORTOLAN_OK,
          0,
          text(name),
          text(message),
          {},
          {},
          {},
          {},
          0};
}

portolan_status validate(const portolan_instance* self, const portolan_call*, uint32_t,
                         const portolan_sink* sink) {
  const std::string& mode = of(self).mode;
  const std::string long_text(1 << 20, 'm');
  std::vector<portolan_check> checks = {check("identity")};
  if (mode == "nothing") checks.clear();
  if (mode == "host's name") checks.push_back(check("dns"));
  if (mode == "same name") checks.push_back(check("identity"));
  if (mode == "no message") checks.push_back(check("credentials", ""));
  if (mode == "bad name") checks.push_back(check("../../etc"));
  if (mode == "long") checks[0].message = text(long_text);
  if (mode == "bytes") checks[0].message = text("a\xc3(\x1b[31m\tb\xe2\x80\xae");
  if (mode == "echoes") checks[0].detail = text("Basic canary-password?");
  if (mode == "echoes") checks[0].hint = text("is canary-password right?");
  if (mode == "state") checks[0].state = 99;
  if (mode == "failed without code") checks[0].state = PORTOLAN_CHECK_FAIL;
  if (mode == "small") checks[0].size = 4;
  if (mode == "large") checks[0].size = sizeof(portolan_check) + 8;
  if (mode == "endless") {
    for (int i = 0; i < 5000; ++i) {
      const std::string name = "permissions.x" + std::to_string(i);
      const portolan_check one = check(name);
      if (sink->emit(sink, &one, 1, sizeof one) != PORTOLAN_OK) break;
    }
    return PORTOLAN_OK;
  }
  if (mode == "other thread") {
    portolan_status seen = PORTOLAN_OK;
    std::thread([&] { seen = sink->emit(sink, checks.data(), 1, sizeof(portolan_check)); }).join();
    if (seen != PORTOLAN_INVALID_ARGUMENT) return PORTOLAN_INTERNAL;
  }
  if (mode == "2^31")
    return sink->emit(sink, checks.data(), std::uint64_t{1} << 31, sizeof(portolan_check));
  if (mode == "null") return sink->emit(sink, nullptr, 3, sizeof(portolan_check));
  if (mode == "stride") return sink->emit(sink, checks.data(), 1, 8);
  if (mode == "wide stride") return sink->emit(sink, checks.data(), 1, UINT64_MAX);
  if (mode == "cursor") sink->cursor(sink, text(long_text));
  sink->emit(sink, checks.data(), checks.size(), sizeof(portolan_check));
  return PORTOLAN_OK;
}

portolan_measure measure(std::string_view name, std::int64_t value) {
  return {sizeof(portolan_measure),
          PORTOLAN_MEASURE_KNOWN,
          0,
          0,
          0,
          0,
          text(name),
          text("count"),
          {},
          {},
          value,
          0};
}

portolan_status collect(const portolan_instance* self, const portolan_call*, uint32_t,
                        const portolan_sink* sink) {
  const std::string& mode = of(self).mode;
  std::vector<portolan_measure> all = {measure("tags", 7)};
  if (mode == "hangs in statistics") return hang();
  if (mode == "hangs after a measure") {
    sink->emit(sink, all.data(), all.size(), sizeof(portolan_measure));
    return hang();
  }
  if (mode == "nothing") all.clear();
  if (mode == "negative") all.push_back(measure("artifacts", -7));
  if (mode == "twice") all.push_back(measure("tags", 8));
  if (mode == "unit") all[0].unit = text("furlongs");
  if (mode == "kind") all[0].kind = 9;
  if (mode == "state") all[0].state = 9;
  sink->emit(sink, all.data(), all.size(), sizeof(portolan_measure));
  return PORTOLAN_OK;
}

constexpr portolan_ext_integration integration = {sizeof integration, 0, integrate};
constexpr portolan_ext_validation validation = {sizeof validation, 0, validate};
constexpr portolan_ext_statistics statistics = {sizeof statistics, 0, collect};

const void* extension(const portolan_instance* self, portolan_str id) {
  const std::string_view name(id.data, id.len);
  if (name == PORTOLAN_EXT_INTEGRATION) return &integration;
  if (name == PORTOLAN_EXT_VALIDATION) return &validation;
  if (name == PORTOLAN_EXT_STATISTICS && of(self).mode != "no statistics") return &statistics;
  return nullptr;
}

void destroy(const portolan_instance* self) { delete static_cast<Wicked*>(self->plugin_context); }

portolan_status create(const portolan_call*, const portolan_host*,
                       const portolan_registry* registry, const portolan_instance** out) {
  const std::string mode = mode_in({registry->config_json.data, registry->config_json.len});
  if (mode == "no instance") return PORTOLAN_OK;
  auto* made = new Wicked{{sizeof(portolan_instance), 0, nullptr, extension, destroy},
                          mode,
                          std::string(registry->base.data, registry->base.len)};
  made->table.plugin_context = made;
  *out = &made->table;
  return PORTOLAN_OK;
}

const portolan_descriptor* get_descriptor(uint32_t index) {
  return index == 0 ? &descriptor : nullptr;
}

constexpr portolan_entry entry = {sizeof entry, 0, 0, 1, get_descriptor, nullptr, create};

}  // namespace

const portolan_entry* portolan_plugin_v1() { return &entry; }
