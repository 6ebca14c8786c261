#include "engine/daemon.h"

#include "store/jobs.h"

namespace portolan::engine {

void Daemon::say(int level, std::string message) const {
  const services::Log to = current_log();
  if (!to.wants(level)) return;
  services::LogLine line;
  line.level = level;
  line.message = std::move(message);
  to.take(line);
}

base::Result<void> note(store::Writer& writer, const Act& act, std::string action,
                        std::string subject, std::string before_json, std::string after_json) {
  model::AuditEntry entry;
  entry.actor = act.actor;
  entry.remote = act.remote;
  entry.request_id = act.request_id;
  entry.action = std::move(action);
  entry.subject = std::move(subject);
  entry.outcome = "ok";
  entry.before_json = std::move(before_json);
  entry.after_json = std::move(after_json);
  return store::add_audit(writer, std::move(entry));
}

}  // namespace portolan::engine
