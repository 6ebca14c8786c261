#include "engine/jobs.h"

#include <algorithm>
#include <exception>

#include "base/mutex.h"
#include "config/daemon_settings.h"
#include "store/store.h"

namespace portolan::engine {
namespace {

using base::Code;
using base::Steady;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds first_pause = 5s, longest_pause = 1h;
/// When a due job can not be taken (all of its kind run, or no such kind is known).
constexpr milliseconds look_again = 5s;

bool is_final(const base::Error& error) {
  return error.code == Code::invalid_argument || error.code == Code::not_found ||
         error.code == Code::conflict || error.code == Code::unsupported;
}

milliseconds pause_after(int attempt, const base::Error& error) {
  milliseconds pause = first_pause;
  for (int i = 1; i < attempt && pause < longest_pause; ++i) pause *= 2;
  return std::max(std::min(pause, longest_pause), milliseconds(error.retry_after_ms));
}

}  // namespace

class JobRunner::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(const Daemon& daemon) : daemon_(daemon) {}

  void add(JobKind kind) {
    const base::Lock lock(mutex_);
    std::string name = kind.name;
    failures_[name] = 0;  // A series that is there before the first failure can be watched.
    kinds_.emplace(std::move(name), std::move(kind));
  }

  void start() {
    {
      const base::Lock lock(mutex_);
      dispatching_ = true;
    }
    dispatcher_ = std::thread([self = shared_from_this()] { self->dispatch(); });
  }

  bool stop(milliseconds patience) {
    {
      const base::Lock lock(mutex_);
      stopping_ = true;
    }
    end_dispatcher();
    std::vector<base::CancelToken> tokens;
    {
      const base::Lock lock(mutex_);
      for (const auto& [id, running] : running_) tokens.push_back(running.cancel);
    }
    for (const auto& token : tokens) token.cancel();
    const auto until = Steady::now() + patience;
    const base::Lock lock(mutex_);
    while (!running_.empty() && Steady::now() < until) ended_.wait_until(mutex_, until);
    left_alone_ = true;
    return running_.empty();
  }

  std::map<std::string, std::uint64_t> failures() {
    const base::Lock lock(mutex_);
    return failures_;
  }

  base::Result<model::Job> enqueue(store::Writer& writer, model::Job job,
                                   store::WhenRunning when_running) {
    {
      const base::Lock lock(mutex_);
      if (kinds_.count(job.kind) == 0)
        return base::Error{Code::internal, "nothing runs jobs of the kind " + job.kind};
    }
    return store::enqueue(writer, std::move(job), daemon_.settings()->limits.queue, when_running);
  }

 private:
  struct Running {
    const JobKind* kind;
    std::string progress;
    Steady::time_point renew;  ///< When its lease is prolonged.
    base::CancelToken cancel{};
    bool body_ended = false;
    int attempt = 0;
  };

  /// Null when the job has been taken anew meanwhile: its retry was due at once, or its lease
  /// passed while the process slept.
  Running* run_of(const model::Job& job) REQUIRES(mutex_) {
    const auto found = running_.find(job.id);
    return found != running_.end() && found->second.attempt == job.attempt ? &found->second
                                                                           : nullptr;
  }

  bool stopping() {
    const base::Lock lock(mutex_);
    return stopping_;
  }

  void end_dispatcher() {
    if (!dispatcher_.joinable()) return;
    {
      const base::Lock lock(mutex_);
      while (dispatching_) {
        // Again and again: it may have been just about to wait.
        daemon_.store.wake_all();
        ended_.wait_until(mutex_, Steady::now() + 10ms);
      }
    }
    dispatcher_.join();
  }

  void dispatch() {
    while (!stopping()) {
      const auto seen = daemon_.store.revision();
      take_due();
      const auto until = std::min(renew_leases(), next_due());
      if (!stopping()) daemon_.store.wait_for_change(seen, until);
    }
    const base::Lock lock(mutex_);
    dispatching_ = false;
    ended_.notify_all();
  }

  /// Kinds of which one more may run.
  std::vector<std::string> open_kinds() {
    const base::Lock lock(mutex_);
    std::map<const JobKind*, int> busy;
    for (const auto& [id, running] : running_) busy[running.kind] += running.body_ended ? 0 : 1;
    std::vector<std::string> names;
    for (const auto& [name, kind] : kinds_) {
      if (busy[&kind] < kind.parallel) names.push_back(name);
    }
    return names;
  }

  std::int64_t due_at() const {
    const auto at = daemon_.store.read<std::int64_t>(
        [](store::Reader& reader) { return store::next_job_at(reader); });
    return at ? *at : 0;
  }

  Steady::time_point next_due() const {
    const std::int64_t at = due_at();
    if (at == 0) return Steady::time_point::max();
    const milliseconds in(at - daemon_.store.now());
    return Steady::now() + (in > 0ms ? in : look_again);
  }

  void take_due() {
    for (;;) {
      const std::int64_t at = due_at();
      const auto names = open_kinds();
      if (at == 0 || at > daemon_.store.now() || names.empty() || stopping()) return;
      std::optional<model::Job> job;
      // What finds nothing writes nothing: a commit would wake this very loop.
      const auto taken = daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
        job = store::take_job(writer, names, lease_of(names.front()).count());
        if (!job) return base::Error{Code::not_found, "no job is due"};
        return store::note_progress(writer, job->id, job->progress, lease_of(job->kind).count());
      });
      if (!taken || !job) return;
      begin(*std::move(job));
    }
  }

  milliseconds lease_of(const std::string& kind) {
    const base::Lock lock(mutex_);
    return kinds_.at(kind).lease;
  }

  void begin(model::Job job) {
    const JobKind* kind = nullptr;
    const base::CancelToken cancel;
    {
      const base::Lock lock(mutex_);
      kind = &kinds_.at(job.kind);
      running_[job.id] = {kind, job.progress, Steady::now() + kind->lease / 3, cancel};
      running_[job.id].attempt = job.attempt;
    }
    try {
      std::thread([self = shared_from_this(), kind, job, cancel] {
        self->run(*kind, job, cancel);
      }).detach();
    } catch (const std::system_error&) {
      end(job, *kind, base::Error{Code::limit, "the system gives no more threads"});
    }
  }

  void run(const JobKind& kind, const model::Job& job, const base::CancelToken& cancel) {
    JobContext context{job, cancel, [this, &job](const std::string& text) { say(job.id, text); }};
    base::Result<std::string> output = base::Error{};
    try {
      output = kind.body(context);
    } catch (const std::exception& problem) {
      output =
          base::Error{Code::internal, std::string("an exception ended the job: ") + problem.what()};
    }
    end(job, kind, output);
  }

  void say(Id job, const std::string& text) {
    milliseconds lease;
    {
      const base::Lock lock(mutex_);
      const auto running = running_.find(job);
      if (left_alone_ || running == running_.end()) return;
      lease = running->second.kind->lease;
      running->second.progress = text;
      running->second.renew = Steady::now() + lease / 3;
    }
    log_failure(daemon_.store.write([&](store::Writer& writer) {
      return store::note_progress(writer, job, text, lease.count());
    }));
  }

  void end(const model::Job& job, const JobKind& kind, const base::Result<std::string>& output) {
    {
      const base::Lock lock(mutex_);
      if (left_alone_) return;  // The store may be gone.
      if (Running* mine = run_of(job)) mine->body_ended = true;
    }
    log_failure(daemon_.store.write([&](store::Writer& writer) {
      if (output) return store::finish_job(writer, job.id, *output);
      return store::fail_job(writer, job.id, output.error(), retry_at(job, kind, output.error()));
    }));
    const base::Lock lock(mutex_);
    if (!output && !stopping_) ++failures_[kind.name];
    if (run_of(job)) running_.erase(job.id);
    ended_.notify_all();
  }

  /// 0: never.
  std::int64_t retry_at(const model::Job& job, const JobKind& kind, const base::Error& error) {
    const std::int64_t now = daemon_.store.now();
    if (error.code == Code::cancelled && stopping()) return now;  // The daemon's doing.
    if (is_final(error) || (kind.attempts > 0 && job.attempt >= kind.attempts)) return 0;
    return now + pause_after(job.attempt, error).count();
  }

  /// Prolongs what is due; when the next one is.
  Steady::time_point renew_leases() {
    struct Renewal {
      Id job;
      std::string progress;
      milliseconds lease;
    };
    std::vector<Renewal> due;
    auto next = Steady::time_point::max();
    {
      const base::Lock lock(mutex_);
      const auto now = Steady::now();
      for (auto& [id, running] : running_) {
        if (running.body_ended) continue;
        if (running.renew <= now) {
          due.push_back({id, running.progress, running.kind->lease});
          running.renew = now + running.kind->lease / 3;
        }
        next = std::min(next, running.renew);
      }
    }
    if (!due.empty()) {
      log_failure(daemon_.store.write([&](store::Writer& writer) -> base::Result<void> {
        for (const Renewal& one : due) {
          const auto done = store::note_progress(writer, one.job, one.progress, one.lease.count());
          // conflict: it has ended meanwhile.
          if (!done && done.error().code != Code::conflict) return done;
        }
        return {};
      }));
    }
    return next;
  }

  void log_failure(const base::Result<void>& done) const {
    if (!done)
      daemon_.say(PORTOLAN_LOG_ERROR, "a job's state was not written: " + done.error().message);
  }

  const Daemon& daemon_;
  std::thread dispatcher_;

  base::Mutex mutex_;
  base::Condition ended_;
  std::map<std::string, JobKind> kinds_ GUARDED_BY(mutex_);  // Entries never move once started.
  std::map<Id, Running> running_ GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> failures_ GUARDED_BY(mutex_);  // By kind.
  bool dispatching_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool left_alone_ GUARDED_BY(mutex_) = false;
};

JobRunner::JobRunner(const Daemon& daemon) : state_(std::make_shared<State>(daemon)) {}

JobRunner::~JobRunner() { stop(1s); }

void JobRunner::add(JobKind kind) { state_->add(std::move(kind)); }

void JobRunner::start() { state_->start(); }

bool JobRunner::stop(milliseconds patience) { return state_->stop(patience); }

std::map<std::string, std::uint64_t> JobRunner::failures() const { return state_->failures(); }

base::Result<model::Job> JobRunner::enqueue(store::Writer& writer, model::Job job,
                                            store::WhenRunning when_running) const {
  return state_->enqueue(writer, std::move(job), when_running);
}

}  // namespace portolan::engine
