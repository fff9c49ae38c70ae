#!/bin/sh
# The lab's random trees and unions. The seeds are always the same ones, so a failure can be run again;
# MICA_SEEDS says how many (make test: 63, with MICA_FULL=1 2,000), MICA_FIRST_SEED where to begin.
cd "$(dirname "$0")/.." && exec lab/run-seeds "$MICA_OUT/core-driver" --from "${MICA_FIRST_SEED:-1}" --count "${MICA_SEEDS:-40}" --jobs 2
