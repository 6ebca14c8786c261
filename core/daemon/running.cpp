#include "daemon/running.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ostream>

#include "api/health_routes.h"
#include "api/proxies.h"
#include "api/represent.h"
#include "base/url.h"
#include "cli/check_configuration.h"
#include "cli/program.h"
#include "config/daemon_settings.h"
#include "model/json.h"
#include "plugin/listing.h"
#include "router/router.h"
#include "store/tenants.h"

namespace portolan::daemon {

using base::Code;
using base::Error;
using base::Json;

namespace {

std::int64_t wall_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

api::ServerOptions server_options(const config::DaemonSettings::Server& settings) {
  api::ServerOptions out;
  for (const config::ListenAddress& address : settings.listen) {
    api::Listen listen;
    listen.address = address.address;
    listen.port = address.port;
    listen.unix_path = address.unix_path.string();
    listen.tls = address.tls;
    listen.plain_anywhere = settings.allow_plain_http;
    out.listen.push_back(std::move(listen));
  }
  if (!settings.tls_certificate.empty()) {
    out.tls = api::TlsFiles{settings.tls_certificate.string(), settings.tls_key.string(),
                            settings.client_ca.string(), settings.client_certificate_required};
  }
  out.trusted_proxies = settings.trusted_proxies;
  out.forwarded_header = static_cast<api::ForwardedHeader>(settings.forwarded_header);
  out.far = static_cast<int>(settings.waiting);
  api::ServerLimits& limits = out.limits;
  limits.head_bytes = settings.header_limit;
  limits.body_bytes = settings.body_limit;
  limits.head_timeout = settings.header_timeout;
  limits.body_timeout = settings.body_timeout;
  limits.answer_timeout = settings.answer_timeout;
  limits.idle_timeout = settings.idle_timeout;
  limits.connections = settings.connections;
  limits.connections_per_address = settings.connections_per_address;
  limits.event_streams = settings.event_streams;
  limits.requests_per_second = static_cast<double>(settings.rate_per_address);
  limits.burst = static_cast<double>(settings.rate_burst);
  limits.count_local = settings.count_local;
  return out;
}

base::LogLevel level_of(const config::DaemonSettings::Log& log) {
  return static_cast<base::LogLevel>(log.level);
}

base::LogFormat format_of(const config::DaemonSettings::Log& log) {
  return static_cast<base::LogFormat>(log.format);
}

/// What a plugin said, as a record of ours.
void write(base::Log& log, const services::LogLine& line) {
  const auto level = static_cast<base::LogLevel>(std::clamp(line.level, 0, 3));
  if (!log.wants(level)) return;
  std::string text = line.message;
  for (const auto& [key, value] : line.fields) text += " " + key + "=" + value;
  log.write(level, text, {{"registry", line.registry}, {"call", line.call}});
}

void write(base::Log& log, const api::Exchange& exchange) {
  const auto level = exchange.status >= 500 ? base::LogLevel::warn : base::LogLevel::debug;
  if (!log.wants(level)) return;
  log.write(level, "request",
            {{"method", exchange.request.method},
             {"path", exchange.request.path},
             {"status", exchange.status},
             {"code", exchange.request.error},
             {"took", exchange.took},
             {"remote", exchange.request.peer.address},
             {"request_id", exchange.request.id}});
}

/// Takes code and constants out of this process that it may have needed only to start: a third of
/// what is resident. The kernel keeps the files and maps again what is touched.
void forget_code() {
  const auto each = [](dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
      const ElfW(Phdr)& part = object->dlpi_phdr[i];
      // Never written to, so nothing but the file's content can be lost.
      if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
      const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) & ~(page - 1);
      const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
      madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
  };
  dl_iterate_phdr(each, nullptr);
}

/// /metrics is for everybody on this machine, and elsewhere for admins and auditors.
api::Guard guard(api::Authenticator& authenticator) {
  return [&authenticator](const api::Route& route, api::Call& call) -> std::optional<api::Problem> {
    // A proxy on this machine that nobody named in server.trusted-proxies forwards for others too.
    const bool local = call.request.peer.transport != api::Transport::network &&
                       !api::says_forwarded(call.request);
    const bool anonymous = call.request.header("authorization") == nullptr;
    if (route.security == to_string(model::Action::metrics_read) && local && anonymous) return {};
    return authenticator.admit(route, call);
  };
}

bool is_name_of(const config::DaemonSettings::Server& server, const std::string& name) {
  if (std::find(server.hosts.begin(), server.hosts.end(), name) != server.hosts.end()) return true;
  const auto known = base::parse_address(server.public_url);
  return known && known->host == name;
}

}  // namespace

Settings::Settings(config::Configuration configuration)
    : running_(std::move(configuration)),
      latest_(running_),
      now_(std::make_shared<const config::DaemonSettings>(running_.settings)) {}

std::shared_ptr<const config::DaemonSettings> Settings::now() const {
  base::Lock lock(mutex_);
  return now_;
}

base::Result<Json> Settings::change_to(config::Configuration next) {
  if (!next.mistakes.empty()) return next.mistakes.front();
  base::Lock lock(mutex_);
  const auto stay = config::need_restart(running_, next);
  Json changed = Json::array();
  for (const config::InForce& setting : next.in_force) {
    const bool restart = std::find(stay.begin(), stay.end(), setting.name) != stay.end();
    if (setting.text != latest_.at(setting.name).text && !restart)
      changed.push(Json::string(setting.name));
  }
  // What needs a restart is read where it is used only once, at the start: its new value does no
  // harm in what is handed out from now on.
  now_ = std::make_shared<const config::DaemonSettings>(next.settings);
  latest_ = std::move(next);
  Json out = Json::object();
  out.set("changed", std::move(changed));
  out.set("needs_restart", model::texts(stay));
  return out;
}

base::Result<base::SealingKey> open_key(const config::DaemonSettings::Store& settings,
                                        std::ostream& notices) {
  std::error_code ignored;
  if (std::filesystem::exists(settings.key_file, ignored))
    return base::SealingKey::read(settings.key_file);
  if (std::filesystem::exists(settings.path / "portolan.db", ignored))
    return Error{.code = Code::invalid_config,
                 .message = "the key of the database is missing",
                 .hint = "Put the key file back; without it the secrets in " +
                         settings.path.string() + " cannot be opened.",
                 .where = settings.key_file.string()};
  std::filesystem::create_directories(settings.key_file.parent_path(), ignored);
  const auto key = base::SealingKey::generate();
  if (auto written = key.write_new(settings.key_file); !written) return written.error();
  notices << "portolan: made the key that seals secrets: " << settings.key_file.string()
          << "\n  hint: keep a copy of it apart from the database's backups\n";
  return key;
}

Running::Running(cli::Session& session, std::unique_ptr<store::Store> store,
                 plugin::PluginSet& plugins, router::Router& router)
    : session_(session),
      settings_(session.configuration()),
      log_(STDERR_FILENO, level_of(settings_.now()->log), format_of(settings_.now()->log)),
      store_(std::move(store)),
      daemon_{*store_, plugins, router, [this] { return settings_.now(); },
              [this] {
                return services::Log([this](const services::LogLine& line) { write(log_, line); },
                                     static_cast<int>(log_.least()));
              }},
      fleet_(daemon_),
      jobs_(daemon_),
      registries_(daemon_, fleet_, jobs_),
      grants_(daemon_, fleet_, jobs_),
      keeper_(daemon_, fleet_, jobs_),
      webhooks_(daemon_, fleet_, session.transport()),
      authenticator_(daemon_) {}

base::Result<std::unique_ptr<Running>> Running::start(cli::Session& session) {
  const auto settings = session.settings();
  if (!settings) return settings.error();
  auto key = open_key((*settings)->store, session.terminal().err);
  if (!key) return key.error();
  auto store = store::Store::open({(*settings)->store.path, *std::move(key), wall_clock});
  if (!store) return store.error();
  const auto plugins = session.plugins();
  if (!plugins) return plugins.error();
  const auto router = session.router();
  if (!router) return router.error();
  std::unique_ptr<Running> out(new Running(session, *std::move(store), **plugins, **router));
  if (auto listening = out->listen(); !listening) return listening.error();
  out->jobs_.start();
  out->keeper_.start();
  out->webhooks_.start();
  Running& self = *out;
  self.news_ = std::thread([&self] {
    std::uint64_t seen = self.store_->revision();
    while (!self.stopping_) {
      seen = self.store_->wait_for_change(seen, base::Steady::now() + std::chrono::hours(1));
      self.resources_->news.ring();
    }
  });
  return out;
}

api::Routes Running::routes() {
  api::Routes out;
  api::add_health(out, {{"store", [this]() -> base::Result<void> {
                           auto kept = store_->read<bool>([](store::Reader& reader) {
                             return base::Result<bool>(store::has_users(reader));
                           });
                           if (!kept) return kept.error();
                           return {};
                         }}});
  api::add_metrics(out, metrics_);
  api::add_record_components(out);
  for (auto* add : {api::add_account_routes, api::add_token_routes, api::add_workspace_routes,
                    api::add_registry_routes, api::add_registry_view_routes, api::add_space_routes,
                    api::add_image_routes, api::add_event_routes, api::add_operation_routes,
                    api::add_webhook_routes, api::add_audit_routes})
    add(out, *resources_);
  return out;
}

base::Result<void> Running::listen() {
  resources_ = std::make_unique<api::Resources>(api::Resources{daemon_,
                                                               fleet_,
                                                               registries_,
                                                               grants_,
                                                               jobs_,
                                                               authenticator_,
                                                               [this] { return reload(); },
                                                               {}});
  auto table = api::RouteTable::make(
      routes(), guard(authenticator_),
      {"Portolan", cli::program().version,
       "One chart for all container registries: integrate, validate, count, share."});
  if (!table) return table.error();
  metrics_->collect([this](api::Samples& samples) { report(samples); });
  auto handler = api::for_known_names(
      api::RouteTable::handler(*table),
      [this](const std::string& name) { return is_name_of(settings_.now()->server, name); });
  auto server = api::Server::start(server_options(settings_.now()->server), std::move(handler),
                                   [this](const api::Exchange& exchange) {
                                     metrics_->observe(exchange);
                                     write(log_, exchange);
                                   });
  if (!server) return server.error();
  server_ = *std::move(server);
  serving_ = server_.get();
  return {};
}

std::optional<std::string> Running::setup_token() {
  const auto users = store_->read<bool>(
      [](store::Reader& reader) { return base::Result<bool>(store::has_users(reader)); });
  if (!users || *users) return {};
  const base::Secret token = base::random_token("setup_");
  const std::int64_t ends = store_->now() + settings_.now()->auth.setup_token_life.count();
  auto written = store_->write([&](store::Writer& writer) {
    return store::put_setup_token(writer, base::sha256(token.reveal()), ends);
  });
  if (!written) return {};
  return token.reveal();
}

/// A plugin that is refused fails no reload, as it fails no start: it is listed.
Json Running::load_plugins() {
  Json done = plugin::refreshed_json(daemon_.plugins, session_.plugin_options(*settings_.now()));
  std::set<std::string> came;
  for (const Json& type : done.find("loaded")->items()) came.insert(*type.as_string());
  keeper_.look_at_types(came);
  return done;
}

base::Result<Json> Running::reload() {
  base::Lock lock(reload_mutex_);
  auto done = reload_now();
  reloaded_well_ = done.has_value();
  if (done) reloaded_ms_ = store_->now();
  return done;
}

base::Result<Json> Running::reload_now() {
  auto next = session_.load_configuration();
  if (const auto mistakes = cli::check_configuration(next); !mistakes.empty())
    return mistakes.front();
  // The files were just checked; should they fail now, nothing has changed yet.
  if (auto tls = server_->reload_tls(); !tls) return tls.error();
  auto done = settings_.change_to(std::move(next));
  if (!done) return done;
  done->set("plugins", load_plugins());
  log_.set(level_of(settings_.now()->log), format_of(settings_.now()->log));
  log_.info("reloaded", {{"changes", base::to_text(*done)}});
  return done;
}

void Running::housekeeping() { authenticator_.write_uses(); }

void Running::give_back_memory() {
  // A sweep of all registries leaves holes in every arena that are not needed before the next one.
  malloc_trim(0);
  if (!std::exchange(settled_, true)) forget_code();
}

bool Running::stop() {
  const auto drain = settings_.now()->server.drain;
  bool whole = server_->stop(drain);
  whole = keeper_.stop(drain) && whole;
  whole = jobs_.stop(drain) && whole;
  webhooks_.stop();
  authenticator_.write_uses();
  stopping_ = true;
  store_->wake_all();
  news_.join();
  return whole;
}

Running::~Running() {
  if (news_.joinable()) stop();
}

}  // namespace portolan::daemon
