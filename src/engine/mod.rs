//! Running the rules: inputs in, findings out. Same input, same output, whatever the number of
//! threads.

mod analysis;
mod baseline;
mod causes;
mod changed;
mod load;
mod manifests;
mod patched;
mod run;
mod selection;
mod suppress;
mod variants;
mod visit;
mod watch;

pub use analysis::{Analysis, Counts, InputKind, InputSummary, NotEvaluated, Suppressed};
pub use baseline::Baseline;
pub use changed::Changes;
pub use load::{Loaded, findings_of, load};
pub use run::{Settings, run};
pub use selection::Selection;
pub use suppress::{Directive, Scope, relative, rules_of};
pub use visit::{Piece, Visited, Wants, visit};
pub use watch::{Event, Watch};
