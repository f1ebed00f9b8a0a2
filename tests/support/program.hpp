#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "support/temporary_folder.hpp"

namespace realizar::test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

struct Outcome {
  int status;
  std::string out, error;
};

/// Runs a command as a shell reads it, `input` on its standard input.
inline Outcome run_command(const std::string& command, const std::string& input = "") {
  const TemporaryFolder folder;
  write_file(folder.file("in"), input);
  std::string line = "<";
  line += folder.file("in") + " >" + folder.file("out") + " 2>" + folder.file("error") + " " + command;
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder.file("out")),
          read_file(folder.file("error"))};
}

#ifdef REALIZAR_PROGRAM
/// Runs the program realizar; `before` stands in front of it: variables of its environment, or a command that
/// runs it.
inline Outcome run_program(const std::string& arguments, const std::string& input = "",
                           const std::string& before = "") {
  return run_command(before + " " + REALIZAR_PROGRAM + " " + arguments, input);
}
#endif

}  // namespace realizar::test
