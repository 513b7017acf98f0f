//! Markdown as a page for people.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{Event, Options, Parser, html};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{margin:0 auto;max-width:60rem;padding:1.5rem;font:1rem/1.6 system-ui,sans-serif}\
    h1,h2,h3{line-height:1.25;margin:2rem 0 .5rem}\
    h1{margin-top:0}\
    a{color:LinkText}\
    code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}\
    pre{padding:.75rem 1rem;overflow-x:auto;border:1px solid;border-radius:.4rem;border-color:color-mix(in srgb,currentColor 25%,transparent);background:color-mix(in srgb,currentColor 6%,transparent)}\
    pre code{overflow-wrap:normal}\
    table{display:block;overflow-x:auto;border-collapse:collapse;margin:1rem 0}\
    th,td{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid;border-color:color-mix(in srgb,currentColor 20%,transparent)}\
    dl{display:grid;grid-template-columns:max-content auto;gap:.5rem 2rem;font-size:1.25rem}\
    dd{margin:0;font-variant-numeric:tabular-nums;font-weight:600}";

/// Nothing but this one style sheet.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// What a page made here may load.
pub fn policy() -> &'static str {
    &POLICY
}

/// A page of its own from Markdown. HTML in the Markdown is shown as text.
pub fn page(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let events = Parser::new_ext(markdown, options).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut main = String::with_capacity(markdown.len().saturating_mul(2));
    html::push_html(&mut main, events);
    around("Rookery for agents", &main)
}

/// A whole page around what is HTML already.
pub fn around(title: &str, main: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body><main>\n{main}</main></body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_in_markdown_is_text_and_the_head_is_left_out() {
        let page = page(
            "---\nname: x\n---\n\n# A & B\n\n<script>alert(1)</script>\n\nb <b onclick=x>c</b> `<i>`\n\n| a |\n|---|\n| b |\n",
        );
        assert!(page.contains("<h1>A &amp; B</h1>") && page.contains("<td>b</td>"));
        assert!(page.contains("&lt;script&gt;") && page.contains("&lt;b onclick=x&gt;"));
        assert!(
            !page.contains("<script") && !page.contains("<b ") && !page.contains("name: x"),
            "{page}"
        );
    }

    #[test]
    fn the_policy_names_the_style_sheet_and_nothing_else() {
        let page = page("x");
        let style = page
            .split("<style>")
            .nth(1)
            .unwrap()
            .split("</style>")
            .next()
            .unwrap();
        let hash = STANDARD.encode(Sha256::digest(style));
        assert!(
            policy().contains(&format!("style-src 'sha256-{hash}'")),
            "{}",
            policy()
        );
        assert!(policy().starts_with("default-src 'none'") && !policy().contains("unsafe"));
        assert!(!page.contains(" style=") && !page.contains("javascript:"));
    }
}
