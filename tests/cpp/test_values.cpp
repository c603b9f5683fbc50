#include <cmath>

#include "base/half.h"
#include "base/value.h"
#include "check.h"
#include "zoo/value.h"

using namespace zoo;

namespace {

Value nested() {
  return Tuple{{Tensor(DType::float32, {2, 3}), List{{std::int64_t{4}, Value()}},
                Dict{{{"h.l0", Tensor(DType::float32, {1})}, {"name", std::string("ab")}}}},
               {}};
}

}  // namespace

TEST(values_are_named_by_their_places) {
  const auto tensors = flatten(nested());
  CHECK(tensors.size() == 4);
  CHECK(tensors[0].name == "0" && tensors[1].name == "1.0" && tensors[2].name == "2.h.l0");
  CHECK(tensors[1].tensor.values<std::int64_t>()[0] == 4 && tensors[3].tensor.size() == 2);
  CHECK(flatten(Tensor()).at(0).name == "output" && flatten(Value()).empty());
  CHECK(flatten(Tuple{{Tensor()}, {"logits"}}).at(0).name == "logits");
}

TEST(places_are_found) {
  Value value = nested();
  CHECK(std::get<Tensor>(*find_value(value, "2.h.l0")).size() == 1);
  CHECK(find_value(value, "") == &value && find_value(value, "1.2") == nullptr &&
        find_value(value, "7") == nullptr);
  CHECK(tensor_places(value) == (std::vector<std::string>{"0", "2.h.l0"}));
}

TEST(forms_are_compared) {
  Value other = nested();
  CHECK(same_form(nested(), other));
  std::get<Tensor>(*find_value(other, "0")) = Tensor(DType::float32, {3, 2});
  CHECK(!same_form(nested(), other));
  CHECK(!same_form(Tuple{{Tensor()}, {}}, List{{Tensor()}}));
}

TEST(halves_are_widened) {
  CHECK(from_float16(0x3C00) == 1 && from_float16(0xC000) == -2 && from_float16(0x7BFF) == 65504);
  CHECK(from_float16(0x0001) == std::ldexp(1.0F, -24) && from_float16(0x0400) == std::ldexp(1.0F, -14));
  CHECK(std::isinf(from_float16(0xFC00)) && std::isnan(from_float16(0x7E00)));
  CHECK(from_bfloat16(0x3F80) == 1 && from_bfloat16(0xC040) == -3);
}
