//! What `std` would bring, without what nobody would ever see: it formats panics that the host learns of as a trap, and its
//! allocator is larger than the ladder. That is an eighth of the module.

use core::panic::PanicInfo;

use rlsf::SmallGlobalTlsf;

#[global_allocator]
static ALLOCATOR: SmallGlobalTlsf = SmallGlobalTlsf::new();

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
