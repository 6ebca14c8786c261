#include "net/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <system_error>
#include <thread>

#include "base/mutex.h"

namespace portolan::net {
namespace {

using base::Code;
using base::Error;

constexpr std::chrono::seconds kIdle{2};
constexpr std::size_t kAddressesTried = 16;

Error name_error(const std::string& host, int status) {
  switch (status) {
    case EAI_NONAME:
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
      return {Code::unreachable, "the name " + host + " has no address",
              "check the spelling of the address, and the name servers of this machine", ""};
    case EAI_AGAIN:
      return {Code::unreachable, "the name servers did not tell the address of " + host,
              "check /etc/resolv.conf and whether the name servers answer", ""};
    default:
      return {Code::unreachable,
              "the name " + host + " could not be looked up: " + gai_strerror(status),
              "check the name servers of this machine", ""};
  }
}

}  // namespace

base::Result<std::vector<std::string>> system_resolve(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int status = getaddrinfo(host.c_str(), nullptr, &wanted, &list); status != 0) {
    return name_error(host, status);
  }
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list; entry; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (addresses.size() == kAddressesTried) break;
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::find(addresses.begin(), addresses.end(), text) == addresses.end()) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(list);
  if (addresses.empty()) return name_error(host, EAI_NODATA);
  return addresses;
}

struct ResolverPool::State {
  struct Job {
    std::string host;
    Done done;
  };
  const Resolve resolve;
  base::Mutex mutex;
  base::Condition changed;
  std::deque<Job> jobs GUARDED_BY(mutex);
  int threads GUARDED_BY(mutex) = 0;
  int idle GUARDED_BY(mutex) = 0;
  bool stopping GUARDED_BY(mutex) = false;

  explicit State(Resolve function) : resolve(std::move(function)) {}

  bool take(Job& job) {
    base::Lock lock(mutex);
    ++idle;
    const auto until = base::Steady::now() + kIdle;
    while (jobs.empty() && !stopping) {
      if (changed.wait_until(mutex, until) == std::cv_status::timeout) break;
    }
    --idle;
    if (stopping || jobs.empty()) {
      --threads;
      return false;
    }
    job = std::move(jobs.front());
    jobs.pop_front();
    return true;
  }

  void work() {
    for (Job job; take(job); job = {}) job.done(resolve(job.host));
  }
};

ResolverPool::ResolverPool(Resolve resolve) : state_(std::make_shared<State>(std::move(resolve))) {}

ResolverPool::~ResolverPool() {
  {
    base::Lock lock(state_->mutex);
    state_->stopping = true;
    state_->jobs.clear();
  }
  state_->changed.notify_all();
}

void ResolverPool::look_up(std::string host, Done done) {
  bool grow = false;
  {
    base::Lock lock(state_->mutex);
    state_->jobs.push_back({std::move(host), std::move(done)});
    grow = static_cast<int>(state_->jobs.size()) > state_->idle &&
           state_->threads < model::limits::resolver_threads;
    if (grow) ++state_->threads;
  }
  if (!grow) {
    state_->changed.notify_one();
    return;
  }
  try {
    std::thread([state = state_] { state->work(); }).detach();
  } catch (const std::system_error&) {
    // No thread to be had: the job waits for one of those that there are.
    base::Lock lock(state_->mutex);
    --state_->threads;
  }
}

}  // namespace portolan::net
