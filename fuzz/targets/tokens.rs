#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plenary::fuzz::run("tokens", data));
