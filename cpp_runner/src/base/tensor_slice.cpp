#include "base/tensor_slice.h"

#include <cstring>

#include "zoo/error.h"

namespace zoo {
namespace {

// A tensor seen from one axis: `outer` repetitions of `size` blocks of `inner` bytes.
struct Layout {
  std::size_t outer = 1;
  std::size_t size = 0;
  std::size_t inner = 1;
};

Layout layout_of(const Tensor& tensor, std::size_t axis) {
  Layout layout;
  layout.inner = dtype_size(tensor.dtype());
  for (std::size_t i = 0; i < tensor.shape().size(); ++i) {
    const auto size = static_cast<std::size_t>(tensor.shape()[i]);
    if (i < axis) layout.outer *= size;
    if (i == axis) layout.size = size;
    if (i > axis) layout.inner *= size;
  }
  return layout;
}

// Copies `count` blocks per repetition, between positions counted in blocks.
void copy_blocks(const Tensor& from, std::size_t from_begin, Tensor& to, std::size_t to_begin,
                 std::size_t axis, std::size_t count) {
  const Layout source = layout_of(from, axis);
  const Layout target = layout_of(to, axis);
  const std::size_t bytes = count * source.inner;
  if (bytes == 0) return;
  for (std::size_t i = 0; i < source.outer; ++i) {
    std::memcpy(to.bytes().data() + (i * target.size + to_begin) * target.inner,
                from.bytes().data() + (i * source.size + from_begin) * source.inner, bytes);
  }
}

}  // namespace

Tensor slice(const Tensor& tensor, std::size_t axis, std::int64_t begin, std::int64_t count) {
  Shape shape = tensor.shape();
  shape.at(axis) = count;
  Tensor part(tensor.dtype(), shape);
  copy_blocks(tensor, static_cast<std::size_t>(begin), part, 0, axis, static_cast<std::size_t>(count));
  return part;
}

Tensor concatenate(const std::vector<Tensor>& tensors, std::size_t axis) {
  Shape shape = tensors.at(0).shape();
  std::int64_t total = 0;
  for (const Tensor& tensor : tensors) {
    Shape other = tensor.shape();
    if (axis < shape.size() && other.size() == shape.size()) {
      total += other[axis];
      other[axis] = shape[axis];
    }
    if (other != shape || axis >= shape.size() || tensor.dtype() != tensors[0].dtype()) {
      throw Error(Status::bad_data, "outputs of shapes " + shape_text(shape) + " and " +
                                        shape_text(tensor.shape()) + " cannot be joined along dimension " +
                                        std::to_string(axis));
    }
  }
  shape[axis] = total;
  Tensor joined(tensors[0].dtype(), shape);
  std::size_t begin = 0;
  for (const Tensor& tensor : tensors) {
    const auto count = static_cast<std::size_t>(tensor.shape()[axis]);
    copy_blocks(tensor, 0, joined, begin, axis, count);
    begin += count;
  }
  return joined;
}

void copy_row(const Tensor& from, Tensor& to, std::size_t axis, std::int64_t row) {
  copy_blocks(from, static_cast<std::size_t>(row), to, static_cast<std::size_t>(row), axis, 1);
}

}  // namespace zoo
