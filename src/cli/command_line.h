// The command line as a function, for programs that offer it too.
#pragma once

namespace intrain::cli {

// What the program intrain does with these arguments; its exit status. It takes over the process: standard streams and signal handlers.
int command_line(int argc, char** argv);

}  // namespace intrain::cli
