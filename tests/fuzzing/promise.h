#pragma once
#include <cstdio>
#include <cstdlib>

/// Ends the fuzz run, with the input kept, when what must hold for every input does not.
#define PROMISE(condition)                                                         \
  do {                                                                             \
    if (!(condition)) {                                                            \
      std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                \
    }                                                                              \
  } while (false)
