//! The two spellings of a field of a protobuf message: its name, and the one that JSON has.
//! <https://protobuf.dev/programming-guides/json/#field-names>

/// `virtual_hosts` as `virtualHosts`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut camel, word| {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel + letters.as_str()
    })
}

/// The names that a key in camel case may stand for, other than itself: `virtual_hosts` for
/// `virtualHosts`, and `prefix_64` for `prefix64`, which may be the name of a field as well.
pub(super) fn snake_cases(key: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let plain = snake_case(key, false);
    // No field has a name that starts with an underscore.
    [snake_case(key, true), plain].into_iter().filter(move |name| name != key && name.first() != Some(&b'_'))
}

fn snake_case(key: &[u8], with_numbers: bool) -> Vec<u8> {
    let mut name = Vec::with_capacity(key.len() + 4);
    let mut was_digit = false;
    for byte in key {
        let starts_number = byte.is_ascii_digit() && !was_digit;
        if byte.is_ascii_uppercase() || (with_numbers && starts_number) {
            name.push(b'_');
        }
        name.push(byte.to_ascii_lowercase());
        was_digit = byte.is_ascii_digit();
    }
    name
}

/// Whether a key is the name of a field in either spelling.
pub(super) fn spells(key: &[u8], name: &str) -> bool {
    match key.len() == name.len() {
        true => key == name.as_bytes(),
        false => is_camel_case_of(key, name),
    }
}

fn is_camel_case_of(key: &[u8], name: &str) -> bool {
    let mut letters = key.iter();
    let mut upper = false;
    for &byte in name.as_bytes() {
        if byte == b'_' {
            upper = true;
            continue;
        }
        let wanted = if upper { byte.to_ascii_uppercase() } else { byte };
        upper = false;
        if letters.next() != Some(&wanted) {
            return false;
        }
    }
    letters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_spelling_is_made_of_the_other() {
        for (snake, camel) in [
            ("virtual_hosts", "virtualHosts"),
            ("a_b_c", "aBC"),
            ("http2_options", "http2Options"),
            ("prefix_64", "prefix64"),
        ] {
            assert_eq!(camel_case(snake), camel);
            assert!(snake_cases(camel.as_bytes()).any(|name| name == snake.as_bytes()), "{camel}");
            assert!(spells(camel.as_bytes(), snake) && spells(snake.as_bytes(), snake), "{camel} is {snake}");
        }
        assert_eq!(camel_case("name"), "name");
        assert_eq!(snake_cases(b"virtual_hosts").count(), 0);
        assert!(!spells(b"virtualHost", "virtual_hosts") && !spells(b"virtualhosts", "virtual_hosts"));
    }
}
