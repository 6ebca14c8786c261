#include "net/loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace portolan::net {
namespace {

int new_epoll(int mailbox) {
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.fd = mailbox;
  epoll_ctl(descriptor, EPOLL_CTL_ADD, mailbox, &event);
  return descriptor;
}

std::uint32_t epoll_events(int what) {
  switch (what) {
    case CURL_POLL_IN: return EPOLLIN;
    case CURL_POLL_OUT: return EPOLLOUT;
    default: return EPOLLIN | EPOLLOUT;
  }
}

int curl_events(std::uint32_t events) {
  int what = 0;
  if (events & EPOLLIN) what |= CURL_CSELECT_IN;
  if (events & EPOLLOUT) what |= CURL_CSELECT_OUT;
  if (events & (EPOLLERR | EPOLLHUP)) what |= CURL_CSELECT_ERR;
  return what;
}

}  // namespace

Loop::Loop(Resolve resolve)
    : mailbox_(std::make_shared<Mailbox>()),
      resolvers_(std::move(resolve)),
      epoll_(new_epoll(mailbox_->descriptor())) {
  // Signals belong to main: the loop's thread is never interrupted by one.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Loop::~Loop() {
  mailbox_->stop();
  thread_.join();
  ::close(epoll_);
}

void Loop::run() {
  std::vector<Command> commands;
  while (mailbox_->take(commands)) {
    for (Command& command : commands) obey(command);
    commands.clear();
    settle();
    ring_all();
    sleep();
  }
  for (Command& command : commands) obey(command);
  end();
}

void Loop::obey(Command& command) {
  switch (command.kind) {
    case Command::Kind::start:
      lanes_.insert(command.lane);
      command.lane->start(std::move(command.transfer), *this);
      activate(*command.lane);
      return;
    case Command::Kind::abort:
      if (Transfer* transfer = command.flow->transfer) {
        activate(transfer->lane());
        transfer->lane().end(*transfer);
      }
      return;
    case Command::Kind::resume:
      if (Transfer* transfer = command.flow->transfer) {
        activate(transfer->lane());
        transfer->lane().resume(*transfer, base::Steady::now());
      }
      return;
    case Command::Kind::resolved:
      if (!lanes_.contains(command.lane)) return;  // Closed while the name was looked up.
      command.lane->resolved(command.host, std::move(command.addresses), std::move(command.error));
      activate(*command.lane);
      return;
    case Command::Kind::close:
      command.lane->shut({base::Code::cancelled, "the registry's connections were closed", "", ""});
      std::erase(active_, command.lane.get());
      plan(*command.lane, Lane::Time::max());
      lanes_.erase(command.lane);
      return;
  }
}

void Loop::activate(Lane& lane) {
  if (std::exchange(lane.active, true)) return;
  active_.push_back(&lane);
}

void Loop::settle() {
  const auto now = base::Steady::now();
  while (!due_.empty() && due_.begin()->first <= now) {
    Lane& lane = *due_.begin()->second;
    plan(lane, Lane::Time::max());
    activate(lane);
  }
  for (Lane* lane : std::exchange(active_, {})) {
    lane->active = false;
    lane->settle(now);
    plan(*lane, lane->next_due());
  }
}

void Loop::plan(Lane& lane, Lane::Time at) {
  if (lane.planned == at) return;
  if (lane.planned != Lane::Time::max()) due_.erase({lane.planned, &lane});
  if (at != Lane::Time::max()) due_.emplace(at, &lane);
  lane.planned = at;
}

void Loop::ring_all() {
  for (const auto& inbox : rings_) inbox->ring();
  rings_.clear();
}

void Loop::sleep() {
  int milliseconds = -1;
  if (!due_.empty()) {
    const auto at = due_.begin()->first;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at - base::Steady::now());
    milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }
  if (milliseconds != 0 && !mailbox_->fall_asleep()) milliseconds = 0;
  epoll_event events[64];
  const int count = epoll_wait(epoll_, events, std::size(events), milliseconds);
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[i].data.fd;
    // An earlier event of this batch may have closed this one.
    Lane* lane =
        static_cast<std::size_t>(descriptor) < watchers_.size() ? watchers_[descriptor] : nullptr;
    if (!lane) continue;
    lane->descriptor_ready(descriptor, curl_events(events[i].events));
    activate(*lane);
  }
}

void Loop::end() {
  std::vector<Command> rest;
  mailbox_->close(rest);
  for (Command& command : rest) obey(command);
  for (const auto& lane : lanes_) {
    lane->shut({base::Code::cancelled, "the program is ending", "", ""});
  }
  ring_all();
  lanes_.clear();
}

void Loop::watch(int descriptor, int what, Lane* lane) {
  const auto index = static_cast<std::size_t>(descriptor);
  if (what == CURL_POLL_REMOVE) {
    if (index < watchers_.size()) watchers_[index] = nullptr;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    return;
  }
  if (index >= watchers_.size()) watchers_.resize(index + 1);
  watchers_[index] = lane;
  epoll_event event{};
  event.events = epoll_events(what);
  event.data.fd = descriptor;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) < 0 && errno == EEXIST) {
    epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
  }
}

void Loop::look_up(Lane& lane, const std::string& host) {
  resolvers_.look_up(host, [mailbox = mailbox_, lane = std::weak_ptr(lane.shared_from_this()),
                            host](base::Result<std::vector<std::string>> result) {
    Command command(Command::Kind::resolved);
    command.lane = lane.lock();
    if (!command.lane) return;
    command.host = host;
    if (result) {
      command.addresses = *std::move(result);
    } else {
      command.error = std::move(result).error();
    }
    mailbox->post(command);
  });
}

}  // namespace portolan::net
