// The program intrain.
#include "cli/command_line.h"

int main(int argc, char** argv) { return intrain::cli::command_line(argc, argv); }
