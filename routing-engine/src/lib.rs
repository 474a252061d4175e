//! The compiled snapshot, limits, number translation and the decision pipeline.
pub mod deck;
pub mod limits;
pub mod numbers;
pub mod problem;
pub mod resources;
