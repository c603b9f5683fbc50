#include "core/input_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/half.h"
#include "base/message.h"
#include "zoo/error.h"

namespace zoo {
namespace {

[[noreturn]] void fail(const std::string& message) { throw Error(Status::bad_data, message); }

// "[0, 5, 2]" for the element at `offset`.
std::string index_text(const Shape& shape, std::size_t offset) {
  std::vector<std::string> indices(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto size = static_cast<std::size_t>(shape[axis]);
    indices[axis] = std::to_string(offset % size);
    offset /= size;
  }
  return "[" + join(indices) + "]";
}

// A bool is a byte of 0 or 1.
Tensor as_bytes(const Tensor& flags) {
  return Tensor(DType::uint8, flags.shape(), {flags.bytes().begin(), flags.bytes().end()});
}

template <typename From, typename To>
Tensor convert_values(const Tensor& tensor, const std::string& name) {
  const auto source = tensor.values<From>();
  Tensor result(*dtype_of<To>(), tensor.shape());
  const auto target = result.values<To>();
  for (std::size_t i = 0; i < source.size(); ++i) {
    if constexpr (std::is_integral_v<From> && sizeof(To) < sizeof(From) && std::is_integral_v<To>) {
      if (source[i] < std::numeric_limits<To>::min() || source[i] > std::numeric_limits<To>::max()) {
        fail(name + index_text(tensor.shape(), i) + " is " + std::to_string(source[i]) +
             ", which does not fit " + std::string(dtype_name(*dtype_of<To>())));
      }
    }
    target[i] = static_cast<To>(source[i]);
  }
  return result;
}

template <typename From>
Tensor convert_from(const Tensor& tensor, DType dtype, const std::string& name) {
  switch (dtype) {
    case DType::float32:
      return convert_values<From, float>(tensor, name);
    case DType::float64:
      return convert_values<From, double>(tensor, name);
    case DType::int32:
      if constexpr (std::is_integral_v<From>) return convert_values<From, std::int32_t>(tensor, name);
      break;
    case DType::int64:
      if constexpr (std::is_integral_v<From>) return convert_values<From, std::int64_t>(tensor, name);
      break;
    default:
      break;
  }
  const bool whole = !is_floating(dtype) && is_floating(tensor.dtype());
  fail(name + " is " + std::string(dtype_name(tensor.dtype())) + ", expected " +
       std::string(dtype_name(dtype)) + (whole ? "; save whole numbers" : ""));
}

// A loop that compilers turn into vector instructions, as they do not with std::isfinite and an early exit.
template <typename T>
bool all_finite(std::span<const T> values) {
  int faults = 0;
  for (const T value : values) faults |= !(std::abs(value) <= std::numeric_limits<T>::max());
  return faults == 0;
}

template <typename T>
void check_finite(const Tensor& tensor, const std::string& name) {
  const auto values = tensor.values<T>();
  if (all_finite(values)) return;
  const auto count = std::ranges::count_if(values, [](T value) { return !std::isfinite(value); });
  const auto first =
      std::ranges::find_if(values, [](T value) { return !std::isfinite(value); }) - values.begin();
  throw Error(Status::bad_data,
              name + " has " + std::to_string(count) + " NaN or Inf value" + (count == 1 ? "" : "s") +
                  ", the first at " + index_text(tensor.shape(), static_cast<std::size_t>(first)) +
                  "; clean the data, or allow such values",
              Hint::allow_nonfinite);
}

void check_all_finite(const Tensor& tensor, const std::string& name) {
  if (tensor.dtype() == DType::float32) check_finite<float>(tensor, name);
  if (tensor.dtype() == DType::float64) check_finite<double>(tensor, name);
  const bool half = tensor.dtype() == DType::float16 || tensor.dtype() == DType::bfloat16;
  if (half) check_finite<float>(widen(tensor), name);
}

void check_dims(const TensorSpec& spec, const Tensor& tensor) {
  const auto shape = [&] { return shape_text(tensor.shape()); };
  if (tensor.shape().size() != spec.dims.size()) {
    fail(spec.name + " has " + std::to_string(tensor.rank()) + " dimensions (" + shape() + "), expected " +
         std::to_string(spec.dims.size()) + ": " + dims_text(spec));
  }
  for (std::size_t axis = 0; axis < spec.dims.size(); ++axis) {
    const Dim& dim = spec.dims[axis];
    const std::int64_t size = tensor.shape()[axis];
    if (dim.fixed() && size != dim.size) {
      fail(spec.name + " has size " + std::to_string(size) + " in dimension " + std::to_string(axis) + " (" +
           shape() + "), expected " + std::to_string(dim.size) + ": " + dims_text(spec));
    }
    if (!dim.fixed() && size < 1) {
      fail(spec.name + " has " + dim.name + " 0 (" + shape() + "), expected at least 1: " + dims_text(spec));
    }
  }
}

void check_range(const TensorSpec& spec, const Tensor& tensor) {
  if (!spec.range || tensor.dtype() != DType::int64) return;
  const auto values = tensor.values<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < spec.range->low || values[i] > spec.range->high) {
      fail(spec.name + index_text(tensor.shape(), i) + " is " + std::to_string(values[i]) +
           ", expected a token in " + std::to_string(spec.range->low) + ".." +
           std::to_string(spec.range->high));
    }
  }
}

Tensor check_lengths(const Tensor& lengths, std::int64_t batch, std::int64_t min_steps,
                     std::int64_t seq_len) {
  if (lengths.dtype() != DType::int64 && lengths.dtype() != DType::int32) {
    fail("lengths are " + std::string(dtype_name(lengths.dtype())) + ", expected int64 or int32");
  }
  if (lengths.shape() != Shape{batch}) {
    fail("lengths have shape " + shape_text(lengths.shape()) + ", expected " + std::to_string(batch) +
         ": one length for each row of the batch");
  }
  Tensor checked = convert(lengths, DType::int64, "lengths");
  const auto values = std::as_const(checked).values<std::int64_t>();
  const std::int64_t fewest = min_steps == 1 ? 0 : min_steps;  // a row of length 0 keeps its state
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (values[row] < fewest || values[row] > seq_len) {
      fail("lengths[" + std::to_string(row) + "] is " + std::to_string(values[row]) + ", expected " +
           std::to_string(fewest) + ".." + std::to_string(seq_len) + " (the steps of the input)");
    }
  }
  return checked;
}

}  // namespace

Tensor convert(const Tensor& tensor, DType dtype, const std::string& name) {
  if (tensor.dtype() == dtype) return tensor;
  switch (tensor.dtype()) {
    case DType::float32:
      return convert_from<float>(tensor, dtype, name);
    case DType::float64:
      return convert_from<double>(tensor, dtype, name);
    case DType::int32:
      return convert_from<std::int32_t>(tensor, dtype, name);
    case DType::int64:
      return convert_from<std::int64_t>(tensor, dtype, name);
    case DType::int16:
      return convert_from<std::int16_t>(tensor, dtype, name);
    case DType::int8:
      return convert_from<std::int8_t>(tensor, dtype, name);
    case DType::uint8:
      return convert_from<std::uint8_t>(tensor, dtype, name);
    case DType::boolean:
      return convert_from<std::uint8_t>(as_bytes(tensor), dtype, name);
    case DType::float16:
    case DType::bfloat16:
      return convert(widen(tensor), dtype, name);
  }
  throw Error(Status::internal, "a dtype that nothing converts");
}

CheckedInputs check_inputs(const Manifest& manifest, const Tensor& input,
                           const std::optional<Tensor>& lengths, bool allow_nonfinite) {
  const TensorSpec& spec = manifest.inputs.front();
  check_dims(spec, input);
  CheckedInputs checked;
  checked.given = &input;
  if (input.dtype() != spec.dtype) checked.converted = convert(input, spec.dtype, spec.name);
  if (!allow_nonfinite) check_all_finite(checked.input(), spec.name);
  check_range(spec, checked.input());
  checked.batch = input.shape()[*axis_of(spec, "batch")];
  checked.seq_len = input.shape()[*axis_of(spec, "seq_len")];
  if (checked.seq_len < spec.min_steps) {
    fail("input " + quote(spec.name) + " has " + std::to_string(checked.seq_len) +
         " steps, expected at least " + std::to_string(spec.min_steps));
  }
  if (lengths) checked.lengths = check_lengths(*lengths, checked.batch, spec.min_steps, checked.seq_len);
  return checked;
}

void check_state_shapes(const Manifest& manifest, const std::vector<Shape>& shapes, std::int64_t batch) {
  if (shapes.size() != manifest.state.size()) {
    fail("the state has " + std::to_string(shapes.size()) + " tensors, expected " +
         std::to_string(manifest.state.size()));
  }
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const TensorSpec& spec = manifest.state[i];
    if (batch == 0 && shapes[i].size() == spec.dims.size()) batch = shapes[i][1];
    bool fits = shapes[i].size() == spec.dims.size() && batch > 0;
    for (std::size_t axis = 0; fits && axis < spec.dims.size(); ++axis) {
      const std::int64_t expected = spec.dims[axis].name == "batch" ? batch : spec.dims[axis].size;
      fits = expected < 0 || shapes[i][axis] == expected;
    }
    if (!fits) {
      fail("state " + quote(spec.name) + " has shape " + shape_text(shapes[i]) + ", expected " +
           dims_text(spec) + (batch > 0 ? " with batch " + std::to_string(batch) : ""));
    }
  }
}

void check_state_dtypes(const Manifest& manifest, const std::vector<DType>& dtypes) {
  for (std::size_t i = 0; i < dtypes.size(); ++i) {
    const TensorSpec& spec = manifest.state.at(i);
    if (dtypes[i] == spec.dtype) continue;
    fail("state " + quote(spec.name) + " is " + std::string(dtype_name(dtypes[i])) + ", expected " +
         std::string(dtype_name(spec.dtype)));
  }
}

std::vector<Tensor> check_state(const Manifest& manifest, const std::vector<Tensor>& tensors,
                                bool allow_nonfinite) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  check_state_shapes(manifest, shapes, 0);
  std::vector<Tensor> checked;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string name = "state " + quote(manifest.state[i].name);
    checked.push_back(convert(tensors[i], manifest.state[i].dtype, name));
    if (!allow_nonfinite) check_all_finite(checked.back(), name);
  }
  return checked;
}

std::string why_not_streamable(const Manifest& manifest) {
  if (!manifest.why_not_streamable.empty()) return manifest.why_not_streamable;
  if (manifest.state.empty()) return "it returns no state";
  return "it has no initial state, as where steps depend on later ones";
}

void check_plain_input(const std::string& name, const Tensor& tensor, bool allow_nonfinite) {
  if (!allow_nonfinite) check_all_finite(tensor, name);
}

}  // namespace zoo
