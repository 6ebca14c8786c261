#pragma once
/// libcurl's results in our words: the one translation.
#include <curl/curl.h>

#include <string_view>

#include "base/error.h"
#include "net/transport.h"

namespace portolan::net {

/// How an exchange failed.
struct Failure {
  CURLcode code;
  const Request& request;
  const base::Url& peer;    ///< What was connected to: the registry or its proxy.
  Facts::Stage stage;       ///< Where it was.
  long system_error;        ///< errno of the connect, 0 = none.
  long verify_result;       ///< Of the certificate, an X509_V_ number.
  long proxy_status;        ///< Of the answer to CONNECT.
  std::string_view detail;  ///< libcurl's text: read for clues, never shown.
};

base::Error explain(const Failure& failure);

/// Ended by a clock while at `stage`.
base::Error too_slow(const Request& request, const base::Url& peer, Facts::Stage stage);

}  // namespace portolan::net
