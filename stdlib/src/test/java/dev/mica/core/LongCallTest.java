package dev.mica.core;

/** Calls that take a while: cancelled from another thread, and bounded in memory. */
class LongCallTest {}
