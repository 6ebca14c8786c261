#include "engine/jobs.h"

#include <future>

#include "world.h"

using namespace portolan;
using namespace std::chrono_literals;
using base::Code;
using engine::JobContext;
using engine::JobKind;
using engine::JobRunner;
using model::JobState;
using test::EngineWorld;

namespace {

struct JobWorld : EngineWorld {
  JobWorld() : runner(std::make_unique<JobRunner>(*daemon)) {}

  void add_kind(std::string name, std::function<base::Result<std::string>(JobContext&)> body,
                const std::function<void(JobKind&)>& more = {}) {
    JobKind kind;
    kind.name = std::move(name);
    kind.body = std::move(body);
    if (more) more(kind);
    runner->add(std::move(kind));
  }
  model::Job enqueue(const std::string& kind, const std::string& key) {
    return write<model::Job>([&](store::Writer& writer) {
      model::Job job;
      job.kind = kind;
      job.key = key;
      return runner->enqueue(writer, job);
    });
  }
  model::Job job(model::Id id) const {
    return *read<std::optional<model::Job>>(
        [&](store::Reader& reader) { return store::find_job(reader, id); });
  }
  void until_state(model::Id id, JobState state) {
    until([&] { return job(id).state == state; });
  }

  std::unique_ptr<JobRunner> runner;
};

}  // namespace

TEST_CASE("a job runs and its output is kept", "[engine][jobs]") {
  JobWorld world;
  world.add_kind("echo", [](JobContext& context) { return context.job.input_json; });
  world.runner->start();
  const auto id = world
                      .write<model::Job>([&](store::Writer& writer) {
                        model::Job job;
                        job.kind = "echo";
                        job.key = "1";
                        job.input_json = R"({"word":"ahoy"})";
                        return world.runner->enqueue(writer, job);
                      })
                      .id;
  world.until_state(id, JobState::done);
  CHECK(world.job(id).output_json == R"({"word":"ahoy"})");
  CHECK(world.runner->stop(1s));
}

TEST_CASE("jobs that waited before the start run, and more at once than one", "[engine][jobs]") {
  JobWorld world;
  std::atomic<int> inside{0};
  world.add_kind("meet", [&](JobContext&) -> base::Result<std::string> {
    ++inside;
    while (inside < 5) std::this_thread::yield();
    return std::string("{}");
  });
  std::vector<model::Id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(world.enqueue("meet", std::to_string(i)).id);
  world.runner->start();
  for (const auto id : ids) world.until_state(id, JobState::done);
}

TEST_CASE("of one kind no more run at once than it says", "[engine][jobs]") {
  JobWorld world;
  std::atomic<int> inside{0}, most{0};
  world.add_kind(
      "narrow",
      [&](JobContext& context) -> base::Result<std::string> {
        const int now = ++inside;
        most = std::max(most.load(), now);
        context.progress("\"inside\"");
        --inside;
        return std::string("{}");
      },
      [](JobKind& kind) { kind.parallel = 2; });
  std::vector<model::Id> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(world.enqueue("narrow", std::to_string(i)).id);
  world.runner->start();
  for (const auto id : ids) world.until_state(id, JobState::done);
  CHECK(most <= 2);
}

TEST_CASE("a failure is tried again after a pause, a final one is not", "[engine][jobs]") {
  JobWorld world;
  std::atomic<int> runs{0};
  world.add_kind("shaky", [&](JobContext&) -> base::Result<std::string> {
    if (++runs == 1) return base::Error{Code::unavailable, "not now"};
    return std::string("{}");
  });
  world.add_kind("wrong", [](JobContext&) -> base::Result<std::string> {
    return base::Error{Code::not_found, "no such thing", "look again"};
  });
  world.add_kind(
      "once",
      [](JobContext&) -> base::Result<std::string> {
        return base::Error{Code::timeout, "late"};
      },
      [](JobKind& kind) { kind.attempts = 1; });
  world.runner->start();
  const auto shaky = world.enqueue("shaky", "1").id;
  world.until([&] { return world.job(shaky).error.has_value(); });
  auto job = world.job(shaky);
  CHECK(job.state == JobState::queued);
  CHECK(job.error->code == Code::unavailable);
  CHECK(job.run_at_ms > world.store->now() + 3'000);
  world.ahead_ms += 6'000;
  world.enqueue("wrong", "1");  // Any write: the clock itself wakes nobody.
  world.until_state(shaky, JobState::done);
  CHECK(runs == 2);

  const auto wrong = world.enqueue("wrong", "2").id, once = world.enqueue("once", "1").id;
  world.until_state(wrong, JobState::failed);
  CHECK(world.job(wrong).error->hint == "look again");
  world.until_state(once, JobState::failed);
  using Counts = std::map<std::string, std::uint64_t>;
  world.until([&] {
    return world.runner->failures() == Counts{{"once", 1}, {"shaky", 1}, {"wrong", 2}};
  });
}

TEST_CASE("an exception in a body is its failure", "[engine][jobs]") {
  JobWorld world;
  world.add_kind(
      "throws", [](JobContext&) -> base::Result<std::string> { throw std::runtime_error("oh"); },
      [](JobKind& kind) { kind.attempts = 1; });
  world.runner->start();
  const auto id = world.enqueue("throws", "1").id;
  world.until_state(id, JobState::failed);
  CHECK(world.job(id).error->code == Code::internal);
}

TEST_CASE("the same key runs once; a kind that nobody runs is refused", "[engine][jobs]") {
  JobWorld world;
  std::promise<void> go;
  auto gone = go.get_future().share();
  std::atomic<int> runs{0};
  world.add_kind("slow", [&, gone](JobContext&) -> base::Result<std::string> {
    ++runs;
    gone.wait();
    return std::string("{}");
  });
  world.runner->start();
  const auto first = world.enqueue("slow", "7").id;
  world.until_state(first, JobState::running);
  CHECK(world.enqueue("slow", "7").id == first);
  go.set_value();
  world.until_state(first, JobState::done);
  CHECK(runs == 1);

  const auto refused = world.store->write([&](store::Writer& writer) -> base::Result<void> {
    model::Job job;
    job.kind = "nobodys";
    auto made = world.runner->enqueue(writer, job);
    return made ? base::Result<void>() : made.error();
  });
  CHECK(refused.error().code == Code::internal);
}

TEST_CASE("progress shows while a job runs, and its lease is kept up", "[engine][jobs]") {
  JobWorld world;
  std::promise<void> go;
  auto gone = go.get_future().share();
  std::atomic<int> runs{0};
  world.add_kind(
      "long",
      [&, gone](JobContext& context) -> base::Result<std::string> {
        ++runs;
        context.progress("\"half\"");
        gone.wait();
        return std::string("{}");
      },
      [](JobKind& kind) { kind.lease = 1s; });
  world.runner->start();
  const auto id = world.enqueue("long", "1").id;
  world.until([&] { return world.job(id).progress == "\"half\""; });
  const auto lease = world.job(id).lease_until_ms;
  world.until([&] { return world.job(id).lease_until_ms > lease + 300; });
  CHECK(runs == 1);
  CHECK(world.job(id).progress == "\"half\"");
  go.set_value();
  world.until_state(id, JobState::done);
}

TEST_CASE("a stop cancels, waits, and what was cancelled runs again at the next start",
          "[engine][jobs]") {
  JobWorld world;
  std::atomic<int> runs{0};
  const auto body = [&](JobContext& context) -> base::Result<std::string> {
    if (++runs == 2) return std::string("{}");
    std::promise<void> told;
    context.cancel.on_cancel([&] { told.set_value(); });
    told.get_future().wait();
    return base::Error{Code::cancelled, "stopped"};
  };
  world.add_kind("patient", body);
  world.runner->start();
  const auto id = world.enqueue("patient", "1").id;
  world.until_state(id, JobState::running);
  world.until([&] { return runs == 1; });
  CHECK(world.runner->stop(10s));
  CHECK(world.job(id).state == JobState::queued);

  world.runner = std::make_unique<JobRunner>(*world.daemon);
  world.add_kind("patient", body);
  world.runner->start();
  world.until_state(id, JobState::done);
}

TEST_CASE("a body that does not come back is left to its lease and runs again", "[engine][jobs]") {
  JobWorld world;
  std::promise<void> go;
  auto gone = go.get_future().share();
  std::atomic<int> runs{0};
  std::promise<void> came_back;
  const auto body = [&, gone](JobContext&) -> base::Result<std::string> {
    if (++runs == 2) return std::string("{}");
    gone.wait();
    came_back.set_value();
    return std::string("{\"late\":true}");
  };
  const auto brief = [](JobKind& kind) { kind.lease = 100ms; };
  world.add_kind("stuck", body, brief);
  world.runner->start();
  const auto id = world.enqueue("stuck", "1").id;
  world.until([&] { return runs == 1; });
  CHECK_FALSE(world.runner->stop(0ms));  // As after kill -9: the row says that it runs.
  CHECK(world.job(id).state == JobState::running);

  world.runner = std::make_unique<JobRunner>(*world.daemon);
  world.add_kind("stuck", body, brief);
  world.runner->start();
  world.until_state(id, JobState::done);
  CHECK(world.job(id).output_json == "{}");
  CHECK(world.job(id).attempt == 2);
  go.set_value();
  came_back.get_future().wait();
}
