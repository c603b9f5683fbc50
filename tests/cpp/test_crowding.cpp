#include <algorithm>

#include "check.h"
#include "engine/crowding.h"

namespace zoo::test {
namespace {

using engine::Crowding;

// Makes calls that do not try to keep step, until one would; returns how many they were.
int calls_apart(Crowding& crowding) {
  int apart = 0;
  for (; !crowding.keep_step(); ++apart) crowding.learn(false, false);
  return apart;
}

}  // namespace

TEST(crowding) {
  Crowding crowding;
  CHECK(crowding.keep_step());
  crowding.learn(true, true);
  CHECK(calls_apart(crowding) == Crowding::kFewest);

  // A machine that stays crowded is tried more and more seldom, but is tried.
  int before = Crowding::kFewest;
  for (int i = 0; i < 20; ++i) {
    crowding.learn(true, true);
    const int apart = calls_apart(crowding);
    CHECK(apart == std::min(2 * before, Crowding::kMost));
    before = apart;
  }

  // One that has room again is believed after some calls.
  for (int i = 0; i < 20; ++i) {
    CHECK(crowding.keep_step());
    crowding.learn(true, false);
  }
  crowding.learn(true, true);
  CHECK(calls_apart(crowding) == Crowding::kFewest);
}

}  // namespace zoo::test
