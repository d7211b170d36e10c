//! Which file uses what another one defines. Lines of `mod` and re-exports of what is below are no use: a name leads to
//! where it is defined. What only tests use is left out.
//!
//! Methods are not seen, nor paths in macros: the files over which the methods of one type are spread are one thing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility, visit::Visit};

type Module = Vec<String>;

/// A source file of the crate.
struct File {
    syntax: syn::File,
    /// The names that it hands on, and where they lead.
    exports: BTreeMap<String, Module>,
    /// The names that it has taken in, and where they lead.
    imports: BTreeMap<String, Module>,
}

/// The crate's files by the module that each is.
pub struct Graph(BTreeMap<Module, File>);

impl Graph {
    pub fn read(src: &Path) -> Self {
        let mut graph = Self(BTreeMap::new());
        graph.add(src, &src.join("lib.rs"), Vec::new());
        graph
    }

    fn add(&mut self, folder: &Path, path: &Path, module: Module) {
        let text = fs::read_to_string(path).unwrap();
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (mut exports, mut imports) = (BTreeMap::new(), BTreeMap::new());
        for item in &syntax.items {
            match item {
                Item::Use(ItemUse { vis, tree, .. }) => {
                    for (name, target) in leaves(tree, &module) {
                        if !matches!(vis, Visibility::Inherited) {
                            exports.insert(name.clone(), target.clone());
                        }
                        imports.insert(name, target);
                    }
                }
                Item::Mod(ItemMod {
                    attrs,
                    ident,
                    content: None,
                    ..
                }) if !is_test(attrs) => {
                    let name = ident.to_string();
                    let below = folder.join(&name);
                    let path = Some(below.with_extension("rs")).filter(|path| path.exists());
                    let path = path.unwrap_or_else(|| below.join("mod.rs"));
                    let module = [module.as_slice(), &[name]].concat();
                    self.add(&below, &path, module);
                }
                _ => {}
            }
        }
        let file = File {
            syntax,
            exports,
            imports,
        };
        self.0.insert(module, file);
    }

    /// For each module, the other ones that define what it uses.
    pub fn uses(&self) -> BTreeMap<String, BTreeSet<String>> {
        let of = |(module, file): (&Module, &File)| {
            let mut visitor = Paths {
                graph: self,
                module,
                file,
                found: BTreeSet::new(),
            };
            visitor.visit_file(&file.syntax);
            visitor.found.remove(module);
            (
                show(module),
                visitor.found.iter().map(|module| show(module)).collect(),
            )
        };
        self.0.iter().map(of).collect()
    }

    /// The module that defines what a path names.
    fn defines(&self, path: &[String]) -> Option<Module> {
        let length = (0..=path.len())
            .rev()
            .find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let handed_on = rest.first().and_then(|name| self.0[module].exports.get(name));
        match handed_on {
            Some(target) if target != path => self.defines(&[target.as_slice(), &rest[1..]].concat()),
            // A module by itself is no use: what is used of it stands in another path.
            _ => (!rest.is_empty()).then(|| module.to_vec()),
        }
    }
}

struct Paths<'a> {
    graph: &'a Graph,
    module: &'a Module,
    file: &'a File,
    found: BTreeSet<Module>,
}

impl Paths<'_> {
    fn uses(&mut self, path: &[String]) {
        self.found.extend(self.graph.defines(path));
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let is_in_line = item.content.is_some() && !is_test(&item.attrs);
        assert!(!is_in_line, "mod {}: give it a file of its own", item.ident);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for (_, target) in leaves(&item.tree, self.module) {
            if matches!(item.vis, Visibility::Inherited) || !target.starts_with(self.module) {
                self.uses(&target);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        let first = segments[0].as_str();
        if let Some(target) = self.file.imports.get(first) {
            self.uses(&[target.as_slice(), &segments[1..]].concat());
        } else if let Some(target) = resolve(&segments, self.module) {
            self.uses(&target);
        } else if segments.len() > 1 {
            // A module beside it, or below.
            self.uses(&[self.module.as_slice(), &segments].concat());
        }
        syn::visit::visit_path(self, path);
    }
}

/// Every name that a tree of `use` takes in, and where it leads.
fn leaves(tree: &UseTree, module: &Module) -> Vec<(String, Module)> {
    fn walk(tree: &UseTree, path: &[String], found: &mut Vec<(String, Module)>) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(tree) => walk(&tree.tree, &with(&tree.ident), found),
            UseTree::Name(tree) if tree.ident == "self" => {
                found.extend(path.last().map(|name| (name.clone(), path.to_vec())));
            }
            UseTree::Name(tree) => found.push((tree.ident.to_string(), with(&tree.ident))),
            UseTree::Rename(tree) => found.push((tree.rename.to_string(), with(&tree.ident))),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, path, found)),
            UseTree::Glob(_) => panic!("{}::*: name what is used", path.join("::")),
        }
    }
    let mut found = Vec::new();
    walk(tree, &[], &mut found);
    let relative =
        |path: Module| resolve(&path, module).unwrap_or_else(|| [module.as_slice(), &path].concat());
    found
        .into_iter()
        .map(|(name, path)| (name, relative(path)))
        .collect()
}

/// A path from the root of the crate; `None` if it does not begin with where it begins.
fn resolve(path: &[String], module: &Module) -> Option<Module> {
    match path[0].as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module.as_slice(), &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|segment| *segment == "super").count();
            let base = &module[..module.len().saturating_sub(ups)];
            Some([base, &path[ups..]].concat())
        }
        _ => None,
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

fn show(module: &[String]) -> String {
    module.join("::")
}
