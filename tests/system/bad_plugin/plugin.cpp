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

  // catalog-*: what cannot be read is taken for something.
  void repositories(portolan::call& call, const portolan::query&,
                    portolan::out<portolan::repository>& out) {
    if (!call.get("/").ok()) out.push({.name = "made/up"});
  }

  // spaces-*: whatever the answer, it is done.
  portolan::space create_space(portolan::call& call, const std::string& name,
                               std::uint32_t visibility) {
    (void)call.get("/");
    return {.name = name, .visibility = visibility};
  }
  portolan::space set_visibility(portolan::call& call, const std::string& name,
                                 std::uint32_t visibility) {
    return create_space(call, name, visibility);
  }
  void remove_space(portolan::call& call, const std::string&) { call.get("/").require(); }

  portolan::robot issue_robot(portolan::call& call, const std::string&,
                              const std::vector<portolan::grant>&, std::uint32_t) {
    portolan::request wanted("/robots");
    wanted.method = "POST";
    wanted.secret_pointer = "/secret";
    wanted.flags = PORTOLAN_HTTP_IDEMPOTENT;  // robots-once
    const auto made = call.send(wanted).json();
    return {.id = "1", .username = "x", .secret_handle = made["secret"]["$secret"].string_or("")};
  }
  portolan::robot rewrite_robot(portolan::call& call, const std::string& id,
                                const std::vector<portolan::grant>&) {
    call.get("/robots").json();
    return {.id = id, .username = "x"};
  }
  void revoke_robot(portolan::call& call, const std::string&) { call.get("/").require(); }
  // robots-*: what cannot be read is an empty list.
  void list_robots(portolan::call& call, const std::string&, portolan::out<portolan::robot>&) {
    (void)call.get("/robots");
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
