// Preloaded into a process: counts what a function allocates, and times it. Any call of malloc and its kin
// counts, from whatever library, while a count is on in this thread.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <time.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static __thread int counting;
static __thread long count;

void* malloc(size_t bytes) {
  count += counting;
  return __libc_malloc(bytes);
}
void* calloc(size_t items, size_t bytes) {
  count += counting;
  return __libc_calloc(items, bytes);
}
void* realloc(void* memory, size_t bytes) {
  count += counting;
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  count += counting;
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  count += counting;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == NULL ? 12 : 0;
}

// Allocations of `times` calls of `function(argument)`; `nanoseconds` gets the shortest call.
long count_allocations(int (*function)(const void*), const void* argument, int times, double* nanoseconds) {
  count = 0;
  counting = 1;
  for (int i = 0; i < times; ++i) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    function(argument);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double taken = (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec);
    if (i == 0 || taken < *nanoseconds) *nanoseconds = taken;
  }
  counting = 0;
  return count;
}

// The control: a function that allocates once.
int allocate_once(const void* argument) {
  (void)argument;
  void* volatile memory = malloc(64);
  __libc_realloc(memory, 0);
  return 0;
}
