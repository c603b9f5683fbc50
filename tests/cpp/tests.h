// The tests that unit_tests runs.
#pragma once

namespace zoo::test {

void test_checksums();
void test_inflate();
void test_archive();
void test_npy();
void test_tensors();
void test_contract();
void test_crowding();
void test_raw_input();
void test_arguments();
void test_messages();
void test_versions();

}  // namespace zoo::test
