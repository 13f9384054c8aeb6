//! The program `proveniq`. All of it stands in the library, where it is tested.

fn main() -> std::process::ExitCode {
    scenarios::program::main()
}
