// Inner loops of products.cc for Cortex-M, in assembly: compilers keep too many other numbers in the few registers there are. Four sums at once lie
// in r8 to r11. r7 is pushed, because compilers may use it for the frame. Where the comments count, a multiply-accumulate.
#pragma once

#include "micro/products_loops.h"

namespace intrain::micro {

// What the assembly knows of the structures.
static_assert(__builtin_offsetof(Patch<uint8_t>, w) == 4 && __builtin_offsetof(Patch<uint8_t>, rows) == 8 &&
              __builtin_offsetof(Patch<uint8_t>, width) == 12 && __builtin_offsetof(Patch<uint8_t>, x_row) == 16 &&
              __builtin_offsetof(Patch<uint8_t>, w_row) == 20 && __builtin_offsetof(Patch<uint8_t>, fan_in) == 28);
static_assert(__builtin_offsetof(Sources, kh_count) == 4 && __builtin_offsetof(Sources, kw_count) == 8 &&
              __builtin_offsetof(Sources, count) == 12 && __builtin_offsetof(Sources, dy_row) == 16 &&
              __builtin_offsetof(Sources, w_row) == 20 && __builtin_offsetof(Sources, dy_tap) == 24 &&
              __builtin_offsetof(Sources, w_tap) == 28 && __builtin_offsetof(Sources, fan_in) == 32);
static_assert(__builtin_offsetof(Pixels, columns) == 4 && __builtin_offsetof(Pixels, x_step) == 8 &&
              __builtin_offsetof(Pixels, dy_step) == 12 && __builtin_offsetof(Pixels, x_skip) == 16 &&
              __builtin_offsetof(Pixels, dy_skip) == 20 && __builtin_offsetof(Pixels, dw_row) == 24);

#define INTRAIN_CLOBBERED "r4", "r5", "r6", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory"

#if !defined(__thumb2__)

// r0: the element, from -width to 0; r1: x, r2 to r5: w of each output, all at the end of their rows; r6, r7: an element of each; r12: the patch.
// 3.75 instructions.
#define INTRAIN_ADD(w, sum) "ldrsb r7, [" w ", r0]\n muls r7, r6\n add " sum ", r7\n"
#define INTRAIN_DOTS(load) \
  ".syntax unified\n push {r1, r7}\n mov r12, r0\n"                                                          \
  " ldm r1!, {r4, r5, r6, r7}\n mov r8, r4\n mov r9, r5\n mov r10, r6\n mov r11, r7\n"                        \
  " ldr r7, [r0, #8]\n push {r7}\n"                                                                          \
  " ldr r1, [r0]\n ldr r2, [r0, #4]\n ldr r6, [r0, #12]\n ldr r7, [r0, #28]\n"                               \
  " adds r1, r1, r6\n adds r2, r2, r6\n adds r3, r2, r7\n adds r4, r3, r7\n adds r5, r4, r7\n"               \
  "1: rsbs r0, r6, #0\n"                                                                                     \
  "2: " load " r6, [r1, r0]\n"                                                                               \
  INTRAIN_ADD("r2", "r8") INTRAIN_ADD("r3", "r9") INTRAIN_ADD("r4", "r10") INTRAIN_ADD("r5", "r11")          \
  " adds r0, r0, #1\n bne 2b\n"                                                                              \
  " mov r0, r12\n ldr r7, [r0, #16]\n adds r1, r1, r7\n ldr r7, [r0, #20]\n ldr r6, [r0, #12]\n"             \
  " adds r2, r2, r7\n adds r3, r3, r7\n adds r4, r4, r7\n adds r5, r5, r7\n"                                 \
  " ldr r7, [sp]\n subs r7, r7, #1\n str r7, [sp]\n bne 1b\n"                                                \
  " pop {r7}\n pop {r1, r7}\n mov r4, r8\n mov r5, r9\n mov r6, r10\n str r4, [r1]\n str r5, [r1, #4]\n"     \
  " str r6, [r1, #8]\n mov r4, r11\n str r4, [r1, #12]\n"

#else

// A loop by fours from 2 on, entered where the rest of `count`, which it takes, begins.
#define INTRAIN_FOUR(count, element)                     \
  " ands " count ", " count ", #3\n beq 2f\n cmp " count \
  ", #2\n beq 4f\n bhi 3f\n b 5f\n"                      \
  "2:" element "3:" element "4:" element "5:" element

// r2: x, r3 to r6: w of each output, r7, lr: an element of each, r12: the end of the row of x. 2.375 instructions.
#define INTRAIN_ADD(w, sum) " ldrsb lr, [" w "], #1\n mla " sum ", r7, lr, " sum "\n"
#define INTRAIN_ELEMENT(load) \
  " " load " r7, [r2], #1\n" INTRAIN_ADD("r3", "r8") INTRAIN_ADD("r4", "r9") INTRAIN_ADD("r5", "r10") INTRAIN_ADD("r6", "r11")
#define INTRAIN_DOTS(load) \
  ".syntax unified\n push {r7}\n ldr r7, [r0, #8]\n push {r7}\n ldm r1, {r8, r9, r10, r11}\n"                 \
  " ldrd r2, r3, [r0]\n ldr r7, [r0, #28]\n add r4, r3, r7\n add r5, r4, r7\n add r6, r5, r7\n"               \
  "1: ldr r7, [r0, #12]\n add r12, r2, r7\n" INTRAIN_FOUR("r7", INTRAIN_ELEMENT(load)) " cmp r2, r12\n bne 2b\n"                             \
  " ldrd r7, r12, [r0, #12]\n sub r12, r12, r7\n add r2, r2, r12\n ldr r12, [r0, #20]\n sub r12, r12, r7\n"   \
  " add r3, r3, r12\n add r4, r4, r12\n add r5, r5, r12\n add r6, r6, r12\n"                                  \
  " ldr r7, [sp]\n subs r7, r7, #1\n str r7, [sp]\n bne 1b\n"                                                 \
  " add sp, sp, #4\n pop {r7}\n stm r1, {r8, r9, r10, r11}\n"

#endif

template <>
[[gnu::noinline]] inline void dots<4, uint8_t>(const Patch<uint8_t>& p, int32_t* sums) {
  register const void* r0 __asm__("r0") = &p;
  register void* r1 __asm__("r1") = sums;
  __asm__ volatile(INTRAIN_DOTS("ldrb") : "+r"(r0), "+r"(r1) : : "r2", "r3", INTRAIN_CLOBBERED);
}
template <>
[[gnu::noinline]] inline void dots<4, int8_t>(const Patch<int8_t>& p, int32_t* sums) {
  register const void* r0 __asm__("r0") = &p;
  register void* r1 __asm__("r1") = sums;
  __asm__ volatile(INTRAIN_DOTS("ldrsb") : "+r"(r0), "+r"(r1) : : "r2", "r3", INTRAIN_CLOBBERED);
}

#undef INTRAIN_ADD
#undef INTRAIN_ELEMENT
#if !defined(__thumb2__)

// r0: w to the next output's, from that of the first; r1: dy; r2 to r5: w of four channels; r6, r7: an element of each; r12: the end of dy;
// lr: w to the next output's. On the stack: taps left along the columns, along the rows, w and dy of the row, the sources. 4.5 instructions.
#define INTRAIN_ADD(w, sum) " ldrsb r7, [" w ", r0]\n muls r7, r6\n add " sum ", r7\n"
#define INTRAIN_GATHER \
  ".syntax unified\n push {r2, r7}\n movs r3, #0\n mov r8, r3\n mov r9, r3\n mov r10, r3\n mov r11, r3\n"        \
  " sub sp, sp, #20\n str r0, [sp, #16]\n ldr r3, [r0, #4]\n str r3, [sp, #4]\n str r1, [sp, #8]\n"              \
  " ldr r1, [r0]\n str r1, [sp, #12]\n ldr r3, [r0, #32]\n mov lr, r3\n"                                        \
  "1: ldr r0, [sp, #16]\n ldr r3, [r0, #8]\n str r3, [sp]\n ldr r1, [sp, #12]\n ldr r2, [sp, #8]\n"              \
  "2: ldr r0, [sp, #16]\n ldr r3, [r0, #12]\n adds r3, r3, r1\n mov r12, r3\n"                                   \
  " adds r3, r2, #1\n adds r4, r2, #2\n adds r5, r2, #3\n movs r0, #0\n"                                         \
  "3: ldrb r6, [r1]\n sxtb r6, r6\n adds r1, r1, #1\n"                                                          \
  INTRAIN_ADD("r2", "r8") INTRAIN_ADD("r3", "r9") INTRAIN_ADD("r4", "r10") INTRAIN_ADD("r5", "r11")              \
  " add r0, lr\n cmp r1, r12\n bne 3b\n"                                                                        \
  " adds r2, r2, r0\n ldr r0, [sp, #16]\n ldr r6, [r0, #24]\n adds r1, r1, r6\n ldr r6, [r0, #28]\n"             \
  " adds r2, r2, r6\n ldr r6, [sp]\n subs r6, r6, #1\n str r6, [sp]\n bne 2b\n"                                 \
  " ldr r1, [sp, #12]\n ldr r6, [r0, #16]\n adds r1, r1, r6\n str r1, [sp, #12]\n"                              \
  " ldr r2, [sp, #8]\n ldr r6, [r0, #20]\n adds r2, r2, r6\n str r2, [sp, #8]\n"                                \
  " ldr r6, [sp, #4]\n subs r6, r6, #1\n str r6, [sp, #4]\n bne 1b\n"                                           \
  " add sp, sp, #20\n pop {r2, r7}\n mov r3, r8\n mov r4, r9\n mov r5, r10\n mov r6, r11\n"                     \
  " str r3, [r2]\n str r4, [r2, #4]\n str r5, [r2, #8]\n str r6, [r2, #12]\n"

// r1: x, r2: dy, r3: the end of the row of dy, r4, r5: elements of x, r6, r7: of dy, and products; r12, lr: to the next pixel's. On the stack:
// bytes to the second sums, rows left, the length of a row of dy, what is skipped of x and dy behind it, where the sums go. 4.75 instructions.
#define INTRAIN_OUTER(load, extend)                                                                                            \
  ".syntax unified\n push {r3, r7}\n ldm r0!, {r4, r5, r6, r7}\n mov r12, r6\n mov lr, r7\n muls r5, r7\n ldm r0!, {r6, r7}\n" \
  " ldr r0, [r0]\n lsls r0, r0, #2\n push {r0, r4, r5, r6, r7}\n"                                                              \
  " movs r4, #0\n mov r8, r4\n mov r9, r4\n mov r10, r4\n mov r11, r4\n"                                                       \
  "1: ldr r3, [sp, #8]\n adds r3, r3, r2\n"                                                                                    \
  "2: ldrb r4, [r1]\n ldrb r5, [r1, #1]\n" extend                                                                              \
  " ldrb r6, [r2]\n sxtb r6, r6\n mov r7, r4\n muls r7, r6\n add r8, r7\n muls r6, r5\n add r9, r6\n"                          \
  " ldrb r6, [r2, #1]\n sxtb r6, r6\n muls r4, r6\n add r10, r4\n muls r5, r6\n add r11, r5\n"                                 \
  " add r1, r12\n add r2, lr\n cmp r2, r3\n bne 2b\n"                                                                          \
  " ldr r4, [sp, #12]\n adds r1, r1, r4\n ldr r4, [sp, #16]\n adds r2, r2, r4\n"                                               \
  " ldr r5, [sp, #4]\n subs r5, r5, #1\n str r5, [sp, #4]\n bne 1b\n"                                                          \
  " ldr r0, [sp]\n add sp, sp, #20\n pop {r3, r7}\n adds r0, r0, r3\n"                                                         \
  " mov r4, r8\n mov r5, r9\n stm r3!, {r4, r5}\n mov r4, r10\n mov r5, r11\n stm r0!, {r4, r5}\n"

#else

// r3: dy, r4: w, r5: w to the next output's, r6: the end of dy, r7, lr: an element of each, r12: taps left along the columns. On the stack: taps
// left along the rows, dy of the row. 2.625 instructions.
#define INTRAIN_ADD(offset, sum) " ldrsb lr, [r4, " offset "]\n mla " sum ", r7, lr, " sum "\n"
#define INTRAIN_ELEMENT                                                                            \
  " ldrsb r7, [r3], #1\n" INTRAIN_ADD("#0", "r8") INTRAIN_ADD("#1", "r9") INTRAIN_ADD("#2", "r10") \
      INTRAIN_ADD("#3", "r11") " add r4, r4, r5\n"
#define INTRAIN_GATHER \
  ".syntax unified\n push {r7}\n sub sp, sp, #8\n mov r8, #0\n mov r9, #0\n mov r10, #0\n mov r11, #0\n"    \
  " ldrd r3, r7, [r0]\n strd r7, r3, [sp]\n ldr r5, [r0, #32]\n"                                             \
  "1: ldr r3, [sp, #4]\n mov r4, r1\n ldr r12, [r0, #8]\n"                                                   \
  "7: ldr r7, [r0, #12]\n add r6, r3, r7\n" INTRAIN_FOUR("r7", INTRAIN_ELEMENT) " cmp r3, r6\n bne 2b\n"                                         \
  " ldrd r7, lr, [r0, #24]\n add r3, r3, r7\n add r4, r4, lr\n subs r12, r12, #1\n bne 7b\n"                \
  " ldr r3, [sp, #4]\n ldrd r7, lr, [r0, #16]\n add r3, r3, r7\n str r3, [sp, #4]\n add r1, r1, lr\n"       \
  " ldr r7, [sp]\n subs r7, r7, #1\n str r7, [sp]\n bne 1b\n"                                               \
  " add sp, sp, #8\n pop {r7}\n stm r2, {r8, r9, r10, r11}\n"

// Eight sums in r0 to r2 and r8 to r12; r3 to r7 and lr as above. On the stack: taps left along the columns, dy of the row, taps left along the
// rows, the sources, w of the row, where the sums go. 2.375 instructions.
#define INTRAIN_ELEMENT_OF_8                                                                                              \
  " ldrsb r7, [r3], #1\n" INTRAIN_ADD("#0", "r0") INTRAIN_ADD("#1", "r1") INTRAIN_ADD("#2", "r2") INTRAIN_ADD("#3", "r8") \
      INTRAIN_ADD("#4", "r9") INTRAIN_ADD("#5", "r10") INTRAIN_ADD("#6", "r11") INTRAIN_ADD("#7", "r12") " add r4, r4, r5\n"
#define INTRAIN_GATHER_8                                                                                                  \
  ".syntax unified\n push {r0, r1, r2, r7}\n ldrd r3, r4, [r0]\n push {r2, r3, r4}\n ldr r5, [r0, #32]\n mov r0, #0\n"    \
  " mov r1, #0\n mov r2, #0\n mov r8, #0\n mov r9, #0\n mov r10, #0\n mov r11, #0\n mov r12, #0\n"                        \
  "1: ldr r3, [sp, #4]\n ldrd r7, r4, [sp, #12]\n ldr r6, [r7, #8]\n str r6, [sp]\n"                                      \
  "7: ldr r6, [r7, #12]\n tst r6, #1\n add r6, r6, r3\n bne 3f\n"                                                         \
  "2:" INTRAIN_ELEMENT_OF_8 "3:" INTRAIN_ELEMENT_OF_8                                                                     \
  " cmp r3, r6\n bne 2b\n"                                                                                                \
  " ldr r7, [sp, #12]\n ldrd r6, lr, [r7, #24]\n add r3, r3, r6\n add r4, r4, lr\n"                                       \
  " ldr r6, [sp]\n subs r6, r6, #1\n str r6, [sp]\n bne 7b\n"                                                             \
  " ldrd r6, lr, [r7, #16]\n ldr r3, [sp, #4]\n add r3, r3, r6\n str r3, [sp, #4]\n ldr r4, [sp, #16]\n add r4, r4, lr\n" \
  " str r4, [sp, #16]\n ldr r6, [sp, #8]\n subs r6, r6, #1\n str r6, [sp, #8]\n bne 1b\n"                                 \
  " ldrd r3, r7, [sp, #20]\n stm r3, {r0, r1, r2, r8, r9, r10, r11, r12}\n add sp, sp, #28\n"

// r1: x, r2: dy, r0: the end of the row of dy, r7, r12: elements of dy, lr: of x; sums of the first in r3 to r6, of the second in r8 to r11. On the
// stack: rows left, the length of a row of dy, to the next pixel's x and dy, what is skipped of both behind a row, to the second sums, where the
// sums go. 2.375 instructions.
#define INTRAIN_INPUT(load, at, first, second) \
  " " load " lr, [r1, " at "]\n mla " first ", r7, lr, " first "\n mla " second ", r12, lr, " second "\n"
#define INTRAIN_OUTER(load, extend) \
  ".syntax unified\n push {r3, r7}\n ldm r0, {r4, r5, r6, r8, r9, r10, r11}\n mul r5, r5, r8\n" \
  " push {r4, r5, r6, r8, r9, r10, r11}\n mov r3, #0\n mov r4, #0\n mov r5, #0\n mov r6, #0\n mov r8, #0\n"        \
  " mov r9, #0\n mov r10, #0\n mov r11, #0\n"                                                                       \
  "1: ldr r0, [sp, #4]\n add r0, r0, r2\n"                                                                          \
  "2: ldrsb r7, [r2]\n ldrsb r12, [r2, #1]\n"                                                                       \
  INTRAIN_INPUT(load, "#0", "r3", "r8") INTRAIN_INPUT(load, "#1", "r4", "r9") INTRAIN_INPUT(load, "#2", "r5", "r10") \
  INTRAIN_INPUT(load, "#3", "r6", "r11")                                                                            \
  " ldrd r7, r12, [sp, #8]\n add r1, r1, r7\n add r2, r2, r12\n cmp r2, r0\n bne 2b\n"                                   \
  " ldrd r7, r12, [sp, #16]\n add r1, r1, r7\n add r2, r2, r12\n"               \
  " ldr r7, [sp]\n subs r7, r7, #1\n str r7, [sp]\n bne 1b\n"                                             \
  " ldrd r7, r12, [sp, #24]\n add r7, r12, r7, lsl #2\n"                      \
  " stm r12, {r3, r4, r5, r6}\n stm r7, {r8, r9, r10, r11}\n add sp, sp, #32\n pop {r7}\n"

#endif

template <>
[[gnu::noinline]] inline void gather<4>(const Sources& s, const int8_t* w_channel, int32_t* dx) {
  register const void* r0 __asm__("r0") = &s;
  register const void* r1 __asm__("r1") = w_channel;
  register void* r2 __asm__("r2") = dx;
  __asm__ volatile(INTRAIN_GATHER : "+r"(r0), "+r"(r1), "+r"(r2) : : "r3", INTRAIN_CLOBBERED);
}

#if defined(__thumb2__)
template <>
[[gnu::noinline]] inline void gather<8>(const Sources& s, const int8_t* w_channel, int32_t* dx) {
  register const void* r0 __asm__("r0") = &s;
  register const void* r1 __asm__("r1") = w_channel;
  register void* r2 __asm__("r2") = dx;
  __asm__ volatile(INTRAIN_GATHER_8 : "+r"(r0), "+r"(r1), "+r"(r2) : : "r3", INTRAIN_CLOBBERED);
}
#endif

template <class Src>
[[gnu::noinline]] void outer_sums(const Pixels& p, const Src* x, const int8_t* dy, int32_t* dw) {
  register const void* r0 __asm__("r0") = &p;
  register const void* r1 __asm__("r1") = x;
  register const void* r2 __asm__("r2") = dy;
  register void* r3 __asm__("r3") = dw;
  if constexpr (static_cast<Src>(-1) < 0)
    __asm__ volatile(INTRAIN_OUTER("ldrsb", " sxtb r4, r4\n sxtb r5, r5\n")
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)
                     :
                     : INTRAIN_CLOBBERED);
  else
    __asm__ volatile(INTRAIN_OUTER("ldrb", "") : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : : INTRAIN_CLOBBERED);
}
template <>
inline void outer<2, kInputs, uint8_t>(const Pixels& p, const uint8_t* x, const int8_t* dy, int32_t* dw) {
  outer_sums(p, x, dy, dw);
}
template <>
inline void outer<2, kInputs, int8_t>(const Pixels& p, const int8_t* x, const int8_t* dy, int32_t* dw) {
  outer_sums(p, x, dy, dw);
}

#undef INTRAIN_CLOBBERED
#undef INTRAIN_ADD
#undef INTRAIN_ELEMENT
#undef INTRAIN_DOTS
#undef INTRAIN_GATHER
#undef INTRAIN_ELEMENT_OF_8
#undef INTRAIN_GATHER_8
#undef INTRAIN_INPUT
#undef INTRAIN_FOUR
#undef INTRAIN_OUTER
}  // namespace intrain::micro
