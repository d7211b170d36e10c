//! What the page on backups says was seen: each statement names the scenario that shows it.

use std::fs;

use pingone_aic_harness::repository;

const PAGE: &str = "docs/backup.md";

#[test]
fn each_statement_about_a_disaster_names_its_scenario() {
    let page = fs::read_to_string(repository().join(PAGE)).unwrap();
    let mut named = 0;
    for statement in page.lines().filter(|line| line.starts_with("- ")) {
        let (_, scenario) = statement
            .split_once("<!-- ")
            .unwrap_or_else(|| panic!("no scenario shows this: {statement}"));
        let path: Vec<_> = scenario.trim_end_matches(" -->").split("::").collect();
        let (name, module) = path.split_last().unwrap();
        let file = repository()
            .join("tests/cluster")
            .join(module.join("/"))
            .with_extension("rs");
        let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(source.contains(&format!("\nasync fn {name}() {{")), "{scenario}");
        named += 1;
    }
    assert!(named > 15, "{named}");
}
