//! The long campaign of `make faults`, told by the environment how long and on what.
