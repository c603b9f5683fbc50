// A stream through a file without a manifest: one call for each chunk, with the states carried.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zoo/export.h"
#include "zoo/options.h"
#include "zoo/tensor.h"
#include "zoo/value.h"

namespace zoo {

// For Model::stream.
struct StreamOptions {
  std::string method = "forward";
  // Without states in the roles they are found, and proved, with the first chunk, which is run whole and in
  // two parts: the model has to take chunks of other sizes. Each call gives all results; `every_chunk` means
  // nothing here.
  StreamRoles roles;
  // Hears, with the first chunk, of states that the caller says and that do not give what the whole gives,
  // and of results that move as the model rounds by the values of a call.
  Notice notice;
};

// It goes on from the state that the Model had when the stream was made, and may outlive it. One thread at a
// time may use a Stream; several streams do not disturb one another.
class ZOO_API Stream {
 public:
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  // Calls the method with the next chunk in place of the first tensor. Gives all results, states included.
  // Throws Error as Model::call does.
  std::vector<NamedTensor> feed(const Tensor& chunk);

 private:
  friend class Model;
  struct Impl;
  explicit Stream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zoo
