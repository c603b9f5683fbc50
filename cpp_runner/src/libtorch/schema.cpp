#include "libtorch/schema.h"

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <utility>

#include "base/message.h"
#include "base/value.h"
#include "libtorch/values.h"
#include "zoo/error.h"

namespace zoo {
namespace {

std::string argument_text(const c10::Argument& argument) {
  std::ostringstream text;
  text << argument.type()->repr_str() << ' ' << argument.name();
  if (argument.default_value()) text << '=' << *argument.default_value();
  return text.str();
}

}  // namespace

std::string schema_text(const c10::FunctionSchema& schema) {
  std::vector<std::string> arguments;
  for (std::size_t i = 1; i < schema.arguments().size(); ++i) {
    arguments.push_back(argument_text(schema.arguments()[i]));
  }
  std::vector<std::string> results;
  for (const c10::Argument& result : schema.returns()) results.push_back(result.type()->repr_str());
  return schema.name() + "(" + join(arguments) + ") -> " + join(results);
}

std::vector<c10::IValue> fit_arguments(const c10::FunctionSchema& schema, const std::vector<Value>& values,
                                       const c10::Device& device) {
  const auto& expected = schema.arguments();
  const auto required = std::ranges::count_if(expected.begin() + 1, expected.end(), [](const auto& argument) {
    return !argument.default_value().has_value();
  });
  const std::size_t legal = expected.size() - 1;
  if (values.size() < static_cast<std::size_t>(required) || values.size() > legal) {
    throw Error(Status::bad_data,
                "got " + std::to_string(values.size()) + " inputs, expected " + std::to_string(required) +
                    (legal == static_cast<std::size_t>(required) ? "" : ".." + std::to_string(legal)) + ": " +
                    schema_text(schema));
  }
  std::vector<c10::IValue> fitting;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const c10::Argument& argument = expected[i + 1];
    auto value = to_ivalue(values[i], argument.type(), device);
    if (!value) {
      throw Error(Status::bad_data, "input " + std::to_string(i + 1) + " is a " + kind_text(values[i]) +
                                        ", expected " + argument.type()->repr_str() + " for " +
                                        quote(argument.name()) + ": " + schema_text(schema));
    }
    fitting.push_back(std::move(*value));
  }
  return fitting;
}

torch::jit::Method find_method(const torch::jit::Module& module, const std::string& name) {
  if (auto found = module.find_method(name)) return *found;
  std::vector<std::string> names;
  for (const auto& method : module.get_methods()) names.push_back(method.name());
  throw Error(Status::bad_data, "the model has no method " + quote(name) + ", it has " + join(names));
}

}  // namespace zoo
