// Caches that libraries keep until the process ends, for LeakSanitizer: fontconfig's, below cairo, when a curve is drawn. Its runtime may be
// a shared library, which sees visible symbols only.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }
