//! The two spellings of a field of a protobuf message: its name, and the one that JSON has.
//! <https://protobuf.dev/programming-guides/json/#field-names>

/// The fields that a key stands for in camel case: `virtual_hosts` for `virtualHosts`, and
/// `prefix_64` for `prefix64`, which may be the name of a field as well.
pub(super) fn fields_of(key: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut names = Vec::new();
    if key.iter().any(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
        names = vec![snake_case(key, true), snake_case(key, false)];
        names.dedup();
    }
    // No field has a name that starts with an underscore.
    let is_meant = move |name: &Vec<u8>| name != key && name.first() != Some(&b'_') && is_camel_case_of(key, name);
    names.into_iter().filter(is_meant)
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
        false => is_camel_case_of(key, name.as_bytes()),
    }
}

fn is_camel_case_of(key: &[u8], name: &[u8]) -> bool {
    let mut letters = key.iter();
    let mut upper = false;
    for &byte in name {
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
    fn a_key_stands_for_the_field_that_it_spells() {
        for (field, key) in [
            ("virtual_hosts", "virtualHosts"),
            ("a_b_c", "aBC"),
            ("http2_options", "http2Options"),
            ("prefix_64", "prefix64"),
        ] {
            assert!(fields_of(key.as_bytes()).any(|name| name == field.as_bytes()), "{key}");
            assert!(spells(key.as_bytes(), field) && spells(field.as_bytes(), field), "{key} is {field}");
        }
        for none in ["virtual_hosts", "name", "foo_Bar", "ISTIO_VERSION", ""] {
            assert_eq!(fields_of(none.as_bytes()).count(), 0, "{none}");
        }
        assert!(!spells(b"virtualHost", "virtual_hosts") && !spells(b"virtualhosts", "virtual_hosts"));
    }
}
