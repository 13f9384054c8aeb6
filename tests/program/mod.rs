//! The program as people and CI meet it: the real binary, its output, its exit codes.

mod bad_input;
mod binary;
mod output;
mod repro;
mod sweep;
