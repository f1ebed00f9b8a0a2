// What exceptions of WebAssembly are caught by where there are threads, in place of emscripten's: its library
// keeps the context of landing pads once a thread, while the code that Debian's clang 14 makes has one for
// all, so that nothing is caught where both meet. Two threads that catch at the same moment share it.
#include <unwind.h>

#include <cstdint>

extern "C" {

struct LandingPadContext {
  std::uintptr_t index, data, selector;
} __wasm_lpad_context;

_Unwind_Reason_Code __gxx_personality_wasm0(int, _Unwind_Action, std::uint64_t, _Unwind_Exception*,
                                            _Unwind_Context*);

_Unwind_Reason_Code _Unwind_CallPersonality(void* thrown) {
  auto* const exception = static_cast<_Unwind_Exception*>(thrown);
  __wasm_lpad_context.selector = 0;
  return __gxx_personality_wasm0(1, _UA_CLEANUP_PHASE, exception->exception_class, exception,
                                 reinterpret_cast<_Unwind_Context*>(&__wasm_lpad_context));
}

_Unwind_Reason_Code _Unwind_RaiseException(_Unwind_Exception* exception) {
  __builtin_wasm_throw(0, exception);
}

void _Unwind_DeleteException(_Unwind_Exception* exception) {
  if (exception->exception_cleanup) exception->exception_cleanup(_URC_FOREIGN_EXCEPTION_CAUGHT, exception);
}

void _Unwind_SetGR(_Unwind_Context* context, int index, _Unwind_Word value) {
  if (index == 1) reinterpret_cast<LandingPadContext*>(context)->selector = value;
}

// Two more than the landing pad's index: callers count from one, and take one off.
_Unwind_Word _Unwind_GetIP(_Unwind_Context* context) {
  return reinterpret_cast<LandingPadContext*>(context)->index + 2;
}

void* _Unwind_GetLanguageSpecificData(_Unwind_Context* context) {
  return reinterpret_cast<void*>(reinterpret_cast<LandingPadContext*>(context)->data);
}

_Unwind_Ptr _Unwind_GetRegionStart(_Unwind_Context*) { return 0; }
void _Unwind_SetIP(_Unwind_Context*, _Unwind_Word) {}

}  // extern "C"
