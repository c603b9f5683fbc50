// A test is a function that calls CHECK; a failed one is told with its place and counted.
#pragma once

#include <functional>
#include <iostream>
#include <string>

#include "zoo/error.h"

namespace zoo::test {

inline int& failures() {
  static int count = 0;
  return count;
}

inline void report(bool passed, const char* condition, const char* file, int line) {
  if (passed) return;
  ++failures();
  std::cerr << file << ':' << line << ": " << condition << " does not hold\n";
}

// The message of the Error that `call` throws with this status; a failure where it throws none, or another
// one.
inline std::string error_of(Status status, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.status() == status) return error.what();
    std::cerr << "another status: " << error.what() << '\n';
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace zoo::test

#define CHECK(condition) ::zoo::test::report(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
