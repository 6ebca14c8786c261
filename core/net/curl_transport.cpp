#include <algorithm>
#include <mutex>

#include "net/ip_address.h"
#include "net/loop.h"
#include "net/resolver.h"

namespace portolan::net {
namespace {

using base::Code;
using base::Error;

// RFC 9110 §5.6.2.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

std::optional<Error> unsendable(const Request& request) {
  const std::string where = request.url.text_without_query();
  if (!is_token(request.method)) {
    return Error{Code::invalid_argument, "the HTTP method is no valid one", "", where};
  }
  for (const Header& header : request.headers) {
    if (!is_token(header.name) || !is_header_value(header.value)) {
      return Error{Code::invalid_argument, "a request header has bytes that no header may have", "",
                   where};
    }
  }
  return std::nullopt;
}

void refuse(LoopInbox& inbox, const std::shared_ptr<Flow>& flow, Error error) {
  std::vector<Event> events(1);
  events[0].exchange = flow->exchange;
  events[0].error = std::move(error);
  inbox.push(flow, events);
  inbox.ring();
}

class CurlChannel final : public Channel {
 public:
  CurlChannel(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<const Terms> terms)
      : mailbox_(std::move(mailbox)), lane_(std::make_shared<Lane>(std::move(terms))) {}

  ~CurlChannel() override {
    Command command(Command::Kind::close);
    command.lane = std::move(lane_);
    mailbox_->post(command);
  }

  void start(std::uint64_t exchange, Request request, std::shared_ptr<Inbox> inbox) override {
    auto target = std::static_pointer_cast<LoopInbox>(std::move(inbox));
    auto flow = target->admit(exchange);
    if (auto error = unsendable(request)) return refuse(*target, flow, *std::move(error));
    Command command(Command::Kind::start);
    command.lane = lane_;
    command.transfer = std::make_unique<Transfer>(*lane_, lane_->terms(), std::move(request),
                                                  std::move(target), std::move(flow));
    if (!mailbox_->post(command)) {
      refuse(*command.transfer->inbox(), command.transfer->flow(),
             {Code::cancelled, "the program is ending", "",
              command.transfer->request().url.text_without_query()});
    }
  }

  void abort(std::uint64_t exchange, const std::shared_ptr<Inbox>& inbox) override {
    Command command(Command::Kind::abort);
    command.flow = std::static_pointer_cast<LoopInbox>(inbox)->drop(exchange);
    if (command.flow) mailbox_->post(command);
  }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  std::shared_ptr<Lane> lane_;
};

base::Result<std::optional<base::Url>> parse_proxy(const std::string& text) {
  if (text.empty()) return std::optional<base::Url>();
  auto url = base::parse_address(text);
  if (url && url->scheme == "http" && url->path.empty()) return std::optional(*std::move(url));
  return Error{Code::invalid_config, "the proxy address is not understood",
               "write http://host:port", "proxy"};
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(Resolve resolve) : loop_(std::move(resolve)) {}

  std::shared_ptr<Inbox> inbox() override {
    return std::make_shared<LoopInbox>([mailbox = loop_.mailbox()](std::shared_ptr<Flow> flow) {
      Command command(Command::Kind::resume);
      command.flow = std::move(flow);
      mailbox->post(command);
    });
  }

  base::Result<std::shared_ptr<Channel>> open(ChannelOptions options) override {
    auto trust = read_trust(options.tls);
    if (!trust) return std::move(trust).error();
    auto proxy = parse_proxy(options.proxy);
    if (!proxy) return std::move(proxy).error();
    auto terms = std::make_shared<Terms>();
    terms->proxy_policy = options.policy;
    if (*proxy) terms->proxy_policy.permit_origin(**proxy);
    terms->proxy = *std::move(proxy);
    terms->trust = *std::move(trust);
    terms->options = std::move(options);
    return std::shared_ptr<Channel>(
        std::make_shared<CurlChannel>(loop_.mailbox(), std::move(terms)));
  }

 private:
  Loop loop_;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(Resolve resolve) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::make_unique<CurlTransport>(std::move(resolve));
}

std::unique_ptr<Transport> make_curl_transport() { return make_curl_transport(system_resolve); }

}  // namespace portolan::net
