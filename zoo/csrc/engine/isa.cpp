#include "engine/isa.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iterator>

#include "kernels/tables.h"

namespace zoo::engine {
namespace {

struct Isa {
  std::string_view name;
  bool (*supported)();
  const KernelTable& (*table)();
};

#if defined(__x86_64__)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

const KernelTable& avx512_table() {
  static const KernelTable& best =
      __builtin_cpu_supports("avx512vnni") ? avx512vnni::table() : avx512::table();
  return best;
}
#endif

// The slowest first; every processor has the first.
constexpr Isa kIsas[] = {
    {"portable", [] { return true; }, portable::table},
#if defined(__x86_64__)
    {"avx2", has_avx2, avx2::table},
    {"avx512", has_avx512, avx512_table},
#endif
};

const Isa* find(std::string_view name) {
  const auto* isa = std::ranges::find(kIsas, name, &Isa::name);
  return isa != std::end(kIsas) && isa->supported() ? isa : nullptr;
}

const Isa* choose() {
  if (const char* forced = std::getenv("ZOO_ISA")) return find(forced);
  const Isa* best = nullptr;
  for (const Isa& isa : kIsas) {
    if (isa.supported()) best = &isa;
  }
  return best;
}

std::atomic<const Isa*>& current() {
  static std::atomic<const Isa*> isa = choose();
  return isa;
}

}  // namespace

const KernelTable* kernels() noexcept {
  const Isa* isa = current().load(std::memory_order_relaxed);
  return isa == nullptr ? nullptr : &isa->table();
}

std::string_view isa_name() noexcept {
  const Isa* isa = current().load(std::memory_order_relaxed);
  return isa == nullptr ? "" : isa->name;
}

bool force_isa(std::string_view name) noexcept {
  const Isa* isa = find(name);
  if (isa != nullptr) current().store(isa);
  return isa != nullptr;
}

std::vector<std::string_view> isa_names() {
  std::vector<std::string_view> names;
  for (const Isa& isa : kIsas) names.push_back(isa.name);
  return names;
}

}  // namespace zoo::engine
