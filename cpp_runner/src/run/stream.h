// What a stream holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "libtorch/module.h"
#include "run/parts.h"
#include "zoo/stream.h"

namespace zoo {

struct Stream::Impl {
  TorchModule module;
  StreamOptions options;
  Value arguments;       // a tuple; the states in it move on
  std::string sequence;  // the place of the chunk
  std::optional<std::vector<StateLink>> links;
};

}  // namespace zoo
