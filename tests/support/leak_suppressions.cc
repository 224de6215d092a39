// Caches that libraries keep until the process ends, for LeakSanitizer: fontconfig's, below cairo, when a curve is drawn.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }
