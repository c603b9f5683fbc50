#include "zoo/stream.h"

#include <utility>

#include "run/calls.h"
#include "run/stream.h"

namespace zoo {

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

std::vector<NamedTensor> Stream::feed(const Tensor& chunk) {
  Impl& stream = *impl_;
  *find_value(stream.arguments, stream.sequence) = chunk;
  if (!stream.links) stream.links = find_states(stream.module, stream.arguments, stream.options);
  const Value result = stream.module.call(stream.options.method, std::get<Tuple>(stream.arguments).elements);
  carry(result, *stream.links, stream.arguments);
  return flatten(result);
}

}  // namespace zoo
