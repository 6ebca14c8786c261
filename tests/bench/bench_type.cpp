// A type that asks nobody: what is left to measure is the border and the road to it.
#include <portolan/plugin.hpp>

class bench_type {
 public:
  explicit bench_type(const portolan::registry& registry) : base_(registry.base) {}

  portolan::integration integrate(portolan::call&) {
    portolan::integration found;
    found.address = base_;
    found.facts_json = "{}";
    return found;
  }
  void validate(portolan::call&, portolan::depth, portolan::out<portolan::check>&) {}
  void collect(portolan::call&, portolan::level, portolan::out<portolan::measure>&) {}
  void repositories(portolan::call&, const portolan::query& query,
                    portolan::out<portolan::repository>& out) {
    for (std::uint64_t i = 0; i < query.limit; ++i) {
      portolan::repository one;
      one.name = "team/app-" + std::to_string(i);
      one.space = "team";
      if (!out.push(std::move(one))) return;
    }
  }

 private:
  std::string base_;
};

PORTOLAN_PLUGIN(bench_type)
