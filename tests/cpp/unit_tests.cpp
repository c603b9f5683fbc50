// Tests of what needs no LibTorch. Exit status 1 where one fails.
#include <iostream>

#include "check.h"
#include "tests.h"

int main() {
  zoo::test::test_checksums();
  zoo::test::test_inflate();
  zoo::test::test_archive();
  zoo::test::test_npy();
  zoo::test::test_tensors();
  zoo::test::test_contract();
  zoo::test::test_crowding();
  zoo::test::test_raw_input();
  zoo::test::test_arguments();
  zoo::test::test_messages();
  zoo::test::test_versions();
  const int failures = zoo::test::failures();
  std::cout << (failures == 0 ? "all unit tests passed" : std::to_string(failures) + " checks failed")
            << '\n';
  return failures == 0 ? 0 : 1;
}
