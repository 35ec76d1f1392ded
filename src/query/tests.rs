//! The examples of the RFC, and what is ours.

use super::*;
use crate::document::Document;
use crate::input::Text;

const STORE: &str = r#"{"store": {"book": [
  {"category": "reference", "author": "Nigel Rees", "title": "Sayings of the Century", "price": 8.95},
  {"category": "fiction", "author": "Evelyn Waugh", "title": "Sword of Honour", "price": 12.99},
  {"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553-21311-3", "price": 8.99},
  {"category": "fiction", "author": "J. R. R. Tolkien", "title": "The Lord of the Rings", "isbn": "0-395-19395-8", "price": 22.99}
], "bicycle": {"color": "red", "price": 399}}}"#;

fn selected(query: &str, text: &str) -> Vec<String> {
    let document = Document::read("test", Text::from(text));
    let root = document.roots().next().unwrap();
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error:?}"));
    query.select(Scope::of(root)).into_iter().map(crate::document::Node::to_json).collect()
}

#[test]
fn the_store_of_the_rfc() {
    for (query, count) in [
        ("$.store.book[*].author", 4),
        ("$..author", 4),
        ("$.store.*", 2),
        ("$.store..price", 5),
        ("$..book[2]", 1),
        ("$..book[-1]", 1),
        ("$..book[0,1]", 2),
        ("$..book[:2]", 2),
        ("$..book[::-2]", 2),
        ("$..book[?@.isbn]", 2),
        ("$..book[?!@.isbn]", 2),
        ("$..book[?@.price<10]", 2),
        ("$..book[?@.price<10 && @.category=='fiction']", 1),
        ("$..book[?match(@.author, '.*el.*')]", 3),
        ("$..book[?search(@.title, 'of')]", 3),
        ("$..book[?length(@.title) == 9]", 1),
        ("$.store[?count(@.*) == 4]", 1),
        ("$.store[?@.color == 'red']['price']", 1),
        ("$..book[?@.price == $.store.book[0].price].title", 1),
        ("$..[?@ == 399]", 1),
        ("$..*", 27),
    ] {
        assert_eq!(selected(query, STORE).len(), count, "{query}");
    }
}

#[test]
fn comparisons_of_the_rfc() {
    let text = r#"{"obj": {"x": "y"}, "arr": [2, 3], "list": [0]}"#;
    for (condition, holds) in [
        ("$.absent1 == $.absent2", true),
        ("$.absent1 <= $.absent2", true),
        ("$.absent == 'g'", false),
        ("$.absent1 != $.absent2", false),
        ("$.absent != 'g'", true),
        ("1 <= 2", true),
        ("1 > 2", false),
        ("13 == '13'", false),
        ("'a' <= 'b'", true),
        ("$.obj == $.arr", false),
        ("$.obj != $.arr", true),
        ("$.obj == $.obj", true),
        ("$.arr == $.arr", true),
        ("$.obj == 17", false),
        ("$.obj <= $.arr", false),
        ("$.obj <= $.obj", true),
        ("1 <= $.arr", false),
        ("true <= true", true),
        ("true > true", false),
    ] {
        let document = Document::read("test", Text::from(text));
        let scope = Scope::of(document.roots().next().unwrap());
        assert_eq!(Condition::parse(condition).unwrap().holds(scope), holds, "{condition}");
    }
}

#[test]
fn fields_have_two_spellings_and_null_is_absent() {
    for text in [r#"{"connect_timeout": "5s"}"#, r#"{"connectTimeout": "5s"}"#] {
        assert_eq!(selected("$.connect_timeout", text), [r#""5s""#]);
        assert_eq!(selected("$.connectTimeout", text), [r#""5s""#]);
    }
    assert_eq!(selected("$['app.kubernetes.io/name']", r#"{"app.kubernetes.io/name": "x"}"#), [r#""x""#]);
    assert_eq!(selected("$.a", r#"{"a": null}"#), Vec::<String>::new());
    assert_eq!(selected("$.*", r#"{"a": null, "b": 1}"#), ["1"]);
    assert_eq!(selected("$[*]", "[null, 1]"), ["null", "1"]);
}

/// A text of numbers, words, lists and objects, the same for the same seed.
fn some_json(seed: &mut u64, depth: u32) -> serde_json::Value {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let number = *seed >> 33;
    match number % if depth == 0 { 4 } else { 8 } {
        0 => (number % 5).into(),
        1 => ["a", "b", "x", "1"][number as usize / 8 % 4].into(),
        2 => (number / 8).is_multiple_of(2).into(),
        3 => (f64::from(number as u32) / 64.0 % 4.0).into(),
        4 | 5 => (0..number / 8 % 5).map(|_| some_json(seed, depth - 1)).collect::<Vec<_>>().into(),
        _ => {
            let names = ["a", "b", "c", "d"].into_iter().take(number as usize / 8 % 5);
            serde_json::Value::Object(names.map(|name| (name.to_owned(), some_json(seed, depth - 1))).collect())
        }
    }
}

/// The parser's own evaluation finds the same.
#[test]
fn another_evaluation_agrees() {
    use jsonpath_rust::JsonPath as _;
    const QUERIES: [&str; 24] = [
        "$",
        "$.a",
        "$.a.b",
        "$['a','b']",
        "$[0]",
        "$[-1]",
        "$[1:]",
        "$[:-1]",
        "$[::2]",
        "$.*",
        "$..*",
        "$..a",
        "$..[0]",
        "$..a.b",
        "$[?@.a]",
        "$[?!@.a]",
        "$..[?@ == 1]",
        "$..[?@ > 1]",
        "$..[?@.a == @.b]",
        "$..[?@.a != 'x']",
        "$..[?@ <= 'b']",
        "$..[?@.a && (@.b || @.c)]",
        "$..[?count(@.*) == 2]",
        "$..[?length(@) == 1]",
    ];
    let mut seed = 7;
    let mut compared = 0;
    for _ in 0..400 {
        let value = some_json(&mut seed, 4);
        let text = value.to_string();
        for query in QUERIES {
            let theirs: Vec<String> = value.query(query).unwrap().into_iter().map(ToString::to_string).collect();
            let ours = selected(query, &text);
            assert_eq!(normal(ours), normal(theirs), "{query} on {text}");
            compared += 1;
        }
    }
    println!("{compared} queries find the same");
}

/// In one order, and numbers in one spelling.
fn normal(found: Vec<String>) -> Vec<String> {
    let mut found: Vec<String> =
        found.into_iter().map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string()).collect();
    found.sort();
    found
}

#[test]
fn what_relies_on_absence_is_known() {
    for (condition, relies) in [
        ("@.a", false),
        ("!@.a", true),
        ("@.a == 1", false),
        ("@.a != 1", true),
        ("@.a == @.b", true),
        ("count(@.*) == 0", true),
        ("@.a && @.b[?!@.c]", true),
        ("match(@.a, 'x') || @.b > 1", false),
    ] {
        assert_eq!(Condition::parse(condition).unwrap().relies_on_absence(), relies, "{condition}");
    }
}

#[test]
fn a_query_that_is_none_says_where() {
    for (query, at, words) in [
        ("spec.http", Some(0), "starts with `$`"),
        ("$.spec.my-name", Some(9), "['my-name']"),
        ("$.spec[?@.a = 1]", Some(12), "`==` compares"),
        ("$.spec[", Some(6), "never closed"),
        ("$.spec[?@.a == 'x]", Some(15), "never closed"),
        ("$.spec[?(@.a]", Some(12), "closes nothing"),
        ("$.spec[?'it\\'s' == @.a].b c", Some(24), "with a blank"),
        ("$.spec[?length(@.a)]", Some(8), "is a number"),
        ("$.spec[?match(@.a, '(')]", Some(19), "no regular expression"),
        ("$.spec[?length(@.*) == 1]", Some(14), "one value at most"),
        ("$.spec[?in(@.a, @.b)]", Some(8), "no function `in`"),
        ("", Some(0), "starts with `$`"),
    ] {
        let error = Query::parse(query).unwrap_err();
        assert_eq!(error.at, at, "{query}: {error:?}");
        let said = format!("{} {}", error.message, error.help.clone().unwrap_or_default());
        assert!(said.contains(words), "{query}: {said}");
    }
    for deep in ["(".repeat(10_000), "length(".repeat(10_000), "@[?".repeat(10_000)] {
        let error = Query::parse(&format!("$[?{deep}")).unwrap_err();
        assert!(error.message.contains("more than 10 deep"), "{error:?}");
    }
    for slow in ["length(".repeat(9) + "1 1" + &")".repeat(9), "!(".repeat(9) + "@.a @" + &")".repeat(9)] {
        let start = std::time::Instant::now();
        Query::parse(&format!("$[?{slow}]")).unwrap_err();
        println!("{slow}: {:?}", start.elapsed());
    }
    let error = Condition::parse("@.a == 1 &&").unwrap_err();
    assert_eq!(error.at, Some(11), "{error:?}");
    assert!(Condition::parse("@.a, @.b").is_err());
}
