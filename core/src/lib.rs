//! One reliability engine for AI agents. It decides; the host acts.
#![no_std]
