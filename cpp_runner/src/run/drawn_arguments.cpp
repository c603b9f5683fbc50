#include "run/drawn_arguments.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <random>
#include <span>
#include <utility>

#include "base/tensor_slice.h"
#include "base/value.h"
#include "core/input_checks.h"

namespace zoo {
namespace {

using Random = std::mt19937_64;  // the standard fixes its numbers: a plan is found again in the next run

std::size_t below(Random& random, std::size_t count) { return static_cast<std::size_t>(random() % count); }

// At most so many steps or rows are looked at, from the whole input, for at most so many values of each lane.
constexpr std::int64_t kLooks = 64;
constexpr std::size_t kValues = 8;

// In any order: an input may begin more quietly than it goes on.
Tensor look(const Tensor& tensor, std::size_t axis, Random& random) {
  const std::int64_t size = tensor.shape()[axis], count = std::min(size, kLooks);
  std::vector<Tensor> looks;
  for (std::int64_t i = 0; i < count; ++i) {
    looks.push_back(slice(tensor, axis, count == 1 ? 0 : i * (size - 1) / (count - 1), 1));
  }
  for (std::size_t i = looks.size(); i > 1; --i) std::swap(looks[i - 1], looks[below(random, i)]);
  return concatenate(looks, axis);
}

// The elements along one axis, at each place of the others.
class Lanes {
 public:
  Lanes(const Tensor& tensor, std::size_t axis) : tensor_(tensor), bytes_(dtype_size(tensor.dtype())) {
    const Shape& shape = tensor.shape();
    for (std::size_t d = 0; d < shape.size(); ++d) {
      const auto size = static_cast<std::size_t>(shape[d]);
      if (d < axis) outer_ *= size;
      if (d == axis) size_ = size;
      if (d > axis) inner_ *= size;
    }
  }

  [[nodiscard]] std::size_t count() const { return outer_ * inner_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t index(std::size_t lane, std::size_t step) const {
    return (lane / inner_ * size_ + step) * inner_ + lane % inner_;
  }
  [[nodiscard]] const std::byte* at(std::size_t index) const {
    return tensor_.bytes().data() + index * bytes_;
  }

 private:
  const Tensor& tensor_;
  std::size_t bytes_;
  std::size_t outer_ = 1, size_ = 0, inner_ = 1;
};

// Each value of a lane once: where it stands. Those that are not finite would hide what is compared.
std::vector<const std::byte*> values_of(const Lanes& lanes, std::size_t lane,
                                        std::span<const double> numbers) {
  std::vector<const std::byte*> places;
  std::vector<double> values;
  for (std::size_t step = 0; step < lanes.size() && values.size() < kValues; ++step) {
    const std::size_t index = lanes.index(lane, step);
    if (!std::isfinite(numbers[index]) || std::ranges::find(values, numbers[index]) != values.end()) continue;
    values.push_back(numbers[index]);
    places.push_back(lanes.at(index));
  }
  return places;
}

Tensor as_numbers(const Tensor& tensor) { return convert(tensor, DType::float64, "input"); }

// Noise between a quarter and one times `size`; between a quarter and one in 16 bits.
void fill_floats(Tensor& tensor, double size, Random& random) {
  const auto share = [&] { return 0.25 + 0.75 * static_cast<double>(random() >> 11U) * 0x1p-53; };
  const auto bits = [&](std::uint16_t quarter, std::size_t steps) {
    for (std::size_t i = 0; i < tensor.bytes().size(); i += 2) {
      const auto value = static_cast<std::uint16_t>(quarter + below(random, steps));
      std::memcpy(tensor.bytes().data() + i, &value, 2);
    }
  };
  switch (tensor.dtype()) {
    case DType::float32:
      for (float& value : tensor.values<float>()) value = static_cast<float>(size * share());
      return;
    case DType::float64:
      for (double& value : tensor.values<double>()) value = size * share();
      return;
    case DType::float16:
      return bits(0x3400, 0x0800);
    case DType::bfloat16:
      return bits(0x3e80, 0x0100);
    default:
      return;
  }
}

// Any number from 0 to `last`, as tokens and flags are.
void fill_integers(Tensor& tensor, std::int64_t last, Random& random) {
  const std::size_t bytes = dtype_size(tensor.dtype());
  for (std::size_t i = 0; i < tensor.bytes().size(); i += bytes) {
    const auto value = static_cast<std::int64_t>(below(random, static_cast<std::size_t>(last) + 1));
    std::memcpy(tensor.bytes().data() + i, &value, bytes);  // little-endian
  }
}

// The one value of a tensor; 0 where it has several or none.
double only_value(const Tensor& tensor) {
  const Tensor wide = as_numbers(tensor);
  const auto values = wide.values<double>();
  return values.empty() || std::ranges::any_of(values, [&](double v) { return v != values[0]; }) ? 0
                                                                                                 : values[0];
}

bool is_zero(const Tensor& tensor) {
  const Tensor wide = as_numbers(tensor);
  return std::ranges::all_of(wide.values<double>(), [](double v) { return v == 0; });
}

void fill(Tensor& tensor, double value, Random& random) {
  if (is_floating(tensor.dtype())) return fill_floats(tensor, value == 0 ? 1 : value, random);
  constexpr double most = 1 << 30;
  if (value >= 0 && value < most) {
    fill_integers(tensor, std::max<std::int64_t>(1, static_cast<std::int64_t>(value)), random);
  }
}

Tensor draw(const Tensor& tensor, std::size_t axis, std::int64_t total, bool is_first, Random& random) {
  Shape shape = tensor.shape();
  shape[axis] = total;
  Tensor drawn(tensor.dtype(), shape);
  const Tensor looks = look(tensor, axis, random);
  const Tensor numbers = as_numbers(looks);
  const Lanes from(looks, axis), to(drawn, axis);
  const std::size_t bytes = dtype_size(tensor.dtype());
  bool varies = false;
  for (std::size_t lane = 0; lane < from.count(); ++lane) {
    const auto values = values_of(from, lane, numbers.values<double>());
    varies |= values.size() > 1;
    for (std::size_t step = 0; step < to.size() && !values.empty(); ++step) {
      std::memcpy(drawn.bytes().data() + to.index(lane, step) * bytes, values[below(random, values.size())],
                  bytes);
    }
  }
  if (!varies && (is_first || is_zero(drawn))) fill(drawn, only_value(drawn), random);
  return drawn;
}

}  // namespace

Value draw_arguments(const Job& job, const std::vector<Cut>& cuts, std::int64_t total, bool states) {
  Random random(1);
  Value arguments = take_part(job.arguments, cuts, 0, std::min(total, job.total));
  const std::string first = tensor_places(arguments).front();
  for (const std::string& place : tensor_places(arguments)) {
    Tensor& tensor = std::get<Tensor>(*find_value(arguments, place));
    const auto cut = std::ranges::find(cuts, place, &Cut::place);
    const bool stays = !is_floating(tensor.dtype()) && place != first;
    if (cut == cuts.end()) {
      if (states && !stays && is_zero(tensor)) fill(tensor, 0, random);
    } else if (!stays) {
      tensor =
          draw(std::get<Tensor>(*find_value(job.arguments, place)), cut->axis, total, place == first, random);
    }
  }
  return arguments;
}

}  // namespace zoo
