#pragma once
/// Which commit this was built from.
namespace portolan::daemon {

/// "1f2e3d4c5b6a", with "-dirty" behind it when the tree differed from that commit; "" where git
/// or its folder was absent.
const char* commit();

}  // namespace portolan::daemon
