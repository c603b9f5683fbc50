// TEST(name) { ... } registers a test, and CHECK(condition) reports and counts what does not hold. A test is
// one file test_*.cpp here, which CMake finds by its name.
#pragma once

#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "zoo/error.h"

namespace zoo::test {

struct Test {
  const char* name;
  void (*run)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> registered;
  return registered;
}

struct Registration {
  explicit Registration(const Test& test) { tests().push_back(test); }
};

inline int& failures() {
  static int count = 0;
  return count;
}

inline void report(bool passed, const std::string& what, const char* file, int line) {
  if (passed) return;
  ++failures();
  std::cerr << file << ':' << line << ": " << what << '\n';
}

// The message of the Error that `call` throws with this status. No Error, or one of another status, is a
// failure.
inline std::string error_at(const char* file, int line, Status status, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    report(error.status() == status, std::string("an Error of another status: ") + error.what(), file, line);
    return error.what();
  }
  report(false, "no Error", file, line);
  return "";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace zoo::test

#define TEST(name)                                                              \
  static void name();                                                           \
  static const ::zoo::test::Registration registration_of_##name{{#name, name}}; \
  static void name()
#define CHECK(condition) \
  ::zoo::test::report(static_cast<bool>(condition), #condition " does not hold", __FILE__, __LINE__)
#define ERROR_OF(status, ...) ::zoo::test::error_at(__FILE__, __LINE__, status, __VA_ARGS__)
