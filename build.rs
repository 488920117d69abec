//! Builds the binary anew when a file of the client comes or goes: embedding alone notices only changed ones.

fn main() {
    println!("cargo::rerun-if-changed=client");
}
