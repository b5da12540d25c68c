#pragma once

#include <ares.h>
#include <sys/eventfd.h>

/// Glibc's Swift module leaves `eventfd` out.
static inline int ccares_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
static inline int ccares_eventfd_raise(int descriptor) { return eventfd_write(descriptor, 1); }
static inline int ccares_eventfd_clear(int descriptor) {
  eventfd_t count;
  return eventfd_read(descriptor, &count);
}
