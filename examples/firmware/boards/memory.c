/* What compilers call by themselves, where there is no C library. */
#include <stddef.h>
#include <stdint.h>

void* memcpy(void* to, const void* from, size_t bytes) {
  uint8_t* t = to;
  for (const uint8_t* f = from; bytes > 0; --bytes) *t++ = *f++;
  return to;
}
void* memset(void* to, int value, size_t bytes) {
  for (uint8_t* t = to; bytes > 0; --bytes) *t++ = (uint8_t)value;
  return to;
}

#if defined(__arm__) && defined(__clang__) /* its names for ARM */
void __aeabi_memcpy(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy4(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy8(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memset(void* to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memset4(void* to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memset8(void* to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memclr(void* to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr4(void* to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr8(void* to, size_t bytes) { memset(to, 0, bytes); }
#endif
