//! Which routes of a virtual host a path may meet, without asking each of thousands.

use crate::routing::Starts;

/// Virtual hosts with fewer routes are asked one by one.
const WORTH_IT: usize = 32;

/// The places of routes by what the paths that they take start with.
#[derive(Debug)]
pub(super) struct RouteIndex {
    count: usize,
    /// Nothing where there are few.
    starts: Option<Starts>,
}

impl RouteIndex {
    /// Indexes routes by their [starts](super::conditions::Conditions::path_start).
    pub(super) fn of<'a>(starts: impl ExactSizeIterator<Item = &'a str>) -> Self {
        let count = starts.len();
        if count < WORTH_IT {
            return Self { count, starts: None };
        }
        let mut index = Starts::default();
        starts.for_each(|start| index.push(start));
        Self { count, starts: Some(index) }
    }

    /// The places, in order, of all routes that a request with this path may meet, and perhaps of
    /// others.
    pub(super) fn places(&self, path: Option<&str>) -> Vec<usize> {
        let (Some(starts), Some(path)) = (&self.starts, path) else {
            return (0..self.count).collect();
        };
        let mut places: Vec<usize> = starts.of(path).flatten().copied().collect();
        places.sort_unstable();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_whose_start_fits_is_asked_in_order() {
        let starts: Vec<String> = (0..100)
            .map(|place| match place % 4 {
                0 => String::new(),
                1 => format!("/API/{place}"),
                2 => format!("/api/{}", place % 10),
                _ => "/é".to_owned(),
            })
            .collect();
        for count in [3, 100] {
            let starts = starts.get(..count).unwrap_or_default();
            let index = RouteIndex::of(starts.iter().map(String::as_str));
            for path in ["/", "/api/2", "/api/25/x", "/Api/1", "/é/x", "/\u{e9}", ""] {
                let found = index.places(Some(path));
                assert!(found.is_sorted());
                let lower = path.to_lowercase();
                for (place, start) in starts.iter().enumerate() {
                    let fits = lower.starts_with(&start.to_lowercase());
                    assert!(!fits || found.contains(&place), "{start} for {path}");
                }
            }
            assert_eq!(index.places(None).len(), count);
        }
    }
}
