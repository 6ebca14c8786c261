#include "router/call_thread.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include "model/limits.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;

namespace {

/// What a stuck plugin waits for; the test opens it at its end, so that no thread is left behind.
class Door {
 public:
  ~Door() {
    open_.set_value();
    while (router::any_abandoned()) std::this_thread::yield();
  }
  std::function<base::Result<int>()> stuck() {
    return [opened = opened_] {
      opened.wait();
      return base::Result<int>(1);
    };
  }

 private:
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
};

}  // namespace

TEST_CASE("a call that comes back gives its answer", "[router][thread]") {
  const auto caller = std::this_thread::get_id();
  const auto answer = router::answer_in_time<std::string>(base::Deadline::in(10s), [caller] {
    return base::Result<std::string>(std::this_thread::get_id() == caller ? "here" : "elsewhere");
  });
  REQUIRE(answer);
  CHECK(*answer == "elsewhere");
  CHECK_FALSE(router::any_abandoned());
}

TEST_CASE("an error comes back as it is", "[router][thread]") {
  const auto answer = router::answer_in_time<int>({}, [] {
    return base::Result<int>(base::Error{Code::forbidden, "no"});
  });
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::forbidden);
}

TEST_CASE("a call that never returns is a timeout within the grace", "[router][thread]") {
  Door door;
  const auto started = base::Steady::now();
  const auto answer = router::answer_in_time<int>(base::Deadline::in(50ms), door.stuck());
  const auto took = base::Steady::now() - started;
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::timeout);
  CHECK_FALSE(answer.error().hint.empty());
  CHECK(took >= 50ms);
  CHECK(took < 50ms + model::limits::answer_grace + 200ms);
  CHECK(router::any_abandoned());
}

TEST_CASE("a cancelled call that never returns is answered within the grace", "[router][thread]") {
  Door door;
  const base::Deadline deadline = base::Deadline::in(1h);
  std::thread canceller([&] { deadline.cancel.cancel(); });
  const auto started = base::Steady::now();
  const auto answer = router::answer_in_time<int>(deadline, door.stuck());
  canceller.join();
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::cancelled);
  CHECK(base::Steady::now() - started < model::limits::answer_grace + 500ms);
}

TEST_CASE("a call that ends within the grace keeps its answer", "[router][thread]") {
  const auto deadline = base::Deadline::in(20ms);
  const auto answer = router::answer_in_time<int>(deadline, [deadline] {
    while (!deadline.passed()) std::this_thread::yield();
    return base::Result<int>(7);
  });
  REQUIRE(answer);
  CHECK(*answer == 7);
}

TEST_CASE("an exception ends the call and not the process", "[router][thread]") {
  const auto answer = router::answer_in_time<int>(
      {}, []() -> base::Result<int> { throw std::runtime_error("oh"); });
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::internal);
}

TEST_CASE("hundreds of calls run at once", "[router][thread]") {
  constexpr int calls = 300;
  std::atomic<int> inside{0};
  std::vector<std::thread> callers;
  std::atomic<int> answered{0};
  for (int i = 0; i < calls; ++i) {
    callers.emplace_back([&] {
      const auto answer = router::answer_in_time<int>({}, [&] {
        inside.fetch_add(1);
        while (inside.load() < calls) std::this_thread::sleep_for(1ms);  // All are inside.
        return base::Result<int>(1);
      });
      answered.fetch_add(answer ? 1 : 0);
    });
  }
  for (auto& caller : callers) caller.join();
  CHECK(answered == calls);
}

TEST_CASE("a call that is not waited for says when it has ended, on its thread",
          "[router][thread]") {
  std::promise<base::Result<void>> told;
  const auto call = router::start_call([] {}, [&](auto outcome) { told.set_value(outcome); });
  REQUIRE(call);
  CHECK(told.get_future().get());
  CHECK_FALSE((*call)->give_up());
  CHECK_FALSE(router::any_abandoned());

  std::promise<base::Result<void>> thrown;
  REQUIRE(router::start_call([] { throw std::runtime_error("oh"); },
                             [&](auto outcome) { thrown.set_value(outcome); }));
  const auto outcome = thrown.get_future().get();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::internal);
}

TEST_CASE("a call that was given up says nothing when it ends after all", "[router][thread]") {
  std::atomic<bool> told{false};
  {
    Door door;
    const auto call =
        router::start_call([stuck = door.stuck()] { (void)stuck(); }, [&](auto) { told = true; });
    REQUIRE(call);
    CHECK((*call)->give_up());
    CHECK((*call)->give_up());
    CHECK(router::any_abandoned());
  }
  CHECK_FALSE(router::any_abandoned());
  CHECK_FALSE(told);
}
