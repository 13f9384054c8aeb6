//! That something is going on, for a person at a terminal; nothing at all elsewhere. For work whose
//! end is not known: sweeps, which know theirs, have a bar ([`sweep::progress`](crate::sweep::progress)).

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on the error output.
pub struct Spinner(ProgressBar);

impl Spinner {
    /// A line that says what is done. It shows nothing unless the error output is a terminal.
    pub fn new(doing: &str) -> Spinner {
        let form = "{spinner} {prefix}: {msg} ({elapsed})";
        let style = ProgressStyle::with_template(form).expect("the template is well formed");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style);
        bar.set_prefix(doing.to_owned());
        Spinner(bar)
    }

    /// How far it is.
    pub fn tell(&self, message: &str) {
        self.0.set_message(message.to_owned());
        self.0.tick();
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
