// What compilers call by themselves, where there is no C library.
#include <stddef.h>
#include <stdint.h>

extern "C" void* memcpy(void* to, const void* from, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) static_cast<uint8_t*>(to)[i] = static_cast<const uint8_t*>(from)[i];
  return to;
}
extern "C" void* memset(void* to, int value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) static_cast<uint8_t*>(to)[i] = static_cast<uint8_t>(value);
  return to;
}

#if defined(__arm__)  // clang's names for ARM
extern "C" {
void __aeabi_memcpy(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy4(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memcpy8(void* to, const void* from, size_t bytes) { memcpy(to, from, bytes); }
void __aeabi_memset(void* to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memset4(void* to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memset8(void* to, size_t bytes, int value) { memset(to, value, bytes); }
void __aeabi_memclr(void* to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr4(void* to, size_t bytes) { memset(to, 0, bytes); }
void __aeabi_memclr8(void* to, size_t bytes) { memset(to, 0, bytes); }
}
#endif
