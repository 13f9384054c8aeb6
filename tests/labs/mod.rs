//! Labs: a policy in the real system earns what it deserves, for the reason its lab teaches.

/// Saved policies, naive ones and those that hold.
mod policies;

/// The command line: what is refused, what is told, what is graded.
mod told;
