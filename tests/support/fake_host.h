#pragma once
/// A host for tests of plugins and of the SDK: it speaks the C contract, answers
/// from a script and keeps what it was asked. One thread, no socket, no clock.
#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/fake_exchange.h"

namespace fake {

/// One host with one call. Settings may change between requests and inside `answer`.
class Host {
 public:
  std::function<Reply(const Request&)> answer = [](const Request&) { return Reply{404}; };
  std::string origin = "https://registry.example";
  int places = 8;                             ///< Requests in flight.
  std::uint64_t budget = PORTOLAN_NO_BUDGET;  ///< Requests that may still be made.
  portolan_status state = PORTOLAN_OK;        ///< What check() says: cancelled, late.
  bool newest_first = false;                  ///< Answers come in the reverse of their order.
  /// What a sink answers to an emit.
  std::function<portolan_status()> receiver = [] { return PORTOLAN_OK; };

  std::vector<Request> requests;  ///< In the order they were started.
  std::size_t most_in_flight = 0;
  std::optional<Error> failure;      ///< What the plugin told with fail().
  std::vector<std::string> cursors;  ///< What it told with cursor().
  std::vector<std::string> sealed;   ///< By handle: "sealed-1" is the first.
  std::uint64_t progress = 0;
  std::map<std::string, std::string> remembered;

  Host() {
    call_ = {sizeof call_, 0,       this, 1,       PORTOLAN_NO_DEADLINE, check, left, fail, log,
             done_so_far,  nullptr, 0,    remember};
    host_ = {sizeof host_, PORTOLAN_ABI_MINOR, this, text("fake"), text("1.0.0"), service};
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// What was remembered can be recalled from now on, as by the next collection.
  void pass_on() {
    if (remembered.empty()) return;
    recalled_ = std::exchange(remembered, {});
    notes_.clear();
    for (const auto& [key, value] : recalled_) notes_.push_back({text(key), text(value)});
    call_.notes = notes_.data();
    call_.note_count = notes_.size();
  }

  const portolan_call* call() const { return &call_; }
  const portolan_host* host() const { return &host_; }
  static const portolan_http* http() {
    static constexpr portolan_http table{sizeof(portolan_http), 0, send, start, wait, abort};
    return &table;
  }
  std::size_t in_flight() const { return flights_.size(); }

  /// A sink that hands every item to `take`; the item is valid inside it only.
  template <class Item>
  struct Sink {
    portolan_sink raw;
    std::function<void(const Item&)> take;
    Host* host;
  };
  /// Runs one C function that takes a sink, e.g. table->validate(instance, call, depth, sink).
  template <class Item, class Run>
  portolan_status collect(std::function<void(const Item&)> take, Run&& run) {
    Sink<Item> sink{
        {sizeof(portolan_sink), 0, nullptr, emit<Item>, cursor<Item>}, std::move(take), this};
    sink.raw.host_context = &sink;
    return run(&sink.raw);
  }

 private:
  struct Flight {
    std::uint64_t number;
    Request request;
    portolan_http_sink sink;
  };

  static Host& of(const portolan_call* call) { return *static_cast<Host*>(call->host_context); }

  static const void* service(const portolan_host*, portolan_str id) {
    return text(id) == PORTOLAN_SERVICE_HTTP ? http() : nullptr;
  }
  static portolan_status check(const portolan_call* self) { return of(self).state; }
  static std::uint64_t left(const portolan_call* self) { return of(self).budget; }
  static portolan_status fail(const portolan_call* self, const portolan_error* error) {
    of(self).failure =
        Error{error->code, text(error->message), text(error->hint), text(error->pointer)};
    return error->code;
  }
  static void log(const portolan_call*, std::int32_t, portolan_str, const portolan_kv*,
                  std::uint64_t) {}
  static void done_so_far(const portolan_call* self, std::uint64_t done, std::uint64_t,
                          portolan_str) {
    of(self).progress = done;
  }

  static void remember(const portolan_call* self, portolan_str key, portolan_str value) {
    of(self).remembered[text(key)] = text(value);
  }

  static Request copy(const portolan_http_request& raw) {
    Request out{text(raw.method), text(raw.url),        raw.auth,      raw.flags,
                text(raw.scope),  text(raw.credential), text(raw.body)};
    if (out.method.empty()) out.method = "GET";
    for (std::uint64_t i = 0; i < raw.header_count; ++i)
      out.headers[text(raw.headers[i].key)] = text(raw.headers[i].value);
    out.secret_pointer = text(raw.secret_pointer);
    return out;
  }

  portolan_status refusal() const {
    if (state != PORTOLAN_OK) return state;
    return budget == 0 ? PORTOLAN_LIMIT : PORTOLAN_OK;
  }
  void count() {
    if (budget != PORTOLAN_NO_BUDGET) --budget;
  }

  static portolan_status tell_lost(const portolan_http_sink& sink, portolan_status code,
                                   int status) {
    const std::uint32_t flags = code == PORTOLAN_LIMIT && status == 0 ? PORTOLAN_ERROR_BUDGET : 0;
    const portolan_error error{sizeof error,       code, status, flags, 0, text("no answer"),
                               text("look at it"), {},   {}};
    sink.done(sink.plugin_context, code, &error);
    return code;
  }

  portolan_status deliver(const Request& request, const portolan_http_sink& sink) {
    Reply reply = answer(request);
    if (!request.secret_pointer.empty() && reply.status / 100 == 2)
      sealed.push_back(seal(request.secret_pointer, sealed.size() + 1, reply.body));
    if (reply.lost != PORTOLAN_OK) return tell_lost(sink, reply.lost, reply.lost_status);
    std::vector<portolan_kv> headers;
    for (const auto& [name, value] : reply.headers) headers.push_back({text(name), text(value)});
    const bool absolute = request.url.find("://") < request.url.find('?');
    const std::string url = (absolute ? "" : origin) + request.url.substr(0, request.url.find('?'));
    const auto code = code_of(reply.status);
    const portolan_http_response head{sizeof head,
                                      reply.status,
                                      code,
                                      1,
                                      headers.data(),
                                      headers.size(),
                                      text(url),
                                      text(code == PORTOLAN_OK ? "" : "the registry said no"),
                                      {},
                                      1000,
                                      0};
    portolan_status status = sink.head(sink.plugin_context, &head);
    if (status == PORTOLAN_OK && !reply.body.empty() && request.method != "HEAD")
      status =
          sink.body(sink.plugin_context, reinterpret_cast<const std::uint8_t*>(reply.body.data()),
                    reply.body.size());
    if (status != PORTOLAN_OK) return tell_lost(sink, status, reply.status);
    sink.done(sink.plugin_context, PORTOLAN_OK, nullptr);
    return PORTOLAN_OK;
  }

  static portolan_status send(const portolan_call* call, const portolan_http_request* raw,
                              const portolan_http_sink* sink) {
    Host& me = of(call);
    if (const auto refused = me.refusal(); refused != PORTOLAN_OK)
      return tell_lost(*sink, refused, 0);
    me.count();
    me.requests.push_back(copy(*raw));
    return me.deliver(Request(me.requests.back()), *sink);
  }

  static portolan_status start(const portolan_call* call, const portolan_http_request* raw,
                               const portolan_http_sink* sink, std::uint64_t* operation) {
    Host& me = of(call);
    if (const auto refused = me.refusal(); refused != PORTOLAN_OK) return refused;
    if (me.flights_.size() >= static_cast<std::size_t>(me.places)) return PORTOLAN_STOP;
    me.count();
    me.requests.push_back(copy(*raw));
    me.flights_.push_back({++me.numbers_, me.requests.back(), *sink});
    me.most_in_flight = std::max(me.most_in_flight, me.flights_.size());
    *operation = me.numbers_;
    return PORTOLAN_OK;
  }

  /// One answer a wait: the hardest case for a fan-out.
  static portolan_status wait(const portolan_call* call) {
    Host& me = of(call);
    if (me.flights_.empty()) return PORTOLAN_STOP;
    const bool over = me.state != PORTOLAN_OK;
    do {
      const Flight next = me.newest_first ? me.flights_.back() : me.flights_.front();
      me.newest_first ? me.flights_.pop_back() : me.flights_.pop_front();
      over ? tell_lost(next.sink, me.state, 0) : me.deliver(next.request, next.sink);
    } while (over && !me.flights_.empty());
    return PORTOLAN_OK;
  }

  static void abort(const portolan_call* call, std::uint64_t operation) {
    std::erase_if(of(call).flights_,
                  [&](const Flight& flight) { return flight.number == operation; });
  }

  template <class Item>
  static portolan_status emit(const portolan_sink* self, const void* items, std::uint64_t count,
                              std::uint64_t stride) {
    auto& sink = *static_cast<Sink<Item>*>(self->host_context);
    const auto* at = static_cast<const unsigned char*>(items);
    for (std::uint64_t i = 0; i < count; ++i, at += stride)
      sink.take(*reinterpret_cast<const Item*>(at));
    return sink.host->receiver();
  }
  template <class Item>
  static portolan_status cursor(const portolan_sink* self, portolan_str cursor) {
    static_cast<Sink<Item>*>(self->host_context)->host->cursors.push_back(text(cursor));
    return PORTOLAN_OK;
  }

  portolan_call call_;
  portolan_host host_;
  std::map<std::string, std::string> recalled_;
  std::vector<portolan_kv> notes_;
  std::deque<Flight> flights_;
  std::uint64_t numbers_ = 0;
};

}  // namespace fake
