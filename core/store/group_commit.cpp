#include "store/database.h"

#include <sqlite3.h>

namespace portolan::store {
namespace {

/// So that the first of them is not kept for long.
constexpr std::size_t bodies_max = 64;

}  // namespace

base::Result<void> GroupCommit::write(const Body& body) {
  ++coming_;
  base::Lock lock(mutex_);
  --coming_;
  if (auto begun = begin(); !begun) return begun;
  const auto batch = batch_;
  base::Result<void> done;
  std::exception_ptr thrown;
  try {
    done = run(body);
  } catch (...) {
    thrown = std::current_exception();
  }
  // Whoever comes passes here too: the last one ends the batch for all.
  if (!batch->ended && (coming_ == 0 || batch->bodies >= bodies_max)) end();
  while (!batch->ended) ended_.wait(mutex_);
  if (thrown) std::rethrow_exception(thrown);
  return done ? batch->outcome : done;
}

base::Result<void> GroupCommit::write_alone(const Body& body, const std::function<void()>& then) {
  ++coming_;
  base::Lock lock(mutex_);
  --coming_;
  if (batch_) end();
  if (auto begun = begin(); !begun) return begun;
  const auto batch = batch_;
  auto done = run(body);
  if (!batch->ended) end();
  if (done) done = batch->outcome;
  if (done) then();
  return done;
}

base::Result<void> GroupCommit::sql(const char* statements) {
  return guarded(folder_, [&]() -> base::Result<void> {
    connection_->run(statements);
    return {};
  });
}

base::Result<void> GroupCommit::begin() {
  if (batch_) return {};
  auto begun = sql("BEGIN IMMEDIATE");
  if (begun) batch_ = std::make_shared<Batch>();
  return begun;
}

base::Result<void> GroupCommit::run(const Body& body) {
  ++batch_->bodies;
  auto done = sql("SAVEPOINT body");
  try {
    if (done) {
      done = guarded(folder_, [&] {
        Writer writer(*connection_);
        return body(writer);
      });
    }
  } catch (...) {
    undo_body(base::Error{.message = "a write that shared the commit broke off"});
    throw;
  }
  if (done) done = sql("RELEASE body");
  if (done) batch_->changed = true;
  if (!done) undo_body(done);
  return done;
}

void GroupCommit::undo_body(const base::Result<void>& why) {
  // A disk that is full or broken has ended the whole transaction, with all that others did in it.
  const bool open = sqlite3_get_autocommit(connection_->database().getHandle()) == 0;
  if (open && sql("ROLLBACK TO body; RELEASE body")) return;
  if (open) (void)sql("ROLLBACK");
  close(why);
}

void GroupCommit::end() {
  auto outcome = sql(batch_->changed ? "COMMIT" : "ROLLBACK");
  if (!outcome && sqlite3_get_autocommit(connection_->database().getHandle()) == 0) {
    (void)sql("ROLLBACK");
  }
  if (outcome && batch_->changed) committed_();
  close(std::move(outcome));
}

void GroupCommit::close(base::Result<void> outcome) {
  batch_->outcome = std::move(outcome);
  batch_->ended = true;
  batch_.reset();
  ended_.notify_all();
}

}  // namespace portolan::store
