#include "net/failure.h"

#include <cerrno>
#include <cstring>

#include "net/trust.h"

namespace portolan::net {
namespace {

using base::Code;
using base::Error;
using Stage = Facts::Stage;

bool says(const Failure& failure, std::string_view clue) {
  return failure.detail.find(clue) != std::string_view::npos;
}

std::string name_of_peer(const Request& request, const base::Url& peer) {
  return (&peer == &request.url ? "" : "the proxy ") + peer.authority();
}

Error no_connection(const Failure& failure) {
  const std::string host = name_of_peer(failure.request, failure.peer);
  switch (failure.system_error) {
    case ECONNREFUSED:
      return {Code::unreachable, host + " refuses connections",
              "check the port, and that the registry runs", ""};
    case ENETUNREACH:
    case EHOSTUNREACH:
      return {Code::unreachable, "there is no route to " + host,
              "check the address, and the network of this machine", ""};
    case ETIMEDOUT:
      return {Code::timeout, host + " does not answer",
              "check the address, and firewalls on the way", ""};
    default: {
      std::string reason = failure.system_error ? ": " : "";
      if (failure.system_error) reason += std::strerror(static_cast<int>(failure.system_error));
      return {Code::unreachable, "no connection to " + host + reason,
              "check the address and that the registry runs", ""};
    }
  }
}

Error tls_failure(const Failure& failure, const std::string& host) {
  if (says(failure, "wrong version number") || says(failure, "packet length too long") ||
      says(failure, "http request")) {
    return {Code::tls, host + " does not speak TLS on this port",
            "write http:// if it is meant to be plain, or the port that speaks TLS", ""};
  }
  if (says(failure, "certificate required") || says(failure, "bad certificate") ||
      says(failure, "handshake failure") || says(failure, "unknown ca")) {
    return {Code::tls, host + " broke off the TLS handshake; it may want a client certificate",
            "give a client certificate and key that the registry accepts "
            "(`tls.clientCertificateFrom` and `tls.clientKeyFrom`, `--client-certificate` and "
            "`--client-key`)",
            ""};
  }
  if (says(failure, "protocol version") || says(failure, "unsupported protocol")) {
    return {
        Code::tls, host + " offers no TLS version that is allowed here",
        "have the registry offer TLS 1.2 or 1.3, or lower `tls.minimumVersion` (`--tls-minimum`)",
        ""};
  }
  return {Code::tls, "the TLS handshake with " + host + " failed",
          "check with: openssl s_client -connect " + host, ""};
}

Error garbage(std::string message) {
  return {Code::protocol, std::move(message), "check that the address is a registry's", ""};
}

Error broken(const Failure& failure, const std::string& host) {
  if (says(failure, "chunked-encoding")) return garbage("the answer's chunks are damaged");
  if (failure.proxy_status >= 300 || failure.code == CURLE_PROXY) {
    std::string status =
        failure.proxy_status ? " (HTTP " + std::to_string(failure.proxy_status) + ")" : "";
    return {Code::unreachable, "the proxy does not connect to " + host + status,
            "check the registry's `proxy` (`--proxy`) and what the proxy allows", ""};
  }
  // In TLS 1.3 the server's verdict on a client certificate comes after the handshake.
  if (says(failure, "alert") && says(failure, "SSL")) return tls_failure(failure, host);
  const bool tls = failure.request.url.scheme == "https";
  return {Code::unreachable, host + " broke the connection before the answer was complete",
          tls ? "try again; if it stays, look at the registry's log: it may refuse the client "
                "certificate"
              : "try again; if it stays, look at the registry's log",
          ""};
}

Error translate(const Failure& failure, const std::string& host) {
  switch (failure.code) {
    case CURLE_COULDNT_CONNECT:
      if (failure.proxy_status >= 300) return broken(failure, host);
      return no_connection(failure);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Code::unreachable, "the name of " + host + " has no address",
              "check the spelling of the address, and the name servers of this machine", ""};
    case CURLE_OPERATION_TIMEDOUT: return too_slow(failure.request, failure.peer, failure.stage);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED: return tls_failure(failure, host);
    case CURLE_SSL_CERTPROBLEM:
      return {Code::tls, "the client certificate cannot be used",
              "check `tls.clientCertificateFrom` and `tls.clientKeyFrom` (`--client-certificate`, "
              "`--client-key`)",
              ""};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: {
      VerifyWords words = verify_words(failure.verify_result);
      return {Code::tls, host + ": " + words.message, words.hint, ""};
    }
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {Code::tls, host + " shows another public key than the one that is pinned",
              "if the registry's key was changed on purpose, pin the new one (`tls.pin`, `--pin`)",
              ""};
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_AGAIN:
    case CURLE_PROXY: return broken(failure, host);
    case CURLE_PARTIAL_FILE: return garbage("the answer ended before the length it had announced");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP_RETURNED_ERROR:
    case CURLE_CHUNK_FAILED: return garbage(host + " answers something that is not HTTP/1.1");
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR: return garbage("the answer's content encoding is unknown or damaged");
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_OUT_OF_MEMORY:  // What 7.88 says of one header line above its own limit.
      return {Code::limit,
              "the answer's headers are longer than " +
                  std::to_string(model::limits::header_bytes / 1024) + " kB",
              "check that the address is a registry's", ""};
    case CURLE_URL_MALFORMAT:
      return {Code::invalid_argument, "the URL cannot be requested", "", ""};
    default:
      return {Code::internal,
              std::string("the HTTP library failed: ") + curl_easy_strerror(failure.code), "", ""};
  }
}

}  // namespace

base::Error explain(const Failure& failure) {
  Error error = translate(failure, failure.request.url.authority());
  error.where = failure.request.url.text_without_query();
  return error;
}

base::Error too_slow(const Request& request, const base::Url& peer, Facts::Stage stage) {
  const std::string host = request.url.authority();
  Error error{Code::timeout, "", "", request.url.text_without_query()};
  switch (stage) {
    case Stage::policy:
    case Stage::dns:
      error.message = "the address of " + request.url.host + " was not told in time";
      error.hint = "check the name servers of this machine";
      break;
    case Stage::tcp:
      error.message = name_of_peer(request, peer) + " did not accept a connection in time";
      error.hint = "check the address, firewalls on the way, and that the registry runs";
      break;
    case Stage::tls:
      error.message = "the TLS handshake with " + host + " did not end in time";
      error.hint = "check that this port speaks TLS, and that the registry is well";
      break;
    case Stage::http:
    case Stage::done:
      error.message = host + " did not answer in time";
      error.hint = "check that the registry is well, or allow it more time";
      break;
  }
  return error;
}

}  // namespace portolan::net
