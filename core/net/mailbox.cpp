#include "net/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/transfer.h"

namespace portolan::net {
namespace {

int new_descriptor() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return descriptor;
}

}  // namespace

Command::Command(Kind what) : kind(what) {}
Command::Command(Command&&) noexcept = default;
Command& Command::operator=(Command&&) noexcept = default;
Command::~Command() = default;

Mailbox::Mailbox() : descriptor_(new_descriptor()) {}
Mailbox::~Mailbox() { ::close(descriptor_); }

void Mailbox::ring() {
  const std::uint64_t one = 1;
  // A full counter would be the only failure, and then the loop is ready to wake already.
  [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof one);
}

bool Mailbox::post(Command& command) {
  bool asleep = false;
  {
    base::Lock lock(mutex_);
    if (closed_) return false;
    commands_.push_back(std::move(command));
    asleep = std::exchange(asleep_, false);
  }
  if (asleep) ring();
  return true;
}

void Mailbox::stop() {
  {
    base::Lock lock(mutex_);
    stopping_ = true;
    asleep_ = false;
  }
  ring();
}

bool Mailbox::take(std::vector<Command>& commands) {
  base::Lock lock(mutex_);
  asleep_ = false;
  commands.swap(commands_);
  return !stopping_;
}

bool Mailbox::fall_asleep() {
  base::Lock lock(mutex_);
  asleep_ = commands_.empty() && !stopping_;
  return asleep_;
}

void Mailbox::close(std::vector<Command>& rest) {
  base::Lock lock(mutex_);
  closed_ = true;
  rest.swap(commands_);
}

}  // namespace portolan::net
