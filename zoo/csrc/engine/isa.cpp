#include "engine/isa.h"

#include <atomic>
#include <cstdlib>

#include "kernels/tables.h"

namespace zoo {
namespace {

#if defined(__x86_64__)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

const KernelTable& avx512_table() {
  return __builtin_cpu_supports("avx512vnni") ? avx512vnni::table() : avx512::table();
}
#endif

const KernelTable* find(std::string_view name) {
#if defined(__x86_64__)
  if (name == "avx512" && has_avx512()) return &avx512_table();
  if (name == "avx2" && has_avx2()) return &avx2::table();
#endif
  return name == "portable" ? &portable::table() : nullptr;
}

const KernelTable* choose() {
  if (const char* forced = std::getenv("ZOO_ISA")) return find(forced);
  for (const char* name : {"avx512", "avx2"}) {
    if (const KernelTable* table = find(name)) return table;
  }
  return find("portable");
}

std::atomic<const KernelTable*>& current() {
  static std::atomic<const KernelTable*> table = choose();
  return table;
}

}  // namespace

const KernelTable* kernels() noexcept { return current().load(std::memory_order_relaxed); }

bool force_isa(std::string_view name) noexcept {
  const KernelTable* table = find(name);
  if (table != nullptr) current().store(table);
  return table != nullptr;
}

}  // namespace zoo
