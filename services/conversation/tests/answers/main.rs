//! Answers as their readers see them, on a real PostgreSQL and over several processes: streamed,
//! resumed, stopped, left, and cut off by a crash. Only the model is played.

mod asking_twice;
mod assistant;
mod citing;
mod conversations;
mod describing;
mod leaving;
mod looking_up;
mod mesh;
mod messages;
mod model;
mod providers;
mod remembering;
mod resuming;
mod stopping;
mod untrusted;
