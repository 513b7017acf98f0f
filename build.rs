//! Builds anew when the page was built: its files are embedded (`src/transport/http/page.rs`).

fn main() {
    // A path that is missing would make every build run this again, so the folder above stands in for it.
    let is_built = std::path::Path::new("static/dist").exists();
    println!(
        "cargo:rerun-if-changed={}",
        if is_built { "static/dist" } else { "static" }
    );
}
