#include "store/store.h"

#include "store/database.h"
#include "store/sealed.h"

namespace portolan::store {
namespace {

base::Result<void> not_there(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, ignored))) return {};
  return base::Error{.code = base::Code::conflict,
                     .message = "the file exists already",
                     .hint = "Name another file, or move that one away.",
                     .where = file.string()};
}

}  // namespace

base::Result<std::unique_ptr<Store>> Store::open(StoreOptions options) {
  Surroundings surroundings{std::move(options.key),
                            options.now ? std::move(options.now) : std::function(wall_clock)};
  auto database =
      Database::open(std::move(options.directory), std::move(surroundings), migrations());
  if (!database) return database.error();
  return std::unique_ptr<Store>(new Store(*std::move(database)));
}

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {
  database_->writes().on_commit([this] { changed(); });
}
Store::~Store() = default;

base::Result<void> Store::run_read(const std::function<void(Reader&)>& body) const {
  return database_->read(body);
}

base::Result<void> Store::write(const std::function<base::Result<void>(Writer&)>& body) {
  return database_->writes().write(body);
}

void Store::changed() {
  base::Lock lock(waiting_);
  revision_.fetch_add(1, std::memory_order_release);
  woken_.notify_all();
}

std::uint64_t Store::wait_for_change(std::uint64_t seen, base::Steady::time_point until) const {
  base::Lock lock(waiting_);
  const std::uint64_t calls = wake_calls_;
  while (revision() <= seen && calls == wake_calls_) {
    if (woken_.wait_until(waiting_, until) == std::cv_status::timeout) break;
  }
  return revision();
}

void Store::wake_all() {
  base::Lock lock(waiting_);
  ++wake_calls_;
  woken_.notify_all();
}

base::Result<void> Store::backup(const std::filesystem::path& file) const {
  if (auto fresh = not_there(file); !fresh) return fresh;
  return database_->backup(file);
}

base::Result<void> backup_of(const std::filesystem::path& directory,
                             const std::filesystem::path& file) {
  if (auto fresh = not_there(file); !fresh) return fresh;
  const std::filesystem::path from = directory / database_name;
  std::error_code ignored;
  if (!std::filesystem::exists(from, ignored))
    return base::Error{.code = base::Code::invalid_config,
                       .message = "there is no database",
                       .hint = "store.path of the settings says where it is.",
                       .where = from.string()};
  return copy_database(from, file);
}

base::Result<void> Store::verify() const {
  base::Result<void> sound;
  const auto read = run_read([&](Reader& reader) { sound = verify_database(reader); });
  return read ? sound : read;
}

base::Result<void> Store::rotate_key(const base::SealingKey& key) {
  return database_->write_and_change_key([&](Writer& writer) { return reseal(writer, key); }, key);
}

std::int64_t Store::now() const { return database_->now(); }

std::string Store::installation() const { return database_->installation(); }

}  // namespace portolan::store
