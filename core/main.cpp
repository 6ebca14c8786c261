#include "cli/commands.h"

int main(int argc, char** argv) { return portolan::cli::main(argc, argv); }
