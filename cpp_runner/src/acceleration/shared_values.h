// What a module holds in more than one place: a submodule under two names, a list that two modules have,
// tensors that lie in the same memory. A copy of the module separates some of these.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/jit/api/module.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace zoo {

class HeldValues {
 public:
  explicit HeldValues(const torch::jit::Module& module);

  // Names of places whose value, or whose memory, another place has too; the first of each value is not
  // named.
  [[nodiscard]] const std::vector<std::string>& shared_places() const { return shared_; }
  // The classes of the submodules that stand in more than one place, and of those inside them.
  [[nodiscard]] const std::unordered_set<const c10::Type*>& shared_classes() const { return shared_classes_; }

  // An object of a script class, which is no module.
  struct Held {
    std::string place;
    c10::ClassTypePtr type;
    bool has_tensors_or_containers = false;
  };
  [[nodiscard]] const std::vector<Held>& objects() const { return objects_; }

 private:
  void visit(const c10::IValue& value, const std::string& place);
  void visit_object(const c10::IValue& value, const std::string& place);
  void add_shared_classes(const c10::ivalue::Object& object);
  void visit_tensor(const at::Tensor& tensor, const std::string& place);
  bool seen_before(const void* address, const std::string& place);

  std::unordered_map<const void*, std::string> first_place_;
  std::vector<std::string> shared_;
  std::unordered_set<const c10::Type*> shared_classes_;
  std::vector<Held> objects_;
};

// Gives each place a tensor of its own. Returns whether there was anything to separate.
bool separate_shared_tensors(torch::jit::Module& module);

}  // namespace zoo
