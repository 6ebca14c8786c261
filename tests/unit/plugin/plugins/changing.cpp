// Makes spaces and robots, and breaks the promise that config_json names. What it was given comes
// back in its answers.
#include <portolan/abi/abi.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr portolan_str text(std::string_view from) { return {from.data(), from.size()}; }
std::string text(portolan_str from) { return {from.data, from.len}; }

constexpr std::array<portolan_str, 5> extensions = {
    text(PORTOLAN_EXT_INTEGRATION), text(PORTOLAN_EXT_VALIDATION), text(PORTOLAN_EXT_STATISTICS),
    text(PORTOLAN_EXT_SPACES), text(PORTOLAN_EXT_ROBOTS)};
constexpr portolan_descriptor descriptor = {
    sizeof(portolan_descriptor),
    PORTOLAN_THREADS_SERIAL,
    text("test.changing"),
    text("changing"),
    text("Changing"),
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

const portolan_host* the_host = nullptr;

struct Changing {
  portolan_instance table;
  std::string mode;
};

bool is(const portolan_instance* self, std::string_view mode) {
  return static_cast<Changing*>(self->plugin_context)->mode.find("\"" + std::string(mode) + "\"") !=
         std::string::npos;
}

portolan_status emit(const portolan_sink* sink, portolan_space space) {
  return sink->emit(sink, &space, 1, sizeof space);
}
portolan_status emit(const portolan_sink* sink, portolan_robot robot) {
  return sink->emit(sink, &robot, 1, sizeof robot);
}

portolan_status space(const portolan_instance* self, const portolan_call* call, portolan_str name,
                      std::uint32_t visibility, const portolan_sink* sink) {
  if (is(self, "refuses")) {
    const portolan_error error{sizeof error,         PORTOLAN_CONFLICT,         409, 0, 0,
                               text("it is in use"), text("Take another one."), {},  {}};
    return call->fail(call, &error);
  }
  if (is(self, "nothing")) return PORTOLAN_OK;
  if (is(self, "another space")) name = text("other");
  if (is(self, "another visibility")) visibility = 3 - visibility;
  emit(sink, {sizeof(portolan_space), visibility, name, text("17"), -1, 0, 0});
  if (is(self, "two")) emit(sink, {sizeof(portolan_space), visibility, name, text("18"), -1, 0, 0});
  return PORTOLAN_OK;
}

portolan_status gone(const portolan_instance* self, const portolan_call*, portolan_str name) {
  return is(self, "nothing") || text(name).empty() ? PORTOLAN_NOT_FOUND : PORTOLAN_OK;
}

/// "team=1,open=3": spaces with their rights, at any stride.
std::string written(const portolan_grant* grants, std::uint64_t count, std::uint64_t stride) {
  std::string out;
  const auto* at = reinterpret_cast<const char*>(grants);
  for (std::uint64_t i = 0; i < count; ++i, at += stride) {
    const auto* grant = reinterpret_cast<const portolan_grant*>(at);
    out += (out.empty() ? "" : ",") + text(grant->space) + "=" + std::to_string(grant->rights);
  }
  return out;
}

/// POST /robots, its "secret" taken by the host; what the plugin is shown of the answer.
std::string shown(const portolan_call* call) {
  const auto* http =
      static_cast<const portolan_http*>(the_host->service(the_host, text(PORTOLAN_SERVICE_HTTP)));
  portolan_http_request request{};
  request.size = sizeof request;
  request.method = text("POST");
  request.url = text("/robots");
  request.secret_pointer = text("/secret");
  std::string body;
  const portolan_http_sink sink{
      sizeof sink,
      0,
      &body,
      [](void*, const portolan_http_response*) -> portolan_status { return PORTOLAN_OK; },
      [](void* into, const std::uint8_t* bytes, std::uint64_t count) -> portolan_status {
        static_cast<std::string*>(into)->append(reinterpret_cast<const char*>(bytes), count);
        return PORTOLAN_OK;
      },
      [](void*, portolan_status, const portolan_error*) {}};
  http->send(call, &request, &sink);
  return body;
}

std::string handle_in(const std::string& body) {
  const auto at = body.find("sealed-");
  return at == std::string::npos ? "" : body.substr(at, body.find('"', at) - at);
}

portolan_status issue(const portolan_instance* self, const portolan_call* call, portolan_str name,
                      const portolan_grant* grants, std::uint64_t count, std::uint64_t stride,
                      std::uint32_t days, const portolan_sink* sink) {
  const std::string body = shown(call);
  if (is(self, "tells")) {
    const portolan_error error{sizeof error, PORTOLAN_PROTOCOL, 0, 0, 0, text(body), {}, {}, {}};
    return call->fail(call, &error);
  }
  std::string handle = handle_in(body);
  if (is(self, "no secret")) handle.clear();
  if (is(self, "invented")) handle = "sealed-77";
  if (is(self, "the password")) handle = "password";
  const std::string username = is(self, "escape") ? "robot\x1b[31m" : "robot$" + text(name);
  const std::string id = is(self, "no id") ? "" : written(grants, count, stride);
  return emit(sink, {sizeof(portolan_robot), 0, text(id), text(username), text(handle), days});
}

portolan_status rewrite(const portolan_instance* self, const portolan_call*, portolan_str id,
                        const portolan_grant* grants, std::uint64_t count, std::uint64_t stride,
                        const portolan_sink* sink) {
  if (is(self, "nothing")) return PORTOLAN_OK;
  const std::string names = written(grants, count, stride);
  const auto handle = text(is(self, "a secret") ? "sealed-1" : "");
  if (is(self, "another robot")) id = text("8");
  return emit(sink, {sizeof(portolan_robot), 0, id, text(names), handle, -1});
}

portolan_status list(const portolan_instance* self, const portolan_call*, portolan_str prefix,
                     const portolan_sink* sink) {
  const auto handle = text(is(self, "a secret") ? "sealed-1" : "");
  const std::vector<portolan_robot> batch(
      1000, {sizeof(portolan_robot), 0, text("7"), prefix, handle, -5});
  for (int i = is(self, "endless") ? 100 : 1; i > 0; --i) {
    const auto status = sink->emit(sink, batch.data(), batch.size(), sizeof batch[0]);
    if (status != PORTOLAN_OK) return status;
  }
  return PORTOLAN_OK;
}

portolan_status integrate(const portolan_instance*, const portolan_call*, const portolan_sink*) {
  return PORTOLAN_UNSUPPORTED;
}
portolan_status with_level(const portolan_instance*, const portolan_call*, std::uint32_t,
                           const portolan_sink*) {
  return PORTOLAN_UNSUPPORTED;
}

constexpr portolan_ext_integration integration = {sizeof integration, 0, integrate};
constexpr portolan_ext_validation validation = {sizeof validation, 0, with_level};
constexpr portolan_ext_statistics statistics = {sizeof statistics, 0, with_level};
constexpr portolan_ext_spaces spaces = {sizeof spaces, 0, space, gone, space};
constexpr portolan_ext_robots robots = {sizeof robots, 0, issue, rewrite, gone, list};

const void* extension(const portolan_instance*, portolan_str id) {
  const std::string name = text(id);
  if (name == PORTOLAN_EXT_INTEGRATION) return &integration;
  if (name == PORTOLAN_EXT_VALIDATION) return &validation;
  if (name == PORTOLAN_EXT_STATISTICS) return &statistics;
  if (name == PORTOLAN_EXT_SPACES) return &spaces;
  if (name == PORTOLAN_EXT_ROBOTS) return &robots;
  return nullptr;
}

void destroy(const portolan_instance* self) { delete static_cast<Changing*>(self->plugin_context); }

portolan_status create(const portolan_call*, const portolan_host* host,
                       const portolan_registry* registry, const portolan_instance** out) {
  the_host = host;
  auto* made = new Changing{{sizeof(portolan_instance), 0, nullptr, extension, destroy},
                            text(registry->config_json)};
  made->table.plugin_context = made;
  *out = &made->table;
  return PORTOLAN_OK;
}

const portolan_descriptor* get_descriptor(std::uint32_t index) {
  return index == 0 ? &descriptor : nullptr;
}

constexpr portolan_entry entry = {sizeof entry, 0, 0, 1, get_descriptor, nullptr, create};

}  // namespace

const portolan_entry* portolan_plugin_v1() { return &entry; }
