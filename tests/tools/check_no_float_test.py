#!/usr/bin/env python3
"""Plants floating point in small programs and requires that tools/check_no_float.py catches each, and passes integer code.

    tests/tools/check_no_float_test.py [COMPILER...]     default: g++ and clang++; aarch64-linux-gnu-g++ plants for 64-bit ARM
"""
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKER = Path(__file__).resolve().parents[2] / "tools/check_no_float.py"
spec = importlib.util.spec_from_file_location("check_no_float", CHECKER)
checker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(checker)

# name, flags, source; every one must be caught.
PLANTED = [
    ("float multiply", "-O2", "float f(float a, float b) { return a * b; }"),
    ("double add at -O0", "-O0", "double f(double a, double b) { return a + b; }"),
    ("int to double", "-O2", "double f(int a) { return a; }"),
    ("double to int", "-O2", "int f(const double* a) { return static_cast<int>(*a); }"),
    ("comparison", "-O2", "bool f(const float* a) { return a[0] < a[1]; }"),
    ("x87 long double", "-O2", "long double f(long double a) { return a + a; }"),
    ("x87 load", "-O0", "extern long double x, y; void f() { x = y; }"),
    ("fused multiply-add", "-O2 -mfma", "float f(float a, float b, float c) { return __builtin_fmaf(a, b, c); }"),
    ("AVX-512 vectors", "-O3 -mavx512f", "void f(float* a) { for (int i = 0; i < 64; ++i) a[i] *= 3; }"),
    ("AVX-512 rounding", "-O2 -mavx512f",
     "#include <immintrin.h>\nvoid f(__m512* a) { *a = _mm512_roundscale_ps(*a, 0); }"),
    ("AVX conversion", "-O2 -mavx2", "#include <immintrin.h>\nvoid f(const __m256i* a, __m256* b) { *b = _mm256_cvtepi32_ps(*a); }"),
    ("half precision", "-O2 -mavx2 -mf16c", "#include <immintrin.h>\nvoid f(const __m128i* a, __m256* b) { *b = _mm256_cvtph_ps(*a); }"),
    ("libm call", "-O2", "extern \"C\" double floor(double); double f(const double* a) { return floor(*a); }"),
    ("soft float", "-O2", "void f(__float128* a) { *a = *a * *a; }"),
    ("float in a signature only", "-O2", "void g(const float&); void f(const float* a) { g(*a); }"),
    ("hash table", "-O2", "#include <unordered_map>\nint f(int a) { std::unordered_map<int, int> m; m[a] = 1; return m.size(); }"),
]
CLEAN = [
    ("integers", "-O2", "long f(long a, int b) { return a * b / 7 + (a >> 3); }"),
    ("vectorized integers", "-O3 -mavx2", "void f(int* a, short* b) { for (int i = 0; i < 256; ++i) a[i] = a[i] * 5 + b[i]; }"),
    ("copied structs", "-O2", "struct S { long a[8]; }; void f(S* a, const S* b) { *a = *b; }"),
    ("AVX-512 integers", "-O2 -mavx512f -mavx512vnni",
     "#include <immintrin.h>\nvoid f(__m512i* a, __m512i b, __m512i c) { *a = _mm512_max_epi32(_mm512_dpbusd_epi32(*a, b, c), b); }"),
    ("AVX-VNNI integers", "-O2 -mavxvnni",
     "#include <immintrin.h>\nvoid f(__m256i* a, __m256i b, __m256i c) { *a = _mm256_dpbusd_avx_epi32(*a, b, c); }"),
    ("bit shuffles", "-O2 -mavx2",
     "#include <immintrin.h>\nextern \"C\" void f(__m256* a, __m256 b) { *a = _mm256_shuffle_ps(_mm256_xor_ps(*a, b), b, 27); }"),
]
ARM_PLANTED = [
    ("float multiply", "-O2", "float f(float a, float b) { return a * b; }"),
    ("double add at -O0", "-O0", "double f(double a, double b) { return a + b; }"),
    ("int to double", "-O2", "double f(int a) { return a; }"),
    ("double to int", "-O2", "int f(const double* a) { return static_cast<int>(*a); }"),
    ("comparison", "-O2", "bool f(const float* a) { return a[0] < a[1]; }"),
    ("a constant", "-O2", "void f(float* a) { *a = 1.5f; asm volatile(\"fmov s0, #1.5\"); }"),
    ("fused multiply-add", "-O2", "float f(float a, float b, float c) { return __builtin_fmaf(a, b, c); }"),
    ("vectors", "-O3", "void f(float* a) { for (int i = 0; i < 64; ++i) a[i] *= 3; }"),
    ("scalable vectors", "-O3 -march=armv8.2-a+sve", "void f(float* a, int n) { for (int i = 0; i < n; ++i) a[i] *= 3; }"),
    ("bfloat16", "-O2 -march=armv8.2-a+bf16",
     "#include <arm_neon.h>\nvoid f(float32x4_t* a, bfloat16x8_t b) { *a = vbfdotq_f32(*a, b, b); }"),
    ("half precision", "-O2 -march=armv8.2-a+fp16", "#include <arm_neon.h>\nvoid f(float16x8_t* a) { *a = vaddq_f16(*a, *a); }"),
    ("libm call", "-O2", "extern \"C\" double pow(double, double); double f(const double* a) { return pow(*a, *a); }"),
    ("soft float", "-O2", "void f(long double* a) { *a = *a * *a; }"),
    ("float in a signature only", "-O2", "void g(const float&); void f(const float* a) { g(*a); }"),
    ("hash table", "-O2", "#include <unordered_map>\nint f(int a) { std::unordered_map<int, int> m; m[a] = 1; return m.size(); }"),
]
ARM_CLEAN = [
    ("integers", "-O2", "long f(long a, int b) { return a * b / 7 + (a >> 3); }"),
    ("bit fields", "-O2", "struct S { unsigned a : 5, b : 9, c : 18; }; void f(S* s, unsigned v) { s->b = v; s->c = s->a; s->a = 0; }"),
    ("vectorized integers", "-O3", "void f(int* a, short* b) { for (int i = 0; i < 256; ++i) a[i] = a[i] * 5 + b[i]; }"),
    ("moves", "-O2", "#include <arm_neon.h>\nvoid f(int64_t* a, int64_t b) { *a = vcnt_u8(vcreate_u8(b))[0]; }"),
    ("products", "-O2 -march=armv8.2-a+dotprod+i8mm",
     "#include <arm_neon.h>\nvoid f(int32x4_t* a, int8x16_t b) { *a = vmmlaq_s32(vdotq_s32(*a, b, b), b, b); }"),
]
ARM_ALLOWED = "fmov d0, x1|fmov x0, d3|fmov s1, wzr|bfi w0, w1, #3, #5|bfxil x0, x1, #1, #2|sdot v0.4s, v1.16b, v2.4b[1]|usmmla v0.4s, v1.16b, v2.16b|" \
              "smull v0.8h, v1.8b, v2.8b|ld1r {v0.4s}, [x0]|b.ne 40|zip1 v0.2d, v1.2d, v2.2d|sqxtn v0.4h, v1.4s|addv s0, v1.4s"
ARM_DENIED = "fadd s0, s1, s2|fmla v0.4s, v1.4s, v2.4s|fcmp d0, d1|fcvtzs w0, s0|scvtf s0, w0|ucvtf v0.4s, v1.4s|frintm d0, d0|fmov v0.4s, #1.0e+00|" \
             "fmov d0, #2.0|fcsel s0, s1, s2, ne|bfdot v0.4s, v1.8h, v2.8h|bfmmla v0.4s, v1.8h, v2.8h|bfcvt h0, s0|fjcvtzs w0, d0|fmopa za0.s, p0/m, p1/m, z0.s, z1.s|" \
             ".inst 0x1e000000|fccmp s0, s1, #0, eq|faddp s0, v0.2s"
ALLOWED = "movaps vmovups movss vmovsd andnps vxorps shufps vunpckhpd vpermilps vpermt2ps vextractf128 vbroadcastss vpmaxsd vpdpbusd " \
          "vpdpwssd tdpbusd tdpbssd tileloadd ldtilecfg pabsd push vpabsd vpcompressd clflush vinsertf64x4 vmovntps imul idiv"
DENIED = "addps vaddsd mulss vdivpd sqrtss vminps vmaxpd rcpps vrsqrt14ps haddps dpps cmpltps vcmpneq_uqps comiss vucomisd cvtsi2sd " \
         "cvttps2dq vcvtdq2ps vcvtph2ps vcvtneps2bf16 roundss vrndscalepd vscalefps vgetexppd vgetmantps vreduceps vrangepd vfixupimmps " \
         "vfmadd213ps vfmaddsub132pd vfnmsub231ss vfmadd231ph vdpbf16ps vfpclassps fld fstp fmul faddp fild fcomi fnstcw ldmxcsr " \
         "vaddph vcmpph vaddnewps tdpbf16ps tdpfp16ps tcmmimfp16ps (bad)"


def compiles_to(compiler, flags, source, obj):
    return subprocess.run([*compiler.split(), "-std=c++20", *flags.split(), "-c", "-x", "c++", "-", "-o", obj],
                          input=source, text=True, capture_output=True).returncode == 0


def main():
    failures = []
    failures += [f"mnemonic {m} was refused" for m in ALLOWED.split() if checker.judge(m)]
    failures += [f"mnemonic {m} was let through" for m in DENIED.split() if not checker.judge(m)]
    failures += [f"instruction {i} was refused" for i in ARM_ALLOWED.split("|") if checker.judge_arm(i)]
    failures += [f"instruction {i} was let through" for i in ARM_DENIED.split("|") if not checker.judge_arm(i)]
    checked = sum(len(of.split()) for of in (ALLOWED, DENIED)) + sum(len(of.split("|")) for of in (ARM_ALLOWED, ARM_DENIED))
    for compiler in sys.argv[1:] or ["g++", "clang++"]:
        with tempfile.TemporaryDirectory() as folder:
            obj = f"{folder}/planted.o"
            of_arm = subprocess.run([*compiler.split(), "-dumpmachine"], text=True, capture_output=True).stdout.startswith("aarch64")
            for planted, cases in ((True, ARM_PLANTED if of_arm else PLANTED), (False, ARM_CLEAN if of_arm else CLEAN)):
                for name, flags, source in cases:
                    if not compiles_to(compiler, flags, source, obj):
                        failures.append(f"{compiler}: '{name}' does not compile")
                        continue
                    count, findings = checker.inspect(obj)
                    checked += 1
                    if count == 0 or bool(findings) != planted:
                        failures.append(f"{compiler}: '{name}' was " + ("missed" if planted else f"refused: {findings}"))
    print("\n".join(failures + [f"{checked} mnemonics and programs judged, {len(failures)} wrongly"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
