#pragma once
#include <cstddef>

namespace portolan::net {

/// The most that one read of a socket brings. Inflated it may be a thousand times as much, which is
/// why it is small: libcurl inflates the whole of it before it can be paused.
inline constexpr std::size_t kReceiveBuffer = 16 * 1024;

/// The most that one turn of the loop takes from one transfer, unless inflated.
inline constexpr std::size_t kTurnBytes = 4 * kReceiveBuffer;

}  // namespace portolan::net
