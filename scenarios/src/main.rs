//! The program `proveniq`. All of it stands in the library, where it is tested.

/// A run allocates for every message and statement it simulates: with the C library's allocator it takes
/// a quarter longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    scenarios::program::main()
}
