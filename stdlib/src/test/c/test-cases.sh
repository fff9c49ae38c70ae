#!/bin/sh
# The lab's cases, each a trap of a union's diff, against the core as it was built.
cd "$(dirname "$0")/.." && exec lab/run-cases "$MICA_OUT/core-driver" cases/*.case
