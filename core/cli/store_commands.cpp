/// The database without its daemon: backup, restore, key rotation, doctor.
#include <chrono>
#include <ostream>

#include "base/crypto.h"
#include "cli/check_configuration.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "store/jobs.h"
#include "store/store.h"

namespace portolan::cli {
namespace {

using base::Error;

int refuse(Session& session, const Error& error) {
  return session.fail(error, exit_code_of(error));
}

std::int64_t wall_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Settings and key, as the daemon has them.
struct Place {
  config::DaemonSettings::Store settings;
  base::SealingKey key;
};
base::Result<Place> place_of(Session& session) {
  const auto settings = session.settings();
  if (!settings) return settings.error();
  auto key = base::SealingKey::read((*settings)->store.key_file);
  if (!key) return key.error();
  return Place{(*settings)->store, *std::move(key)};
}

}  // namespace

int backup(Session& session) {
  const auto settings = session.settings();
  if (!settings) return refuse(session, settings.error());
  const std::filesystem::path file = session.args().positionals().front();
  if (auto done = store::backup_of((*settings)->store.path, file); !done)
    return refuse(session, done.error());
  session.terminal().err << "the database is copied to " << file.string()
                         << "; its key is not in it\n";
  return exit_ok;
}

int restore(Session& session) {
  const auto place = place_of(session);
  if (!place) return refuse(session, place.error());
  const bool verify = session.args().has("verify");
  const std::filesystem::path file = session.args().positionals().front();
  if (auto done = store::restore(file, place->settings.path, place->key, verify); !done)
    return refuse(session, done.error());
  session.terminal().err << (verify ? "the backup is sound and the key opens it\n"
                                    : "the backup is in place; what was there is kept beside it\n");
  return exit_ok;
}

int rotate_key(Session& session) {
  const auto place = place_of(session);
  if (!place) return refuse(session, place.error());
  auto store = store::Store::open({place->settings.path, place->key, wall_clock});
  if (!store) return refuse(session, store.error());
  const auto fresh = base::SealingKey::generate();
  // Both keys are on disk until the database has changed: a kill in between loses nothing.
  const std::filesystem::path old_file = place->settings.key_file,
                              new_file = old_file.string() + ".new";
  if (auto written = fresh.write_new(new_file); !written) return refuse(session, written.error());
  if (auto done = (*store)->rotate_key(fresh); !done) {
    std::filesystem::remove(new_file);
    return refuse(session, done.error());
  }
  std::error_code failed;
  std::filesystem::rename(new_file, old_file, failed);
  if (failed)
    return refuse(session, {.code = base::Code::unavailable,
                            .message = "the new key could not take the place of the old one",
                            .hint = "Move " + new_file.string() + " there by hand.",
                            .where = old_file.string()});
  session.terminal().err << "every secret is sealed with a new key: " << old_file.string()
                         << "\n  hint: older backups need the old key\n";
  return exit_ok;
}

namespace {

/// One line for each thing that is looked at, with what is wrong and how to mend it.
class Findings {
 public:
  explicit Findings(std::ostream& out) : out_(out) {}
  void tell(const std::string& what, const base::Result<void>& result) {
    out_ << (result ? "ok    " : "fail  ") << what << '\n';
    if (result) return;
    ++wrong_;
    out_ << "      " << result.error().message << '\n';
    if (!result.error().hint.empty()) out_ << "      hint: " << result.error().hint << '\n';
  }
  bool none() const { return wrong_ == 0; }

 private:
  std::ostream& out_;
  int wrong_ = 0;
};

/// A daemon has it: a copy is looked at, which is gone again afterwards.
base::Result<void> look_at_copy(const Place& place) {
  const auto copy = place.settings.path / ("doctor-" + base::hex(base::random_bytes(4)) + ".copy");
  auto done = store::backup_of(place.settings.path, copy);
  if (done) done = store::restore(copy, place.settings.path, place.key, true);
  std::error_code ignored;
  std::filesystem::remove(copy, ignored);
  return done;
}

void look_at_store(const Place& place, Findings& findings) {
  auto store = store::Store::open({place.settings.path, place.key, wall_clock});
  if (!store && look_at_copy(place)) {
    findings.tell("database (a copy: a daemon uses it)", {});
  } else if (!store) {
    findings.tell("database", store.error());
  } else {
    findings.tell("database", (*store)->verify());
    const auto audit = (*store)->read<std::size_t>(
        [](store::Reader& reader) { return store::verify_audit(reader); });
    findings.tell("audit", audit ? base::Result<void>() : audit.error());
  }
  std::error_code failed;
  const auto space = std::filesystem::space(place.settings.path, failed);
  if (failed) return;
  findings.tell("disk", space.available > 100u * 1024 * 1024
                            ? base::Result<void>()
                            : Error{.message = "less than 100 MiB are free",
                                    .hint = "Make room in " + place.settings.path.string() + "."});
}

}  // namespace

int doctor(Session& session) {
  Findings findings(session.terminal().out);
  for (const Error& mistake : check_configuration(session.configuration()))
    findings.tell("configuration", mistake);
  if (findings.none()) findings.tell("configuration", {});
  const auto set = session.plugins();
  if (!set) return refuse(session, set.error());
  for (const auto& type : (*set)->types()) {
    const auto loaded = (*set)->load(type);
    findings.tell("plugin " + type, loaded ? base::Result<void>() : loaded.error());
  }
  const auto place = place_of(session);
  findings.tell("key", place ? base::Result<void>() : place.error());
  if (place) look_at_store(*place, findings);
  return findings.none() ? exit_ok : exit_failed;
}

}  // namespace portolan::cli
