#pragma once
/// Lasting work, audit, webhooks, idempotency.
#include "store/store.h"

namespace portolan::store {

/// The queued or running job of the same (kind, key) instead of a second one, its run_at brought
/// forward; limit when the queue is full.
base::Result<model::Job> enqueue(Writer&, model::Job job, std::size_t queue_limit);
/// The next due job of `kinds`, now running with a lease; one whose lease passed is due again.
std::optional<model::Job> take_job(Writer&, const std::vector<std::string>& kinds,
                                   std::int64_t lease_ms);
base::Result<void> note_progress(Writer&, Id job, const std::string& progress,
                                 std::int64_t lease_ms);
base::Result<void> finish_job(Writer&, Id job, const std::string& output_json);
/// Runs again at `retry_at_ms`, or 0: failed for good.
base::Result<void> fail_job(Writer&, Id job, const base::Error& error, std::int64_t retry_at_ms);
base::Result<void> cancel_job(Writer&, Id job);  ///< conflict when it runs or has ended.
std::optional<model::Job> find_job(Reader&, Id id);
struct JobFilter {
  std::optional<Id> workspace, registry;
  std::string kind;
  std::optional<model::JobState> state;
};
Page<model::Job> list_jobs(Reader&, const PageRequest&, const JobFilter&);
std::int64_t next_job_at(Reader&);  ///< Unix milliseconds; 0 = none.

/// Appends; `hash` chains it to the entry before.
base::Result<void> add_audit(Writer&, model::AuditEntry entry);
struct AuditFilter {
  std::string actor, action, subject;
  std::int64_t from_ms = 0, to_ms = 0;
};
/// Newest first.
Page<model::AuditEntry> list_audit(Reader&, const PageRequest&, const AuditFilter&);
/// internal naming the first entry whose hash does not fit.
base::Result<std::size_t> verify_audit(Reader&);

base::Result<model::Webhook> insert_webhook(Writer&, model::Webhook webhook,
                                            const base::Secret& secret);
base::Result<void> delete_webhook(Writer&, Id id);
std::vector<model::Webhook> webhooks(Reader&);
base::Result<base::Secret> webhook_secret(Reader&, Id id);

/// The answer that was given to the same key of the same user before; kept for a day.
struct Remembered {
  std::string request_hash;  ///< Another request under the key: conflict, says the caller.
  int status = 0;
  std::string location, body;
};
std::optional<Remembered> recall(Reader&, Id user, const std::string& key);
base::Result<void> remember(Writer&, Id user, const std::string& key, const Remembered& answer);

}  // namespace portolan::store
