// Runs every TEST of what needs no LibTorch. Exit status 1 if one fails.
#include <exception>
#include <iostream>
#include <string>

#include "check.h"

int main() {
  for (const zoo::test::Test& test : zoo::test::tests()) {
    try {
      test.run();
    } catch (const std::exception& error) {
      zoo::test::report(false, std::string("it threw: ") + error.what(), test.name, 0);
    }
  }
  const int failures = zoo::test::failures();
  std::cout << zoo::test::tests().size() << " tests, " << failures << " failed checks\n";
  return failures == 0 && !zoo::test::tests().empty() ? 0 : 1;
}
