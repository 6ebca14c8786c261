#pragma once
#include <cstddef>

namespace portolan::net {

/// The most that one read of a socket brings (before decompression).
inline constexpr std::size_t kReceiveBuffer = 64 * 1024;

}  // namespace portolan::net
