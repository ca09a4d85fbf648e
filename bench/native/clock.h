// clock.h: time and order statistics for the native loops; nothing here calls the allocator.
#ifndef CLOCK_H
#define CLOCK_H
#include <stdint.h>
#include <time.h>

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void sort(uint64_t *v, int n) {
  for (int i = 1; i < n; i++) {
    uint64_t x = v[i];
    int j = i;
    for (; j > 0 && v[j - 1] > x; j--) v[j] = v[j - 1];
    v[j] = x;
  }
}

// " LABEL_best=12.34 LABEL_median=13.00": nanoseconds per operation of sorted totals.
static inline char *put_times(char *p, const char *label, const uint64_t *v, int n, uint64_t ops) {
  const uint64_t totals[2] = {v[0], n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2};
  static const char *const names[2] = {"_best=", "_median="};
  for (int i = 0; i < 2; i++) {
    uint64_t hundredths = totals[i] * 100 / (ops ? ops : 1);
    p = put_dec(put_str(put_str(put_str(p, " "), label), names[i]), hundredths / 100);
    *p++ = '.';
    *p++ = (char)('0' + hundredths / 10 % 10);
    *p++ = (char)('0' + hundredths % 10);
  }
  return p;
}
#endif
