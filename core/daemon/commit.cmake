# cmake -D source=TREE -D out=FILE -P commit.cmake: writes FILE only when what it says has changed,
# so that a new commit compiles this one file and links the program, nothing else.
set(commit "")
if(EXISTS ${source}/.git)
  set(ENV{GIT_OPTIONAL_LOCKS} 0)
  execute_process(COMMAND git -C ${source} describe --always --dirty --exclude=* --abbrev=12
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed EQUAL 0 OR NOT commit MATCHES "^[0-9a-f]+(-dirty)?$")
    set(commit "")
  endif()
endif()
file(CONFIGURE OUTPUT ${out} CONTENT [[
#include "daemon/commit.h"

namespace portolan::daemon {

const char* commit() { return "@commit@"; }

}  // namespace portolan::daemon
]] @ONLY)
