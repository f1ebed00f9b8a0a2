// LeakSanitizer asks for this function: Mesa's software GPU loses a few bytes of its own.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libvulkan_lvp.so\n"; }
