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

/// Runs the program with arguments as a shell reads them, `input` on its standard input; `before` stands in
/// front of the program: variables of its environment, or a command that runs it.
inline Outcome run_program(const std::string& arguments, const std::string& input = "",
                           const std::string& before = "") {
  const TemporaryFolder folder;
  write_file(folder.file("in"), input);
  const std::string command = "<" + folder.file("in") + " >" + folder.file("out") + " 2>" +
                              folder.file("error") + " " + before + " " + REALIZAR_PROGRAM + " " + arguments;
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder.file("out")),
          read_file(folder.file("error"))};
}

}  // namespace realizar::test
