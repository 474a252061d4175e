//! The compiled snapshot, limits, number translation and the decision pipeline.
