// What a proxy's header says about its client, by X-Forwarded-For and by Forwarded.
#include "../promise.h"
#include "api/proxies.h"

using namespace portolan::api;

namespace {

Proxies proxies(ForwardedHeader header) {
  auto made = Proxies::make({"10.0.0.0/8"}, header);
  PROMISE(made);
  return *std::move(made);
}

Peer peer(const char* address) { return {.transport = Transport::network, .address = address}; }

void check(const Proxies& proxies, const std::string& name, const std::string& list,
           const std::string& foreign) {
  Request request;
  request.headers = {{name, list}};
  const Peer client = proxies.client(peer("10.0.0.1"), request);
  PROMISE(portolan::net::parse_ip(client.address));
  PROMISE(proxies.client(peer("192.0.2.1"), request).address == "192.0.2.1");

  // Whatever a client wrote: what the proxy adds behind it counts.
  request.headers = {{name, list + ", " + foreign}};
  PROMISE(proxies.client(peer("10.0.0.1"), request).address == "203.0.113.7");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Proxies by_list = proxies(ForwardedHeader::x_forwarded_for);
  static const Proxies standard = proxies(ForwardedHeader::forwarded);
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(by_list, "x-forwarded-for", text, "203.0.113.7");
  check(standard, "forwarded", text, "for=203.0.113.7;proto=https");
  return 0;
}
