//! The readers against other readers, and against texts that somebody broke.

use std::path::{Path, PathBuf};

use super::tape::Shape;
use super::*;

fn read(text: &str) -> Document {
    Document::read("test", Text::from(text))
}

fn json_of(document: &Document) -> Vec<String> {
    document.roots().map(Node::to_json).collect()
}

fn kinds(document: &Document) -> Vec<&ProblemKind> {
    document.problems().iter().map(|p| &p.kind).collect()
}

/// Every value as `path kind text span`, to compare two readings of one text.
fn outline(document: &Document) -> Vec<String> {
    fn walk(node: Node<'_>, path: &str, out: &mut Vec<String>) {
        let key = node.key().map(|k| format!("{}@{:?}", k.text, k.span));
        // The spans of block scalars start differently in the two.
        let span = match node.raw().shape() {
            Shape::Plain | Shape::Quoted => Some(node.span()),
            Shape::Object | Shape::Array => Some(without_empty_end(node)),
            _ => None,
        };
        out.push(format!("{path} {key:?} {} {:?} {span:?}", node.kind(), node.text()));
        for (place, child) in node.items().chain(node.values()).enumerate() {
            walk(child, &format!("{path}/{place}"), out);
        }
    }
    let mut out = Vec::new();
    for root in document.roots() {
        walk(root, "", &mut out);
    }
    out
}

/// A container without what may be absent at its end: where an absent value stands, the two readers
/// see differently.
fn without_empty_end(node: Node<'_>) -> Span {
    let span = node.span();
    let written = node.document().bytes().get(span.range()).unwrap_or_default();
    let is_content = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b':' | b'-' | b'?');
    let length = written.iter().rposition(is_content).map_or(0, |last| last + 1);
    Span::new(span.start as usize, span.start as usize + length)
}

fn assert_same_as_full_parser(name: &str, text: &str) {
    let [fast, full] = Document::both_yaml_readings(text);
    let (fast_lines, full_lines) = (outline(&fast), outline(&full));
    for (fast_line, full_line) in fast_lines.iter().zip(&full_lines) {
        assert_eq!(fast_line, full_line, "{name}: fast reading (left) differs from the full parser's");
    }
    assert_eq!(fast_lines.len(), full_lines.len(), "{name}");
    assert_eq!(kinds(&fast), kinds(&full), "{name}");
    assert_members_are_found(name, &fast);
    assert_members_are_found(name, &full);
}

#[test]
fn the_fast_yaml_path_reads_what_the_full_parser_reads() {
    let texts = [
        "a: 1\nb:\n- x\n- y: 2\n  z: 3\nc:\n  d: {e: f, g: [1, 2]}\n",
        "---\n# comment\na: 'x' # c\nb: \"y\"\nc:\nd: ~\n",
        "- - 1\n  - 2\n-\n  - 3\n-\n- a:\n  b:\n  - c\n",
        "a: |\n  x\n   y\n\n  z\nb: >-\n  folded\n  text\n\n  more\n   indented\nc: |+\n  keep\n\n\nd: 1\n",
        "a: >\n  x\n\nb: |-\n  no break",
        ">\n a\n ",
        "a:\n  - >\nb: 1\n",
        "- \t:",
        "a: &x {b: 1}\nc:\n  << : *x\n  d: 2\n",
        "<<  :\n  a: 1\n",
        "a:\n  - \tb: 1\n    c: 2\n",
        "a:\n  -  b: 1\n     c: 2\n",
        "a:\n  - >\nb: 1 2 é\n",
        ">\n a\n\n  ",
        "a: |\n  b\n ",
        "key with spaces: v # c\n\"quoted key\": 1\n'single': 2\nurl: http://x:80/y#z\n",
        "a:\n    b:\n      - c\n    d: e\nf:\n- g\n",
        "a: b\r\nc:\r\n  - d\r\n  - |\r\n    e\r\n    f\r\n",
        "a: [x, 'y', \"z\", {b: c}]\nd: {}\ne: []\nf: { g: 1 , h: 2 }\n",
        "# only a comment\n",
        "",
        "a: 1\na: 2\nb: {c: 1, c: 2}\n",
        "plain scalar\n",
        "- \n- # c\n- x\n",
        "a: - b\n",
        "a: b: c\n",
        "a:\n\t- b\n",
        "a: b\n c: d\n",
        "a:\n  - b\n c: d\n",
        "a: 'it''s'\nb: \"x\\ny\"\nc: multi\n  line\n",
        "a: |2\n   x\n",
        "? a\n: b\n",
        "a: !!str 1\nb: &x [1]\nc: *x\n",
        "a: {b, c: d}\ne: [f: g]\n",
        "{a: 1}\n---\n[b]\n",
        "a: -1\nb: -x\nc: ?x\nd: :x\ne: -\n",
        "a: \"b\" c\n",
        "a: 'b'c\n",
        "a #b: c\n",
        "a: b #c\nd: e#f\n",
        "é: ü\n日本: [語, x]\n",
        "a:  \nb:\t1\n",
        "a: b\t\nc: 1\n",
        "a: |\n\n  x\n \nb: 1\n",
        "x:\n- a: 1\n\n  # c\n  b: 2\n- c\n",
    ];
    for text in texts {
        assert_same_as_full_parser(text, text);
    }
}

#[test]
fn the_fast_yaml_path_reads_the_corpus_as_the_full_parser_does() {
    let Some(files) = corpus("corpus/manifests", &["yaml", "yml"]) else {
        return;
    };
    let mut compared = 0;
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        assert_same_as_full_parser(&file.display().to_string(), &text);
        compared += 1;
    }
    assert!(compared > 1000, "only {compared} files");
}

#[test]
fn the_fast_yaml_path_reads_as_the_full_parser_what_fuzzing_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/fuzz/yaml");
    for file in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read(file.path()).unwrap();
        assert_same_as_full_parser(&file.path().display().to_string(), &String::from_utf8_lossy(&text));
    }
}

#[test]
fn json_is_read_as_serde_json_reads_it() {
    let Some(files) = corpus("corpus/dumps", &["json"]) else {
        return;
    };
    let mut compared = 0;
    for file in files {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let Ok(expected) = serde_json::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        let document = read(&text);
        assert_eq!(document.problems(), &[], "{}", file.display());
        let ours: serde_json::Value = serde_json::from_str(&json_of(&document).concat()).unwrap_or_default();
        assert!(ours == expected, "{} reads differently", file.display());
        compared += 1;
    }
    assert!(compared > 80, "only {compared} files");
}

/// Members are found by their keys and by the fields that these spell, and nothing else is.
fn assert_members_are_found(name: &str, document: &Document) {
    for index in 0..document.node_count() as u32 {
        let object = Node::new(document, index);
        let members: Vec<(&str, Node<'_>)> = object.entries().take(50).map(|(key, value)| (key.text, value)).collect();
        let first = |spells: &dyn Fn(&str) -> bool| {
            members.iter().find(|(key, _)| spells(key)).map(|(_, value)| *value).filter(|value| !value.is_null())
        };
        for (key, _) in &members {
            assert_eq!(object.get(key), first(&|other| other == *key), "{name}: {key} of value {index}");
            for field in spelling::fields_of(key.as_bytes()).chain([key.as_bytes().to_vec()]) {
                let field = String::from_utf8(field).unwrap();
                let expected = first(&|key| spelling::spells(key.as_bytes(), &field));
                assert_eq!(object.field(&field), expected, "{name}: {field} of value {index}");
            }
        }
        assert_eq!(object.get("no such key").or(object.field("no_such_field")), None, "{name}");
    }
}

/// Both readings of a text are the same, if the fast path takes it: with every span, key and shape.
/// Returns whether it does.
fn assert_fast_json_is_careful_json(name: &str, text: &str) -> bool {
    let (fast, careful) = Document::both_json_readings(text);
    let serious = careful.problems().iter().any(|p| !matches!(p.kind, ProblemKind::DuplicateKey(_)));
    let Some(fast) = fast else {
        assert!(serious, "{name}: the fast path refuses a text without a fault");
        return false;
    };
    assert_eq!(fast.problems(), careful.problems(), "{name}");
    assert_eq!(fast.roots, careful.roots, "{name}");
    assert_eq!(fast.node_count(), careful.node_count(), "{name}");
    for index in 0..fast.node_count() as u32 {
        let [(fast, key), (careful, careful_key)] =
            [&fast, &careful].map(|document| (Node::new(document, index), Node::new(document, index).key()));
        let of = |node: Node<'_>| (node.span(), node.kind(), node.end_index(), node.text().map(str::to_owned));
        assert_eq!(of(fast), of(careful), "{name}: value {index}");
        assert_eq!(format!("{key:?}"), format!("{careful_key:?}"), "{name}: key of value {index}");
    }
    assert_members_are_found(name, &fast);
    let ends: Vec<u32> = (0..fast.node_count() as u32).map(|index| Node::new(&fast, index).span().end).collect();
    let [ours, theirs] = [&fast, &careful].map(|document| document.lines.positions(text.as_bytes(), &ends));
    assert_eq!(ours, theirs, "{name}");
    true
}

#[test]
fn the_fast_json_path_reads_what_the_careful_reader_reads() {
    let texts = [
        "",
        " \n",
        "{}",
        "[]",
        "[[],{},[{}]]",
        "{\"a\": {\"b\": [1, -2.5e3, true, false, null, \"x\"]}, \"c\":\"\"}",
        "{\"a\" : 1 ,\r\n\t\"b\" :2 }",
        "{\"a\":1}{\"b\":2}\n[3]",
        "{\"a\":1} 2",
        "3 4",
        "\"x\"",
        "true",
        "{\"a\\u0062\": \"\\\"\\\\\", \"é\": \"ü\\n\", \"\": 1, \"\": 2}",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": 1, \"\\u0061\": 2}",
        "{\"\\u0061\": 1, \"a\": 2}",
        "{\"a\"; 1}",
        "{\"a\": 1,}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1,,2]",
        "{\"a\":}",
        "{\"a\" 1}",
        "{a: 1}",
        "{\"a\": 1]",
        "[\"a\": 1]",
        "{\"a\", 1}",
        "[tru]",
        "[truee]",
        "[01]",
        "[1.]",
        "[12a]",
        "[\"a\"\"b\"]",
        "[\"a\"1]",
        "[1\"a\"]",
        "{\"a\": \"x",
        "[1",
        "[\"\t\"]",
        "\u{c}[1]",
        "[1\u{1a}2]",
        "[99999999999999999999999]",
        "[1e999]",
        "[123456789012345678, 1234567890123456789, -0, 0]",
    ];
    for text in texts {
        assert_fast_json_is_careful_json(text, text);
    }
    // Strings, escapes and words at every place of a block of 64 bytes.
    for shift in 0..130 {
        let blanks = " ".repeat(shift);
        let backslashes = "\\\\".repeat(shift);
        let text = format!("{blanks}{{\"a{backslashes}\": [\"{backslashes}\\\"\", true], \"{blanks}é\": -1.5}}");
        assert!(assert_fast_json_is_careful_json(&text, &text));
        let far = format!("{{\"key\":{blanks}{blanks}{blanks}1, \"{}\": 2}}", "k".repeat(shift * 2));
        assert!(assert_fast_json_is_careful_json(&far, &far));
        let open = format!("{{\"a\": \"{backslashes}\\\"}}");
        assert!(!assert_fast_json_is_careful_json(&open, &open));
    }
    let deep = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(assert_fast_json_is_careful_json("as deep as can be", &deep));
    assert!(!assert_fast_json_is_careful_json("deeper", &format!("[{deep}]")));
}

/// Elements that are like each other but for scalars, and some that nearly are.
#[test]
fn the_fast_json_path_reads_what_is_like_something_before() {
    let elements = [
        r#"{"name": "a", "port": 80, "ok": true, "tags": ["x", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "bcd", "port": 8080, "ok": null, "tags": ["", {"k": "é"}], "none": {}, "list": []}"#,
        r#"{"name": "a\"b", "port": -1.5e3, "ok": false, "tags": ["x\n", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a\"bc", "port": 8, "ok": false, "tags": ["x\ny", {"k": "v"}], "none": {}, "list": []}"#,
        // Here the escaped character ends the string.
        r#"{"name": "a\"b", "port": 8, "ok": false, "tags": ["x\", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": 80 , "ok": true, "tags": ["x", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": "80", "ok": true, "tags": ["x", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": 80, "ok": true, "tags": ["x", {"l": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": 80, "ok": true, "tags": [{}, {"k": "v"}], "none": {}, "list": [1]}"#,
        r#"{"name": "a", "port": 80, "ok": true, "tags": ["x", {"k": "v", "k": "w"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": 080, "ok": true, "tags": ["x", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": 80, "ok": tru, "tags": ["x", {"k": "v"}], "none": {}, "list": []}"#,
        r#"{"name": "a", "port": 80, "ok": true, "tags": ["x", {"k": "v"}], "none": {}, "list": []"#,
        "{\"name\": \"a\tb\", \"port\": 80}",
        "{\n \"name\":\n \"a\",\n \"port\": 80}",
        "{\n \"name\":\n \"b\\u0062\",\n \"port\": 8080}",
        r#"{"n\u0061me": "a", "port": 80}"#,
        r#"{"name":                                                                              "far", "port": 80}"#,
        "[[1, 2], [34, 5], [], [6]]",
        "[[1, 2], [3, 45], [], [6]]",
        "[]",
        "7",
    ];
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut taken, mut refused) = (0, 0);
    for turn in 0..3000 {
        // In most texts are only elements without a fault, and in many hardly anything but one.
        let kinds = if turn % 3 == 0 { elements.len() } else { 1 + random(7) };
        let separator = [",", ", ", ",\n  ", " ,\r\n\t"][random(4)];
        // Some are longer than what the fast path looks at at once.
        let length = random(if turn % 50 == 0 { 500 } else { 12 });
        let list: Vec<&str> = (0..length).map(|_| elements[random(kinds)]).collect();
        let list = list.join(separator);
        let text = match turn % 4 {
            0 => format!("[{list}]"),
            1 => format!("{{\"a\": [{list}], \"b\": {{\"a\": [{list}{separator}\"x\"], \"c\": \"\\t\"}}}}"),
            2 => format!(
                "{{\"a\": {{\"tags\": [{list}]}}, \"b\": {{\"tags\": [{list}]}}, \"c\": {{\"tags\": [{list}]\n}}}}"
            ),
            _ => format!("[[{list}],\n[{list}],[ [{list}] ]]"),
        };
        let is_taken = assert_fast_json_is_careful_json(&text, &text);
        *(if is_taken { &mut taken } else { &mut refused }) += 1;
    }
    assert!(taken > 1500 && refused > 300, "{taken} taken, {refused} refused");
}

#[test]
fn the_fast_json_path_reads_the_corpus_and_refuses_what_is_broken() {
    let Some(files) = corpus("corpus/dumps", &["json"]) else {
        return;
    };
    let (mut taken, mut refused) = (0, 0);
    for (turn, file) in files.into_iter().enumerate() {
        let Ok(text) = std::fs::read_to_string(&file) else {
            continue;
        };
        let name = file.display().to_string();
        taken += usize::from(assert_fast_json_is_careful_json(&name, &text));
        if text.len() > 200_000 {
            continue;
        }
        // One byte less, one byte more, one byte else.
        for place in (0..40).map(|step| (step * 7919 + turn * 104_729) % text.len().max(1)) {
            for with in ["", ",", ":", "\"", "}", "]", "{", "x", "1", "\\", "\n"] {
                let (Some(before), Some(after)) = (text.get(..place), text.get(place + 1..)) else { continue };
                let broken = format!("{before}{with}{after}");
                refused += usize::from(!assert_fast_json_is_careful_json(&name, &broken));
            }
        }
    }
    assert!(taken > 80 && refused > 1000, "{taken} taken, {refused} refused");
}

/// Files of the shared corpus with these endings, or nothing (and a word on it) where it is absent.
fn corpus(folder: &str, endings: &[&str]) -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    if !root.is_dir() {
        println!("skipped: {} is not here", root.display());
        return None;
    }
    let files = ignore::WalkBuilder::new(root).build().flatten();
    let wanted = |path: &Path| path.extension().is_some_and(|e| endings.iter().any(|w| e == *w));
    Some(files.map(ignore::DirEntry::into_path).filter(|p| wanted(p)).collect())
}

#[test]
fn spans_are_those_of_the_text() {
    let text = "spec:\n  hosts:\n  - \"*.example.com\"\n  port: 80\n";
    let document = read(text);
    let root = document.roots().next().map(|r| (r.at(["spec", "hosts"]), r.at(["spec", "port"])));
    let Some((Some(hosts), Some(port))) = root else { panic!("{document:?}") };
    let host = hosts.items().next().map(Node::span);
    assert_eq!(host.map(|s| &text[s.range()]), Some("\"*.example.com\""));
    assert_eq!(&text[port.span().range()], "80");
    assert_eq!(port.key().map(|k| &text[k.span.range()]), Some("port"));
    assert_eq!(port.pointer(), "/spec/port");
    assert_eq!(hosts.items().next().map(Node::pointer).as_deref(), Some("/spec/hosts/0"));
    assert_eq!(document.roots().next().and_then(|r| r.resolve("/spec/port")), Some(port));
}

#[test]
fn a_truncated_dump_keeps_what_was_read() {
    let document = read(r#"{"configs": [{"a": 1}, {"b": [1, 2"#);
    assert_eq!(json_of(&document), [r#"{"configs":[{"a":1},{"b":[1,2]}]}"#]);
    assert_eq!(kinds(&document), [&ProblemKind::Truncated { open: 4 }]);
    assert!(document.loses_content());
    for end in 1..33 {
        let cut = read(&r#"{"configs": [{"a": true}, {"b": "x"#[..end]);
        assert!(cut.loses_content(), "{end}");
    }
}

#[test]
fn a_syntax_error_costs_only_its_container() {
    let document = read(r#"{"a": {"b": [1 2], "c": 3}, "d": 4}"#);
    assert_eq!(json_of(&document), [r#"{"a":{"b":[1],"c":3},"d":4}"#]);
    let problem = &document.problems()[0];
    assert_eq!(problem.kind, ProblemKind::Syntax("expected `,` or `]`, found `2`".into()));
    assert_eq!(problem.span, Span::new(15, 16));
}

#[test]
fn duplicate_keys_are_reported_and_the_last_one_counts() {
    for text in [
        r#"{"a": 1, "b": 2, "a": 3}"#,
        r#"{"a": 1, "b": 2, "\u0061": 3}"#,
        r#"{"\u0061": 1, "b": 2, "a": 3}"#,
        "a: 1\nb: 2\na: 3\n",
        "a: 1\nb: 2\n\"\\x61\": 3\n",
    ] {
        let document = read(text);
        assert_eq!(kinds(&document), [&ProblemKind::DuplicateKey("a".into())]);
        assert_eq!(json_of(&document), [r#"{"b":2,"a":3}"#]);
        let problem = &document.problems()[0];
        assert!(problem.related.is_some_and(|first| first.start < problem.span.start));
    }
    let members: Vec<String> = (0..500).map(|i| format!("\"key{i}\": {i}")).collect();
    let document = read(&format!("{{{}, \"key77\": 0}}", members.join(",")));
    assert_eq!(kinds(&document), [&ProblemKind::DuplicateKey("key77".into())]);
}

#[test]
fn an_empty_key_is_found() {
    for text in [r#"{"": 1}"#, "{\"\": 1", "\"\": 1\n"] {
        let document = read(text);
        let value = document.roots().next().and_then(|root| root.get("")).and_then(Node::as_i64);
        assert_eq!(value, Some(1), "{text}");
    }
}

#[test]
fn nesting_below_the_limit_is_skipped_not_followed() {
    let deep = format!("{{\"a\": {}1{}, \"b\": 2}}", "[".repeat(10_000), "]".repeat(10_000));
    let document = read(&deep);
    assert_eq!(kinds(&document), [&ProblemKind::TooDeep]);
    let b = document.roots().next().and_then(|r| r.get("b")).and_then(Node::as_i64);
    assert_eq!(b, Some(2));
    let yaml = format!("a: {}1{}\n---\nb: 2\n", "[".repeat(10_000), "]".repeat(10_000));
    let document = read(&yaml);
    assert_eq!(kinds(&document), [&ProblemKind::TooDeep]);
    assert_eq!(json_of(&document), [r#"{"b":2}"#]);
}

#[test]
fn an_alias_bomb_is_cut_short() {
    let mut text = String::from("a0: &a0 [x, x, x, x]\n");
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{alias}, {alias}, {alias}, {alias}]\n");
    }
    let document = read(&text);
    assert_eq!(kinds(&document), [&ProblemKind::AliasBudget]);
    assert!(document.node_count() < 300_000);
}

#[test]
fn aliases_and_merge_keys_are_expanded() {
    let document = read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b]\n");
    assert_eq!(json_of(&document), [r#"{"base":{"x":1,"y":2},"use":{"y":3,"x":1},"list":[{"x":1,"y":2}]}"#]);
    let cycle = read("a: &a\n  b: *a\n");
    assert_eq!(kinds(&cycle), [&ProblemKind::UnknownAlias("a".into())]);
    let unknown = read("hosts:\n- *.example.com\nok: 1\n");
    assert!(matches!(kinds(&unknown)[..], [ProblemKind::UnknownAlias(_) | ProblemKind::Syntax(_)]));
}

#[test]
fn a_broken_document_leaves_its_neighbours_alone() {
    let document = read("a: 1\n---\nb: [1\n---\nc: 3\n");
    assert_eq!(json_of(&document), [r#"{"a":1}"#, r#"{"c":3}"#]);
    assert!(matches!(kinds(&document)[..], [ProblemKind::Syntax(_)]));
}

#[test]
fn templates_are_told_from_broken_documents() {
    let document = read("a: 1\n---\n{{- if .Values.x }}\nb: {{ .Values.b }}\n{{- end }}\n---\nc: 3\n");
    assert_eq!(kinds(&document), [&ProblemKind::Template]);
    assert_eq!(document.problems()[0].span, Span::new(9, 9 + "{{- if .Values.x }}".len()));
    assert_eq!(json_of(&document), [r#"{"a":1}"#, r#"{"c":3}"#]);
    assert_eq!(kinds(&read("{{ if x }}\na: 1\n{{ end }}\n")), [&ProblemKind::Template]);
}

#[test]
fn template_braces_that_parse_are_a_template_still() {
    let document = read("a: 1\n---\nhosts:\n- {{ .Values.host }}\nport: {{ .Values.port }}\n---\nc: {{a: 1}: 2}\n");
    assert_eq!(kinds(&document), [&ProblemKind::Template]);
    assert_eq!(document.problems()[0].span, Span::new(18, 18 + "{{ .Values.host }}".len()));
    assert_eq!(json_of(&document)[0], r#"{"a":1}"#);
    assert_eq!(document.roots().count(), 2, "a mapping as a key is odd, but no template");
}

#[test]
fn a_mapping_as_a_key_may_be_there_twice() {
    let document = read("permissions: [x]\n? permissions:\n");
    assert_eq!(kinds(&document), [&ProblemKind::DuplicateKey("permissions".into())]);
}

#[test]
fn foreign_bytes_are_reported_where_they_stand() {
    let document = Document::read("test", Text::from(b"{\"a\": \"x\xffy\", \"b\": 1}".to_vec()));
    assert_eq!(kinds(&document), [&ProblemKind::InvalidUtf8]);
    assert_eq!(document.problems()[0].span, Span::new(8, 9));
    assert_eq!(json_of(&document), [r#"{"a":"x�y","b":1}"#]);
    let document = Document::read("test", Text::from(b"a: x\xff\xfey\nb: 1\n".to_vec()));
    assert_eq!(kinds(&document), [&ProblemKind::InvalidUtf8], "bytes in a row are one fault");
    assert_eq!(document.problems()[0].span, Span::new(4, 6));
    assert_eq!(json_of(&document), [r#"{"a":"x??y","b":1}"#]);
    let document = Document::read("test", Text::from(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n".to_vec()));
    assert_eq!(document.problems(), &[]);
    assert_eq!(json_of(&document), [r#"{"a":1,"b":2}"#]);
    let document = Document::read("test", Text::from(b"\xff\xfea\0:\0".to_vec()));
    assert_eq!(kinds(&document), [&ProblemKind::Utf16]);
    let document = read("{\"a\": \0 1, \"b\": \"x\0y\"}");
    assert!(matches!(kinds(&document)[..], [ProblemKind::Syntax(_)]));
    let document = read("{\"b\": \"x\0y\"}");
    assert_eq!(kinds(&document), [&ProblemKind::ControlCharacter]);
}

#[test]
fn numbers_out_of_range_are_reported() {
    let document = read(r#"{"a": 123456789012345678901234567890, "b": 1e999, "c": 01, "d": 18446744073709551615}"#);
    assert_eq!(kinds(&document), [&ProblemKind::Number; 3]);
    // By either reader of YAML; a float that none can hold is a text to Kubernetes.
    for text in [
        "port: 99999999999999999999\nname: 7e12345\n",
        "p: {port: 99999999999999999999, quoted: \"9999999999999999999999\"}\n",
    ] {
        let document = read(text);
        assert_eq!(kinds(&document), [&ProblemKind::Number], "{text}");
        let at = document.problems().first().and_then(|problem| text.get(problem.span.range()));
        assert_eq!(at, Some("99999999999999999999"));
    }
    let d = document.roots().next().and_then(|r| r.get("d"));
    assert_eq!(d.map(Node::kind), Some(Kind::Number));
}

#[test]
fn json_within_a_tools_output_is_found() {
    let document = read("Starting session with SessionId: abc\n\n{\n \"configs\": []\n}\n\nExiting session.\n");
    assert_eq!(kinds(&document), [&ProblemKind::LeadingText, &ProblemKind::TrailingText]);
    assert_eq!(json_of(&document), [r#"{"configs":[]}"#]);
}

#[test]
fn several_json_values_in_one_text_are_several_roots() {
    assert_eq!(json_of(&read("{\"a\": 1}\n{\"b\": 2}\n")), [r#"{"a":1}"#, r#"{"b":2}"#]);
}

#[test]
fn both_spellings_of_a_field_are_found() {
    let document = read(r#"{"connectTimeout": "1s", "lb_policy": "RANDOM", "x": {"a\u0062": 1}}"#);
    let root = document.roots().next();
    let text = |name: &str| root.and_then(|r| r.field(name)).and_then(Node::text);
    assert_eq!(text("connect_timeout"), Some("1s"));
    assert_eq!(text("lb_policy"), Some("RANDOM"));
    assert_eq!(text("lb"), None);
    assert_eq!(text("connect"), None);
    let escaped = root.and_then(|r| r.get("x")).and_then(|x| x.get("ab")).and_then(Node::as_i64);
    assert_eq!(escaped, Some(1));
}
