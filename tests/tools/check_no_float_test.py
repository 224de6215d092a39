#!/usr/bin/env python3
"""Plants floating point in small programs and requires that tools/check_no_float.py catches each, and passes integer code.

    tests/tools/check_no_float_test.py [COMPILER...]     default: g++ and clang++
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
ALLOWED = "movaps vmovups movss vmovsd andnps vxorps shufps vunpckhpd vpermilps vpermt2ps vextractf128 vbroadcastss vpmaxsd vpdpbusd " \
          "vpdpwssd tdpbusd tdpbssd tileloadd ldtilecfg pabsd push vpabsd vpcompressd clflush vinsertf64x4 vmovntps imul idiv"
DENIED = "addps vaddsd mulss vdivpd sqrtss vminps vmaxpd rcpps vrsqrt14ps haddps dpps cmpltps vcmpneq_uqps comiss vucomisd cvtsi2sd " \
         "cvttps2dq vcvtdq2ps vcvtph2ps vcvtneps2bf16 roundss vrndscalepd vscalefps vgetexppd vgetmantps vreduceps vrangepd vfixupimmps " \
         "vfmadd213ps vfmaddsub132pd vfnmsub231ss vfmadd231ph vdpbf16ps vfpclassps fld fstp fmul faddp fild fcomi fnstcw ldmxcsr " \
         "vaddph vcmpph vaddnewps tdpbf16ps tdpfp16ps tcmmimfp16ps (bad)"


def compiles_to(compiler, flags, source, obj):
    return subprocess.run([compiler, "-std=c++20", *flags.split(), "-c", "-x", "c++", "-", "-o", obj],
                          input=source, text=True, capture_output=True).returncode == 0


def main():
    failures = []
    failures += [f"mnemonic {m} was refused" for m in ALLOWED.split() if checker.judge(m)]
    failures += [f"mnemonic {m} was let through" for m in DENIED.split() if not checker.judge(m)]
    checked = len(ALLOWED.split()) + len(DENIED.split())
    for compiler in sys.argv[1:] or ["g++", "clang++"]:
        with tempfile.TemporaryDirectory() as folder:
            obj = f"{folder}/planted.o"
            for planted, cases in ((True, PLANTED), (False, CLEAN)):
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
