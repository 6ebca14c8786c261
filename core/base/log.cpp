#include "base/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace portolan::base {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds patience(250);

/// A description of the same pipe or terminal that does not block; -1 where that cannot be had.
/// O_NONBLOCK on the caller's own would also be the shell's and every child's.
int reopened(int descriptor, mode_t mode) {
  if (!S_ISFIFO(mode) && !S_ISCHR(mode)) return -1;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  return ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/// Whether it takes more before `left` has passed.
bool writable(int descriptor, std::chrono::nanoseconds left) {
  pollfd one{descriptor, POLLOUT, 0};
  const auto whole = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
  return ::poll(&one, 1, static_cast<int>(whole.count())) > 0 && (one.revents & POLLOUT) != 0;
}

}  // namespace

Log::Log(int descriptor, LogLevel least, LogFormat format)
    : least_(least), format_(format), descriptor_(descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return;
  socket_ = S_ISSOCK(facts.st_mode);
  if (const int own = reopened(descriptor, facts.st_mode); own >= 0) {
    descriptor_ = own;
    ours_ = true;
  }
}

Log::~Log() {
  if (ours_) ::close(descriptor_);
}

void Log::set(LogLevel least, LogFormat format) {
  least_ = least;
  format_ = format;
}

void Log::write(LogLevel level, std::string_view message, LogFields fields) {
  if (!wants(level)) return;
  const auto now = std::chrono::system_clock::now();
  const LogFormat format = format_;
  const std::string line = log_line(format, now, level, message, fields);
  Lock lock(mutex_);
  // One wait for a reader that hangs, not one of every thread for every record.
  const milliseconds wait = stuck_ ? milliseconds(0) : patience;
  if (untold_ > 0) {
    if (!put(log_line(format, now, LogLevel::warn, "log records were dropped",
                      {{"records", untold_}}),
             wait)) {
      ++dropped_;
      ++untold_;
      return;
    }
    untold_ = 0;
  }
  if (put(line, stuck_ ? milliseconds(0) : patience)) return;
  ++dropped_;
  ++untold_;
}

bool Log::put(std::string_view line, milliseconds patient) {
  const std::string mended = torn_ ? '\n' + std::string(line) : std::string(line);
  const auto until = std::chrono::steady_clock::now() + patient;
  std::string_view rest = mended;
  while (!rest.empty()) {
    const ssize_t written =
        socket_ ? ::send(descriptor_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                : ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
    if (!full || !writable(descriptor_, until - std::chrono::steady_clock::now())) break;
  }
  if (rest.size() != mended.size()) torn_ = !rest.empty();
  stuck_ = !rest.empty();
  return rest.empty();
}

std::uint64_t Log::dropped() const {
  Lock lock(mutex_);
  return dropped_;
}

}  // namespace portolan::base
