#include "cli/commands.h"
#include "daemon/serve.h"

int main(int argc, char** argv) {
  return portolan::cli::main(argc, argv, {{"serve", portolan::daemon::serve, /*serves=*/true}});
}
