// A plugin with one fault for each of several rules of `portolan plugins check`.
#include <portolan/plugin.hpp>

#include <fcntl.h>

#include <chrono>
#include <csignal>

namespace {

struct bad {
  explicit bad(const portolan::registry& registry) : base(registry.base) {
    (void)open("/dev/null", O_RDONLY);  // create-no-io
  }

  // integration-*: whatever is there is this product.
  portolan::integration integrate(portolan::call&) { return {.address = base, .product = "Bad"}; }

  void validate(portolan::call& call, portolan::depth, portolan::out<portolan::check>& out) {
    const auto answer = call.get("/");
    out.push(portolan::check{"identity"}.ok("there is something").seen(answer));
  }

  void collect(portolan::call& call, portolan::level, portolan::out<portolan::measure>& out) {
    portolan::response answer;
    try {
      answer = call.get("/");
    } catch (const portolan::failure&) {  // statistics-cancel: a loop that asks nobody.
      const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(900);
      while (std::chrono::steady_clock::now() < until) {
      }
    }
    // statistics-garbage: the process is gone.
    if (answer.body.find('\x01') != std::string::npos) std::raise(SIGSEGV);
    out.push(portolan::measure{"repositories"}.known(0));
  }

  std::string base;
};

using tables = portolan::detail::tables<bad>;

const portolan_descriptor* descriptor(std::uint32_t) {
  static const portolan_descriptor only = portolan::manifest::describe(false);
  return &only;
}

const void* type_extension(portolan_str, portolan_str) {
  static const int no_table = 0;
  return &no_table;
}

}  // namespace

extern "C" PORTOLAN_EXPORT const portolan_entry* portolan_plugin_v1(void) {
  static portolan_entry entries[2];
  static int calls = 0;
  portolan_entry& entry = entries[calls++ % 2];
  entry = {sizeof(portolan_entry), PORTOLAN_ABI_MINOR, 0, 1, descriptor,
           type_extension,         tables::create};
  return &entry;
}
