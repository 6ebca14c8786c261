#pragma once
/// Lasting work, audit, webhooks, idempotency.
#include <map>

#include "model/records.h"
#include "store/reader.h"

namespace portolan::store {

/// What an enqueue means for a job of the same (kind, key) that runs already: its result is as good
/// (a check), or it may have looked before the change and has to run once more (a synchronisation).
enum class WhenRunning { join, again };

/// The queued or running job of the same (kind, key) instead of a second one; a queued one has its
/// run_at brought forward. With WhenRunning::again a running one is followed by a new one, with the
/// input given here, at the soonest run_at asked for. run_at_ms 0 = now. limit when that many wait.
base::Result<model::Job> enqueue(Writer&, model::Job job, std::size_t queue_limit,
                                 WhenRunning when_running = WhenRunning::join);
/// The next due job of `kinds`, now running with a lease; one whose lease passed is due again.
std::optional<model::Job> take_job(Writer&, const std::vector<std::string>& kinds,
                                   std::int64_t lease_ms);
// These three: conflict unless it runs.
base::Result<void> note_progress(Writer&, Id job, const std::string& progress,
                                 std::int64_t lease_ms);
base::Result<void> finish_job(Writer&, Id job, const std::string& output_json);
/// Runs again at `retry_at_ms`, or 0: failed for good.
base::Result<void> fail_job(Writer&, Id job, const base::Error& error, std::int64_t retry_at_ms);
base::Result<void> cancel_job(Writer&, Id job);  ///< conflict when it runs or has ended.
std::optional<model::Job> find_job(Reader&, Id id);
/// The queued or running one.
std::optional<model::Job> live_job(Reader&, const std::string& kind, const std::string& key);
struct JobFilter {
  std::optional<Id> workspace{}, registry{};
  std::string kind{};
  std::optional<model::JobState> state{};
  const Sight* only = nullptr;  ///< Null = all. Jobs name no space.
};
/// Newest first. Search looks into the key.
Page<model::Job> list_jobs(Reader&, const PageRequest&, const JobFilter&);
/// When the next is due or the next lease passes; Unix milliseconds, 0 = none.
std::int64_t next_job_at(Reader&);
/// How many of each kind wait or run.
std::map<std::string, std::size_t> live_jobs(Reader&);
/// Those that ended before then go. How many went.
base::Result<std::size_t> delete_jobs_before(Writer&, std::int64_t ms);

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
/// Its URL, kinds, whether it is enabled, and with `secret` that too. The name stays.
base::Result<model::Webhook> update_webhook(Writer&, const model::Webhook& webhook,
                                            std::int64_t if_revision,
                                            const std::optional<base::Secret>& secret);
base::Result<void> delete_webhook(Writer&, Id id, std::int64_t if_revision);
std::optional<model::Webhook> find_webhook(Reader&, Id id);
std::vector<model::Webhook> webhooks(Reader&);
base::Result<base::Secret> webhook_secret(Reader&, Id id);
/// Where the deliveries of a webhook go on: its last event that is done with. One that is new
/// begins with the next event; it never goes back.
Id delivered_event(Reader&, Id webhook);
/// How the newest try went, in Webhook::last. Another URL forgets it; false: the webhook's is no
/// longer `url`, which was tried, and nothing is kept.
base::Result<bool> put_delivery(Writer&, Id webhook, const std::string& url,
                                const model::Delivery& delivery);
base::Result<void> put_delivered_event(Writer&, Id webhook, Id event);

/// The answer that was given to the same key of the same user before; kept for a day.
struct Remembered {
  std::string request_hash;  ///< Another request under the key: conflict, says the caller.
  int status = 0;
  std::string location, body;
};
std::optional<Remembered> recall(Reader&, Id user, const std::string& key);
base::Result<void> remember(Writer&, Id user, const std::string& key, const Remembered& answer);

}  // namespace portolan::store
