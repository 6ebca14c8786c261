#include "daemon/serve.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "cli/check_configuration.h"
#include "cli/program.h"
#include "cli/service_notice.h"
#include "daemon/running.h"

namespace portolan::daemon {
namespace {

constexpr int arenas = 4;
constexpr std::chrono::milliseconds give_back_every = std::chrono::seconds(5);

int tell(cli::Session& session, const std::vector<base::Error>& mistakes) {
  for (const base::Error& mistake : mistakes) session.fail(mistake, cli::exit_config);
  return cli::exit_config;
}

/// Until a signal says stop.
void attend(cli::Session& session, Running& running, const cli::ServiceNotice& notice) {
  using Wish = cli::Wishes::Wish;
  using std::chrono::milliseconds;
  auto pause = milliseconds(std::chrono::minutes(1));
  if (const auto alive = notice.alive_interval())
    pause = std::min(pause, std::chrono::duration_cast<milliseconds>(*alive));
  pause = std::min(pause, give_back_every);
  auto tidied = base::Steady::now();
  for (;;) {
    const Wish wish = session.wishes().wait(pause);
    if (wish == Wish::stop) return;
    if (wish == Wish::reload) {
      notice.reloading();
      const auto done = running.reload();
      if (!done) running.log().error("not reloaded: everything stays", {done.error()});
      notice.ready(done ? "serving" : "serving; the last reload failed");
    }
    notice.alive();
    running.give_back_memory();
    if (base::Steady::now() - tidied < std::chrono::minutes(1)) continue;
    running.housekeeping();
    tidied = base::Steady::now();
  }
}

void tell_setup(std::ostream& err, const std::string& url, const std::string& token) {
  err << "portolan: nobody can sign in yet. Make the first admin within the hour:\n"
      << "  PORTOLAN_SETUP_TOKEN=" << token << " portolan setup admin --server " << url
      << " --password-from file:PASSWORD\n";
  err.flush();
}

}  // namespace

int serve(cli::Session& session) {
  if (const auto mistakes = cli::check_configuration(session.configuration()); !mistakes.empty())
    return tell(session, mistakes);
  if (session.args().has("check")) {
    session.terminal().out << "the configuration is right\n";
    return cli::exit_ok;
  }
  const cli::ServiceNotice notice(config::process_environment());
  // Hundreds of threads come and go with the checks; an arena for each eight is mostly holes.
  mallopt(M_ARENA_MAX, arenas);
  auto running = Running::start(session);
  if (!running) return session.fail(running.error(), cli::exit_code_of(running.error()));
  base::Log& log = (*running)->log();
  for (const api::Listening& listening : (*running)->listening())
    log.info("serving", {{"url", listening.url}});
  if (const auto token = (*running)->setup_token())
    tell_setup(session.terminal().err, (*running)->listening().front().url, *token);
  notice.ready("serving");
  attend(session, **running, notice);
  notice.stopping("draining");
  log.info("stopping");
  if (!(*running)->stop()) {
    log.warn("something did not come back in time and is left behind");
    _exit(cli::exit_ok);
  }
  return cli::exit_ok;
}

}  // namespace portolan::daemon
