//! Running the rules: inputs in, findings out. Same input, same output, whatever the number of
//! threads.

mod analysis;
mod causes;
mod load;
mod manifests;
mod run;
mod selection;
mod variants;
mod visit;

pub use analysis::{Analysis, Counts, InputKind, InputSummary, NotEvaluated};
pub use load::{Loaded, load};
pub use run::{Settings, run};
pub use selection::Selection;
pub use visit::{Piece, Visited, Wants, visit};
