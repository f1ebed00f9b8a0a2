#include "backend/shared_library.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace realizar::backend {
namespace {

TEST(SharedLibrary, FindsFunctionsByName) {
  const SharedLibrary mathematics("libm.so.6");
  const auto square_root = reinterpret_cast<double (*)(double)>(mathematics.find("sqrt"));
  ASSERT_NE(square_root, nullptr);
  EXPECT_EQ(square_root(81), 9);
  EXPECT_EQ(mathematics.find("no_such_function"), nullptr);
}

TEST(SharedLibrary, WhatCannotBeOpenedIsAnErrorThatNamesIt) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.file("text.so")) << "no library";
  for (const std::string& name : {folder.file("absent.so"), folder.file("text.so")}) {
    try {
      const SharedLibrary library(name);
      ADD_FAILURE() << name << " was opened";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::io);
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace realizar::backend
