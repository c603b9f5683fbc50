#include <cstdint>

#include "check.h"
#include "zoo/version.h"

namespace zoo::test {
namespace {

std::uint64_t packed(std::uint64_t major, std::uint64_t minor, std::uint64_t patch) {
  return major << 56 | minor << 48 | patch << 40;
}

}  // namespace

TEST(versions) {
  using enum VersionCheck::Verdict;
  CHECK(libtorch_version_text(packed(2, 13, 1)) == "2.13.1");
  CHECK(compare_libtorch(packed(2, 13, 0), packed(2, 13, 0)).verdict == same);
  CHECK(compare_libtorch(packed(2, 13, 0), packed(2, 13, 1)).verdict == warn);
  CHECK(compare_libtorch(packed(2, 13, 0), packed(2, 12, 0)).verdict == refuse);
  CHECK(compare_libtorch(packed(2, 13, 0), packed(3, 13, 0)).verdict == refuse);
  const auto check = compare_libtorch(packed(2, 13, 0), packed(2, 11, 0));
  CHECK(contains(check.message, "built with LibTorch 2.13.0, found 2.11.0") &&
        contains(check.message, "torch==2.13.0"));
}

}  // namespace zoo::test
