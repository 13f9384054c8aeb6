//! Where a panic inside a node happened.
//!
//! The unwinding payload has a message but no place; only the panic hook sees both. One hook is
//! installed for the process; on a thread that runs a simulated task it keeps message and place for
//! the finding, elsewhere it does what the former hook did.

use std::cell::{Cell, RefCell};
use std::sync::Once;

/// A panic's message and its file, line and column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) message: String,
    pub(crate) place: String,
}

thread_local! {
    static INSIDE_TASK: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Caught>> = const { RefCell::new(None) };
}

/// Installs the hook, once per process.
pub(crate) fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !INSIDE_TASK.get() {
                former(info);
                return;
            }
            let message = info.payload_as_str().unwrap_or("(no message)").to_owned();
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            CAUGHT.replace(Some(Caught { message, place }));
        }));
    });
}

/// Says whether this thread runs a simulated task now; gives what was said before.
pub(crate) fn set_inside_task(inside: bool) -> bool {
    INSIDE_TASK.replace(inside)
}

/// The panic caught last on this thread.
pub(crate) fn take() -> Caught {
    CAUGHT.take().unwrap_or_default()
}
